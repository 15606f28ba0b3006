import Objectives
import Tensors
import TestSupport
import Testing
import Threading

/// An objective with settings, as the common suite runs it.
struct Subject: Sendable, CustomStringConvertible {
  var name: String
  var settings: [String: SettingValue] = [:]
  /// Whether the completed gradient is the derivative of the loss with the class scales held fixed.
  var hasExactGradient = true

  /// Whether rows of the gradient add up to 0, as those of every function of softmax do.
  var isSoftmax: Bool { !(Subject.sigmoids + ["auc"]).contains { description.contains($0) } }
  /// The losses of sigmoids.
  static let sigmoids = ["sigmoid", "sigmoidFocal", "balancedSigmoid", "eql", "eqlv2", "federated"]
  /// Whether the loss is a sum over rows, so that class gradients can be brought to one norm.
  var hasHomogenization: Bool { !["dice", "lovaszSoftmax", "auc", "regionRebalance"].contains(name) }

  var description: String { settings.isEmpty ? name : "\(name) \(settings.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })" }

  func make(classes: Int) throws -> any Objective {
    try ObjectiveRegistry.make(name, settings: settings, context: testContext(classes: classes))
  }

  /// Every objective of the registry, and settings that change the way it computes.
  static let all =
    // Seesaw's factors count as constants, and so does OHEM's choice of pixels.
    ObjectiveRegistry.names.map { Subject(name: $0, hasExactGradient: $0 != "seesaw") } + [
      Subject(name: "pcla", settings: ["exponent": "classes", "reduction": "validPixelsTimesClasses"]),
      Subject(name: "pcla", settings: ["exponent": 3, "temperature": 0.5]),
      Subject(name: "pcla", settings: ["detachWeight": true], hasExactGradient: false),
      Subject(name: "crossEntropy", settings: ["homogenization": "mean"]),
      Subject(name: "pat", settings: ["homogenization": "rotograd", "maximumScale": 3]),
      Subject(name: "pat", settings: ["statistic": "features"]),
      Subject(name: "focal", settings: ["gamma": 0.5, "homogenization": "rootMeanSquare"]),
      Subject(name: "balancingLogitVariation", settings: ["form": "code", "sigma": 0.3]),
      Subject(name: "crossEntropy", settings: ["adaptation": 2, "homogenization": "rootMeanSquare"]),
      Subject(name: "focal", settings: ["gamma": 3, "adaptation": 1]),
      Subject(name: "ldam", settings: ["scale": 3, "reweighting": "deferred", "fromEpoch": 1, "adaptation": 1]),
      Subject(name: "deferredReweighting", settings: ["fromEpoch": 2, "homogenization": "rotograd"]),
      Subject(name: "seesaw", settings: ["q": 0, "adaptation": 1, "homogenization": "mean"]),
      Subject(name: "ohem", settings: ["threshold": 0, "minimumKept": 0.4, "homogenization": "rootMeanSquare"]),
      Subject(name: "ohem", settings: ["threshold": 0.3, "minimumKept": 2, "denominator": "valid", "adaptation": 1]),
      Subject(name: "balancedSigmoid", settings: ["frequency": "pixels", "background": 0, "homogenization": "mean"]),
      Subject(name: "balancedSigmoid", settings: ["homogenization": "rootMeanSquare", "statistic": "features"]),
      Subject(name: "balancedSigmoid", settings: ["priorOdds": "theory", "rows": "all", "frequency": "instances", "background": 1]),
      Subject(name: "eqlv2", settings: ["homogenization": "rootMeanSquare"]),
      Subject(name: "eql", settings: ["lambda": 0.85]),
      Subject(name: "federated", settings: ["classes": 2, "homogenization": "mean"]),
      Subject(name: "sigmoidFocal", settings: ["gamma": 0.5, "alpha": "none", "denominator": "rows", "balance": "instances"]),
      Subject(name: "crossEntropy", settings: ["background": 1, "homogenization": "rootMeanSquare"]),
      Subject(name: "pat", settings: ["background": 0]),
      Subject(name: "balancedSoftmax", settings: ["background": 1]),
      Subject(name: "crossEntropy", settings: ["weights": "medianFrequency", "homogenization": "maskSize"]),
      Subject(name: "crossEntropy", settings: ["weights": "effectiveNumber", "adaptation": 1]),
      Subject(name: "crossEntropy", settings: ["weights": "inverse", "labelSmoothing": 0.1, "homogenization": "rootMeanSquare"]),
      Subject(name: "crossEntropy", settings: ["labelSmoothing": 0.2, "homogenization": "mean", "statistic": "features"]),
      Subject(name: "crossEntropy", settings: ["weights": "enet"]),
      Subject(name: "crossEntropy", settings: ["background": 1, "labelSmoothing": 0.1, "homogenization": "maskSize"]),
      Subject(name: "pat", settings: ["homogenization": "maskSize", "maximumScale": 1e6]),
      Subject(name: "recall", settings: ["adaptation": 1, "homogenization": "rootMeanSquare"]),
      Subject(name: "auc", settings: ["margin": 0.3]),
      Subject(name: "regionRebalance", settings: ["temperature": 0]),
      Subject(name: "weightedSum", settings: ["terms": "crossEntropy:1, auc:2, regionRebalance:0.3, recall:0.5"]),
      Subject(name: "weightedSum", settings: ["terms": "recall:1, pcla:2", "homogenization": "maskSize"]),
      Subject(name: "dice", settings: ["extent": "batch"]),
      Subject(name: "dice", settings: ["extent": "batch", "classes": "present", "smooth": 0, "exponent": 1]),
      Subject(name: "dice", settings: ["classes": "present", "exponent": 1]),
      Subject(name: "lovaszSoftmax", settings: ["classes": "all"]),
      Subject(name: "weightedSum", settings: ["terms": "pcla:1, lovaszSoftmax:0.5, dice:0.5"]),
      Subject(name: "weightedSum", settings: ["terms": "pcla:1, focal:2, balancedSigmoid:0.1", "homogenization": "rootMeanSquare"]),
      // Classes of a region loss are columns, those that are scaled are rows.
      Subject(
        name: "weightedSum", settings: ["terms": "crossEntropy:1, dice:2", "homogenization": "mean"], hasExactGradient: false),
      Subject(
        name: "weightedSum", settings: ["terms": ["seesaw", ["name": "dice", "settings": ["extent": "batch"]], "eqlv2:0.1", "ohem:0.3"]],
        hasExactGradient: false),
      Subject(
        name: "weightedSum", settings: ["terms": ["pat": ["homogenization": "rotograd"], "dice": 0]], hasExactGradient: false),
    ]
}

