import Foundation
import Objectives
import Tensors
import TestSupport
import Testing

@Suite("Members of the family", .computePool)
struct FamilyTests {
  let context = testContext(classes: 4)

  func make(_ name: String, _ settings: [String: SettingValue] = [:], _ context: ObjectiveContext? = nil) throws -> any Objective {
    try ObjectiveRegistry.make(name, settings: settings, context: context ?? self.context)
  }

  @Test("counts of zero are defined, missing and wrong ones are refused")
  func counts() throws {
    let batch = Batch.random(images: 2, rows: 16, classes: 3)
    for name in ObjectiveRegistry.names {
      let zeros = ObjectiveContext(classes: 3, pixelCounts: [0, 0, 0], imageCounts: [0, 0, 0], images: 0)
      let everywhere = ObjectiveContext(classes: 3, pixelCounts: [5, 0, 9], imageCounts: [1, 0, 1], images: 1)
      for context in [zeros, everywhere] {
        let outcome = try step([make(name, [:], context)], [batch])
        #expect(outcome.result.isFinite && outcome.gradient.allSatisfy(\.isFinite), "\(name)")
      }
    }
    for name in ["deferredReweighting", "ldam", "balancedSigmoid"] {
      let error = #expect(throws: LongtailError.self) { try make(name, [:], ObjectiveContext(classes: 3)) }
      #expect(error?.message.contains("was not counted") == true)
    }
    #expect(throws: LongtailError.self) {
      try make("balancedSigmoid", [:], ObjectiveContext(classes: 2, imageCounts: [5, 11], images: 10))
    }
  }

  @Test("values out of range and of the wrong kind are refused")
  func ranges() {
    let wrong: [(String, [String: SettingValue])] = [
      ("crossEntropy", ["adaptation": -1]), ("crossEntropy", ["adaptation": 79]), ("focal", ["adaptation": "many"]),
      ("ldam", ["scale": 0]), ("ldam", ["reweighting": "yes"]), ("deferredReweighting", ["fromEpoch": -1]), ("seesaw", ["p": -1]),
      ("ohem", ["threshold": 2]), ("ohem", ["minimumKept": -1]), ("ohem", ["denominator": "all"]), ("balancedSigmoid", ["background": 4]),
      ("eqlv2", ["background": "sky"]), ("eqlv2", ["gamma": -1]), ("dice", ["exponent": 1.5]), ("dice", ["extent": "rank"]),
      ("lovaszSoftmax", ["classes": "some"]), ("lovaszSoftmax", ["homogenization": "mean"]), ("logitAdjustment", ["form": "post"]),
      ("weightedSum", ["terms": 3]), ("weightedSum", ["terms": ""]), ("weightedSum", ["terms": "dice:x"]),
      ("weightedSum", ["terms": "dice:-1"]), ("weightedSum", ["terms": "dise:1"]), ("weightedSum", ["terms": "weightedSum:1"]),
      ("weightedSum", ["terms": ["dice": "much"]]), ("weightedSum", ["terms": [["weight": 1, "smooth": 2]]]),
      ("weightedSum", ["terms": [["name": "dice", "smoothness": 1]]]),
      ("weightedSum", ["statistic": "features", "homogenization": "mean"]),
    ]
    for (name, settings) in wrong {
      #expect(throws: LongtailError.self, "\(name) \(settings)") { try make(name, settings) }
    }
  }

  @Test("terms may be written in every form")
  func termForms() throws {
    let forms: [SettingValue] = [
      "dice:0.5,ohem:2", " dice : 0.5 , ohem: 2", ["dice:0.5", "ohem:2"], ["dice": 0.5, "ohem": 2], [["dice": 0.5], ["ohem": 2]],
      [["name": "dice", "weight": 0.5], ["name": "ohem", "weight": 2, "settings": ["threshold": 0.7]]],
      ["dice": ["weight": 0.5, "smooth": 1], "ohem": 2],
    ]
    let batch = Batch.random(images: 2, rows: 30, classes: 4)
    let expected = try step([make("weightedSum", ["terms": forms[0]])], [batch])
    let dice = try step([make("dice")], [batch])
    let mining = try step([make("ohem")], [batch])
    #expect(abs(expected.result.loss - 0.5 * dice.result.loss - 2 * mining.result.loss) < 1e-9)
    for i in dice.gradient.indices {
      #expect(abs(expected.gradient[i] - 0.5 * dice.gradient[i] - 2 * mining.gradient[i]) < 1e-7)
    }
    for form in forms.dropFirst() {
      let actual = try step([make("weightedSum", ["terms": form])], [batch])
      #expect(actual.gradient == expected.gradient && actual.result == expected.result, "\(form)")
    }
  }

  @Test("a sum of one term is the term, its homogenization too")
  func oneTerm() throws {
    let batch = Batch.random(images: 2, rows: 100, classes: 4)
    let alone = try step([make("pat")], [batch])
    let inside = try step([make("weightedSum", ["terms": "pat:1"])], [batch])
    let outside = try step([make("weightedSum", ["terms": "pcla:1", "homogenization": "rootMeanSquare"])], [batch])
    #expect(relativeError(inside.gradient, alone.gradient.map(Double.init)) < 1e-6)
    #expect(relativeError(outside.gradient, alone.gradient.map(Double.init)) < 1e-6)
    for sum in [outside, inside] {
      #expect(isClose(sum.result.scalePerClass, alone.result.scalePerClass, 1e-6))
      #expect(isClose(sum.result.gradientNormPerClass, alone.result.gradientNormPerClass, 1e-6))
    }
    // Two levels of homogenization: the sum acts on what the term has left, which is of one norm already.
    let both = try step([make("weightedSum", ["terms": "pat:1", "homogenization": "mean"])], [batch])
    #expect(isClose(both.result.scalePerClass, alone.result.scalePerClass, 1e-6))
    #expect(relativeError(both.gradient, alone.gradient.map(Double.init)) < 1e-6)
    #expect(abs(inside.result.scaledLoss - alone.result.scaledLoss) < 1e-9)
  }

  @Test("post-hoc adjustment shifts predictions and leaves the loss alone")
  func postHoc() throws {
    let context = ObjectiveContext(classes: 3, pixelCounts: [90, 10, 0])
    let objective = try make("logitAdjustment", ["form": "postHoc", "temperature": 0.5], context)
    let offsets = try #require(objective.predictionOffsets)
    #expect(isClose(offsets, [90.0, 10, 1].map { -0.5 * log($0 / 101) }, 1e-12))
    #expect(try make("weightedSum", ["terms": ["logitAdjustment": ["form": "postHoc"]]], context).predictionOffsets?.count == 3)
    #expect(try make("logitAdjustment", [:], context).predictionOffsets == nil)
    for layout in Layout.allCases {
      let view = layout.view(images: 1, rows: 9, classes: 3)
      view.numbers = (0..<9).flatMap { i -> [Float] in [Float(i) / 4, 0, -10] }
      try RowShifter().add(offsets, to: view)
      var predictions = Array(repeating: Int32(9), count: 9)
      try predictions.withUnsafeMutableBufferPointer { try RowPredictor().predictions(of: view, into: $0) }
      // Class 0 wins where z_0 exceeds 0.5 log 9 = 1.0986.
      #expect(predictions == (0..<9).map { Double($0) / 4 > 1.0986 ? 0 : 1 })
      #expect(throws: LongtailError.self) { try RowShifter().add([1], to: view) }
    }
  }

  @Test("OHEM keeps as many as it is asked for, over all ranks, and whole bins")
  func mining() throws {
    for i in 0..<2000 {
      let loss = exp(Float(i) * 0.02 - 14)
      let bin = OnlineHardExampleMining.Bins.index(loss)
      #expect(OnlineHardExampleMining.Bins.lowerEdge(bin) <= loss)
      #expect(bin == OnlineHardExampleMining.Bins.count - 1 || loss < OnlineHardExampleMining.Bins.lowerEdge(bin + 1))
    }
    // Losses log(1 + e^-a) that differ by more than a bin.
    let rows = 64
    let logits = (0..<rows).flatMap { i -> [Float] in [Float(i) * 0.1 - 3, 0] }
    let batch = Batch(images: 2, rows: rows / 2, classes: 2, logits: logits, labels: Array(repeating: 0, count: rows), samples: [0, 1])
    for (kept, expected) in [(0.25, 16), (5, 10), (0, 0), (1000, 64)] {
      let settings: [String: SettingValue] = ["threshold": 0, "minimumKept": .double(kept)]
      let outcome = try step([make("ohem", settings, ObjectiveContext(classes: 2))], [batch])
      #expect((0..<rows).filter { outcome.gradient[2 * $0] != 0 } == Array(0..<expected))
      #expect(outcome.result.validPixels == rows && outcome.result.isFinite)
      // The first image has all of the hard ones.
      let objectives = try [make("ohem", settings, ObjectiveContext(classes: 2)), make("ohem", settings, ObjectiveContext(classes: 2))]
      let split = try step(objectives, [batch[0..<1], batch[1..<2]])
      #expect(split.gradient == outcome.gradient)
    }
  }

  @Test("Lovász-softmax of a certain prediction is the Jaccard loss")
  func jaccard() throws {
    // Four pixels of class 0, two of class 1; one of each is mistaken: 3 of 5 and 1 of 3.
    let labels: [Int32] = [0, 0, 0, 0, 1, 1]
    let predicted: [Int] = [0, 0, 0, 1, 1, 0]
    let logits = predicted.flatMap { k -> [Float] in k == 0 ? [200, 0, 0] : [0, 200, 0] }
    let batch = Batch(images: 1, rows: 6, classes: 3, logits: logits, labels: labels, samples: [0])
    let present = try step([make("lovaszSoftmax", [:], ObjectiveContext(classes: 3))], [batch])
    let jaccard = 0.4 + 2.0 / 3.0
    #expect(abs(present.result.loss - jaccard / 2) < 1e-6)
    let all = try step([make("lovaszSoftmax", ["classes": "all"], ObjectiveContext(classes: 3))], [batch])
    #expect(abs(all.result.loss - jaccard / 3) < 1e-6)
  }

  @Test("Dice of the batch is the Dice of the split when it is only measured")
  func diceOfSplit() throws {
    let batch = Batch.random(images: 6, rows: 50, classes: 4)
    let expected = try step([make("dice", ["extent": "batch"])], [batch]).result.loss
    let objective = try make("dice", ["extent": "batch"])
    var sum = Array(repeating: 0.0, count: objective.packedCount)
    let context = StepContext(isTraining: false)
    for range in [0..<1, 1..<4, 4..<6] {
      let part = batch[range]
      let view = Layout.planes.view(images: part.images, rows: 50, classes: 4)
      view.numbers = part.logits
      var packed = sum
      try part.labels.withUnsafeBufferPointer {
        try objective.measure(
          round: 1, LabelledRows(logits: view, labels: $0), gradient: nil, earlier: PackedSums(), into: &packed, at: 0, step: context)
      }
      sum = zip(sum, packed).map(+)
    }
    #expect(try abs(objective.result(PackedSums(sum), step: context).loss - expected) < 1e-7)
  }

  @Test("a training step without the sums of its first round is refused")
  func missingRound() throws {
    for (name, settings) in [("seesaw", [:]), ("ohem", [:]), ("dice", ["extent": "batch"])] as [(String, [String: SettingValue])] {
      let objective = try make(name, settings)
      #expect(objective.rounds.count == 2)
      let view = Layout.planes.view(images: 1, rows: 4, classes: 4)
      var packed = Array(repeating: 0.0, count: objective.packedCount)
      #expect(throws: LongtailError.self) {
        try [Int32(0), 1, 2, 0].withUnsafeBufferPointer {
          try objective.measure(
            round: 1, LabelledRows(logits: view, labels: $0), gradient: view, earlier: PackedSums(), into: &packed, at: 0,
            step: StepContext())
        }
      }
      #expect(throws: LongtailError.self) { try objective.result(PackedSums(packed), step: StepContext()) }
      // Dice keeps nothing.
      if name != "dice" { #expect(throws: LongtailError.self) { try objective.commit(PackedSums(packed), step: StepContext()) } }
    }
  }

  @Test("limits give cross-entropy: focal 0, LDAM without margin, Seesaw without strength, OHEM that keeps all, DRW before its epoch")
  func limits() throws {
    let batch = Batch.random(images: 2, rows: 60, classes: 4)
    let expected = try step([make("crossEntropy")], [batch])
    let cases: [(String, [String: SettingValue])] = [
      ("focal", ["gamma": 0]), ("ldam", ["maximumMargin": 0, "scale": 1]), ("seesaw", ["p": 0, "q": 0]), ("ohem", ["minimumKept": 1e9]),
      ("deferredReweighting", ["fromEpoch": 3]), ("logitAdjustment", ["temperature": 0]), ("balancingLogitVariation", ["sigma": 0]),
      ("weightedSum", ["terms": "crossEntropy:1, dice:0"]),
    ]
    for (name, settings) in cases {
      let actual = try step([make(name, settings)], [batch])
      #expect(abs(actual.result.loss - expected.result.loss) < 1e-6, "\(name)")
      #expect(relativeError(actual.gradient, expected.gradient.map(Double.init)) < 1e-6, "\(name)")
    }
  }
}