@Suite("Every objective", .computePool)
struct CommonSuite {
  @Test("gives the same in every layout, for gradients in another layout too", arguments: Subject.all)
  func layouts(_ subject: Subject) throws {
    for (rows, classes) in [(37, 11), (16, 16), (5, 3), (1, 8)] {
      let batch = Batch.random(images: 3, rows: rows, classes: classes)
      let expected = try step([subject.make(classes: classes)], [batch])
      for layout in Layout.allCases {
        for gradientLayout in [layout, .channelsLast, .blocks16] {
          let actual = try step([subject.make(classes: classes)], [batch], layout: layout, gradientLayout: gradientLayout)
          #expect(actual.packed == expected.packed, "\(layout) \(gradientLayout)")
          #expect(actual.gradient == expected.gradient, "\(layout) \(gradientLayout)")
        }
      }
    }
  }

  @Test("does not depend on how the images are split over ranks", arguments: Subject.all)
  func ranks(_ subject: Subject) throws {
    var batch = Batch.random(images: 7, rows: 300, classes: 6)
    // The last class is on the last image only.
    for i in batch.labels.indices where i < 6 * 300 && batch.labels[i] == 5 { batch.labels[i] = 4 }
    batch.labels[6 * 300] = 5
    let one = try step([subject.make(classes: 6)], [batch])
    #expect(one.result.isFinite && one.result.pixelsPerClass[5] > 0)
    for cuts in [[0, 3, 7], [0, 0, 7], [0, 1, 1, 4, 7]] {
      let parts = zip(cuts, cuts.dropFirst()).map { batch[$0..<$1] }
      let split = try step(parts.map { _ in try subject.make(classes: 6) }, parts)
      #expect(abs(split.result.loss - one.result.loss) <= 1e-9 * abs(one.result.loss))
      #expect(isClose(split.result.factorPerClass, one.result.factorPerClass, 1e-9))
      #expect(isClose(split.result.gradientNormPerClass, one.result.gradientNormPerClass, 1e-9))
      #expect(split.result.pixelsPerClass == one.result.pixelsPerClass)
      #expect(relativeError(split.gradient, one.gradient.map(Double.init)) < 1e-6)
    }
  }

  @Test("its gradient is the derivative of the scaled loss", arguments: Subject.all.filter(\.hasExactGradient))
  func finiteDifferences(_ subject: Subject) throws {
    let classes = 5
    let batch = Batch.random(images: 1, rows: 9, classes: classes, seed: 4)
    for layout in Layout.allCases {
      let base = try step([subject.make(classes: classes)], [batch], layout: layout)
      // The scales are held at their values.
      func value(_ outcome: Outcome) -> Double {
        zip(base.result.scalePerClass, outcome.result.lossPerClass).reduce(0) { $0 + $1.0 * $1.1 }
      }
      #expect(abs(value(base) - base.result.scaledLoss) < 1e-9 * max(1, abs(base.result.scaledLoss)))
      var numeric = [Double]()
      // Where pixels are sorted, a wide step would meet another order.
      let h: Float = subject.description.contains("lovasz") ? 1 / 1024 : 1 / 64
      for i in batch.logits.indices {
        var up = batch
        var down = batch
        up.logits[i] += h
        down.logits[i] -= h
        let above = try value(step([subject.make(classes: classes)], [up], layout: layout))
        let below = try value(step([subject.make(classes: classes)], [down], layout: layout))
        numeric.append((above - below) / Double(up.logits[i] - down.logits[i]))
      }
      #expect(relativeError(base.gradient, numeric) < 2e-3, "\(layout)")
    }
  }

  @Test("gives exact zeros without a valid pixel, and with no pixel at all", arguments: Subject.all)
  func nothingValid(_ subject: Subject) throws {
    var batch = Batch.random(images: 2, rows: 21, classes: 4)
    batch.labels = batch.labels.map { _ in -1 }
    batch.logits[7] = .nan
    batch.logits[30] = .infinity
    for parts in [[batch], [batch[0..<0]]] {
      let outcome = try step([subject.make(classes: 4)], parts)
      #expect(outcome.result.loss == 0 && outcome.result.scaledLoss == 0 && outcome.result.isFinite)
      #expect(outcome.result.validPixels == 0)
      #expect(outcome.gradient.allSatisfy { $0 == 0 })
      #expect(outcome.packed.allSatisfy { $0 == 0 })
    }
  }

  @Test("reports numbers that are not finite, and clears the gradient's factors", arguments: Subject.all)
  func notFinite(_ subject: Subject) throws {
    for bad in [Float.nan, .infinity] {
      for position in [0, 3, 4 * 18 + 1] {
        var batch = Batch.random(images: 1, rows: 19, classes: 4)
        batch.logits[position] = bad
        batch.labels[position / 4] = 2
        let outcome = try step([subject.make(classes: 4)], [batch])
        #expect(!outcome.result.isFinite && outcome.result.loss.isNaN)
        #expect(outcome.gradient.allSatisfy { $0 == 0 })
      }
    }
  }

  @Test("runs with 1, 2 and 150 classes", arguments: Subject.all)
  func classCounts(_ subject: Subject) throws {
    for classes in [1, 2, 150] {
      if classes == 1 && subject.settings["background"] != nil { continue }
      if classes == 150 && subject.settings["exponent"] == "classes" {
        #expect(throws: LongtailError.self) { try subject.make(classes: 150) }
        continue
      }
      let batch = Batch.random(images: 2, rows: 40, classes: classes)
      let planes = try step([subject.make(classes: classes)], [batch])
      #expect(planes.result.isFinite && planes.result.validPixels == batch.labels.filter { $0 >= 0 }.count)
      if classes == 1 && subject.isSoftmax { #expect(abs(planes.result.loss) < 1e-12 && planes.gradient.allSatisfy { $0 == 0 }) }
      let blocks = try step([subject.make(classes: classes)], [batch], layout: .blocks16)
      #expect(blocks.gradient == planes.gradient)
      guard subject.isSoftmax else { continue }
      // The gradient of every softmax loss adds up to 0 over the classes.
      for row in 0..<80 {
        let sum = planes.gradient[(row * classes)..<((row + 1) * classes)].reduce(0, +)
        #expect(abs(sum) < 1e-5 * (planes.gradient.map(abs).max() ?? 0) + 1e-12)
      }
    }
  }

  @Test("survives huge logits", arguments: Subject.all)
  func hugeLogits(_ subject: Subject) throws {
    var batch = Batch.random(images: 1, rows: 24, classes: 4)
    batch.logits = batch.logits.map { $0 * 1e4 }
    let outcome = try step([subject.make(classes: 4)], [batch])
    #expect(outcome.result.isFinite && outcome.gradient.allSatisfy(\.isFinite))
  }

  @Test("keeps ignored rows and block padding at zero and touches nothing else", arguments: Subject.all)
  func ignoredRows(_ subject: Subject) throws {
    let batch = Batch.random(images: 2, rows: 30, classes: 11)
    for layout in Layout.allCases {
      let view = layout.view(images: 2, rows: 30, classes: 11)
      let gradient = layout.view(images: 2, rows: 30, classes: 11)
      view.numbers = batch.logits
      let objective = try subject.make(classes: 11)
      let gram = try objective.needsClassifierGram ? testGram(classes: 11) : nil
      try batch.withRows(view, gram: gram) { rows in
        let (result, _) = try allRounds(objective, rows, gradient: gradient, StepContext())
        try objective.complete(gradient: gradient, rows, result: result)
      }
      #expect(view.numbers == batch.logits)
      let rows = gradient.numbers
      for (row, label) in batch.labels.enumerated() where label < 0 {
        #expect(rows[(row * 11)..<(row * 11 + 11)].allSatisfy { $0 == 0 })
      }
      let padding = [.blocks4: 1, .blocks8: 5, .blocks16: 5][layout] ?? 0
      #expect(gradient.foreignNumbers.filter { $0 == 0 }.count == padding * 60)
      #expect(gradient.foreignNumbers.allSatisfy { $0 == 0 || $0 == 12345 })
    }
  }

  @Test("refuses labels that are no class, views that do not fit and unknown settings", arguments: Subject.all)
  func refusals(_ subject: Subject) throws {
    var batch = Batch.random(images: 2, rows: 30, classes: 4)
    batch.labels[41] = 4
    let error = #expect(throws: LongtailError.self) { try step([subject.make(classes: 4)], [batch]) }
    #expect(error?.code == .badData)
    #expect(error?.message.contains("label 4 at image 1 of this rank's batch, pixel 11") == true)
    #expect(throws: LongtailError.self) { try step([subject.make(classes: 5)], [Batch.random(images: 1, rows: 5, classes: 4)]) }
    var typo = subject
    typo.settings["homogenisation"] = "mean"
    let unknown = #expect(throws: LongtailError.self) { try typo.make(classes: 4) }
    #expect(unknown?.description.contains(subject.hasHomogenization ? "homogenization" : "no setting 'homogenisation'") == true)
  }

  @Test("takes rows of single images, as classification does", arguments: Subject.all)
  func classification(_ subject: Subject) throws {
    var batch = Batch.random(images: 45, rows: 1, classes: 6)
    batch.samples = Array(0..<45)
    let expected = try step([subject.make(classes: 6)], [batch], layout: .channelsLast)
    let one = try step([subject.make(classes: 6), subject.make(classes: 6)], [batch[0..<20], batch[20..<45]])
    // Rows meet other neighbours here, with which they are added up in float32.
    #expect(abs(expected.result.loss - one.result.loss) <= 1e-8 * abs(one.result.loss))
    #expect(relativeError(one.gradient, expected.gradient.map(Double.init)) < 1e-6)
  }

  @Test("measures alike without a gradient, and keeps its state when not training", arguments: Subject.all)
  func evaluation(_ subject: Subject) throws {
    let batch = Batch.random(images: 2, rows: 30, classes: 4)
    let objective = try subject.make(classes: 4)
    let before = objective.state
    let (_, packed) = try evaluate(objective, batch)
    try objective.commit(PackedSums(packed), step: StepContext(epoch: 2, isTraining: false))
    #expect(objective.state == before)
    // What a training step sums first, evaluation goes without.
    if objective.rounds.count == 1 {
      let trained = try step([subject.make(classes: 4)], [batch]).packed
      #expect(packed == trained)
    }
    #expect(packed.allSatisfy { $0.isFinite })
    try objective.restore(state: before)
    #expect(throws: LongtailError.self) { try objective.restore(state: ["nonsense": [1]]) }
  }
}

@Suite("Threads", .computePool)
struct ThreadSuite {
  @Test("sums and gradients do not depend on the number of threads")
  func threads() throws {
    let batch = Batch.random(images: 2, rows: 5000, classes: 5)
    for subject in Subject.all {
      ComputePool.configure(threadCount: 1)
      let one = try step([subject.make(classes: 5)], [batch])
      ComputePool.configure(threadCount: 3)
      let three = try step([subject.make(classes: 5)], [batch])
      ComputePool.configure(threadCount: 1)
      #expect(one.packed == three.packed && one.gradient == three.gradient, "\(subject)")
    }
  }
}
