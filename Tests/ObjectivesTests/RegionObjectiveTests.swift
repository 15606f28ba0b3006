import Foundation
import Tensors
import TestSupport
import Testing

@testable import Objectives

/// Objectives by name over the rows of a detector: columns, labels, what is told, what is refused.
@Suite(.serialized, .computePool) struct RegionObjectiveTests {
  private static let classes = 4
  private static let labels: [Int32] = [0, 3, RowLabel.background, 1, RowLabel.ignored, RowLabel.background, 2, 0, 3, RowLabel.background]
  private static let context = ObjectiveContext(
    classes: classes, pixelCounts: [500, 100, 20, 5], imageCounts: [90, 60, 18, 5], images: 100, seed: 7)
  static let names = [
    "sigmoid", "balancedSigmoid", "eql", "federated", "sigmoidFocal", "eqlv2", "crossEntropy", "balancedSoftmax", "logitAdjustment", "pcla",
    "pat", "seesaw",
  ]

  private static func logits(_ columns: Int) -> [Float] {
    let random = CounterRandom(seed: 11, purpose: .testing)
    return (0..<labels.count * columns).map { Float(random.uniform($0, in: -2...2)) }
  }

  /// Value, gradient and result of one step.
  private func step(_ objective: RegionObjective, _ logits: [Float]) throws -> (result: StepResult, gradient: [Float], sums: PackedSums) {
    let columns = objective.form.columns(classes: Self.classes)
    let (values, gradient) = (HostBuffer(floatCount: logits.count), HostBuffer(floatCount: logits.count))
    values.withFloats { for (place, value) in logits.enumerated() { $0[place] = value } }
    func view(_ buffer: HostBuffer) -> RowsView {
      .channelsLast(buffer: buffer, images: Self.labels.count, rowsPerImage: 1, classes: columns)
    }
    let step = StepContext(step: 5)
    return try Self.labels.withUnsafeBufferPointer { labels in
      let rows = LabelledRows(logits: view(values), labels: labels)
      var sums = PackedSums()
      for (round, count) in objective.rounds.enumerated() {
        var packed = [Double](repeating: 0, count: count)
        let target = round == objective.rounds.count - 1 ? view(gradient) : nil
        try objective.measure(round: round, rows, gradient: target, earlier: sums, into: &packed, at: 0, step: step)
        sums.append(packed[...])
      }
      let result = try objective.result(sums, step: step)
      try objective.complete(gradient: view(gradient), rows, result: result)
      return (result, gradient.withFloats { Array($0.prefix(logits.count)) }, sums)
    }
  }

  @Test(arguments: names) func gradientsAreThoseOfTheValue(name: String) throws {
    // Scales of homogenization and Seesaw's factors are constants of the gradient: both are switched off here, their goldens stand elsewhere.
    let settings: [String: SettingValue] = name == "pat" ? ["homogenization": "none"] : name == "seesaw" ? ["p": 0, "q": 0] : [:]
    let objective = try RegionObjective.make(name, settings: settings, context: Self.context)
    let columns = objective.form.columns(classes: Self.classes)
    let logits = Self.logits(columns)
    let (result, gradient, _) = try step(objective, logits)
    #expect(result.pixelsPerClass == [2, 1, 1, 2] && result.validPixels == 9, "\(result)")
    #expect(result.lossPerClass.count == Self.classes && result.gradientNormPerClass.count == Self.classes)
    let background = try #require(result.background)
    #expect(background.rows == 3 && background.loss > 0)
    #expect(abs(result.lossPerClass.reduce(background.loss, +) - result.loss) < 1e-6 * result.loss)
    for place in logits.indices {
      var (up, down) = (logits, logits)
      up[place] += 0.01
      down[place] -= 0.01
      let slope = (try step(objective, up).result.loss - step(objective, down).result.loss) / (Double(up[place]) - Double(down[place]))
      #expect(abs(slope - Double(gradient[place])) < 2e-4, "\(name), number \(place): \(slope), \(gradient[place])")
    }
    // Ignored rows have no gradient.
    #expect(gradient[4 * columns..<5 * columns].allSatisfy { $0 == 0 })
  }

  /// torchvision's softmax has background in front: labels are moved by one, and told without it.
  @Test func aSoftmaxHasBackgroundInFront() throws {
    let objective = try RegionObjective.make("crossEntropy", context: Self.context)
    #expect(objective.form == .softmax && objective.form.columns(classes: 4) == 5 && objective.name == "crossEntropy")
    let logits = Self.logits(5)
    var loss = 0.0
    for (row, label) in Self.labels.enumerated() where label >= 0 {
      let z = (0..<5).map { Double(logits[5 * row + $0]) }
      let top = z.max() ?? 0
      let column = label == RowLabel.background ? 0 : Int(label) + 1
      loss += log(z.reduce(0) { $0 + exp($1 - top) }) + top - z[column]
    }
    #expect(abs(try step(objective, logits).result.loss - loss / 9) < 1e-6)
    #expect(RegionForm.sigmoidWithBackground.background(classes: 4) == 4 && RegionForm.softmaxWithObjectness.columns(classes: 4) == 6)
  }

  /// Rows of background keep their logits; odds are counted by instances where there are few classes.
  @Test func balancedSigmoidCountsInstances() throws {
    let own = try RegionObjective.make("balancedSigmoid", context: Self.context)
    let instances = try RegionObjective.make("balancedSigmoid", settings: ["frequency": "instances"], context: Self.context)
    let images = try RegionObjective.make("balancedSigmoid", settings: ["frequency": "images"], context: Self.context)
    let logits = Self.logits(4)
    let (first, second) = (try step(own, logits), try step(instances, logits))
    #expect(first.result == second.result && first.gradient == second.gradient)
    let third = try step(images, logits)
    #expect(third.result.loss != first.result.loss && third.result.background == first.result.background)
    var many = ObjectiveContext(
      classes: 60, pixelCounts: Array(repeating: 5, count: 60), imageCounts: Array(repeating: 3, count: 60), images: 50)
    many.seed = 1
    #expect(try RegionObjective.make("balancedSigmoid", context: many).rounds.count == 1)
  }

  /// PAT brings the classes of the step to one norm, twentyfold at the most, and leaves background alone.
  @Test func adaptiveTrainingScalesClassesAlone() throws {
    let objective = try RegionObjective.make("pat", context: Self.context)
    let plain = try RegionObjective.make("pcla", context: Self.context)
    let logits = Self.logits(5)
    let (own, other) = (try step(objective, logits), try step(plain, logits))
    #expect(own.result.scalePerClass.count == 4 && own.result.scalePerClass.contains { $0 != 1 })
    #expect(own.result.scalePerClass.allSatisfy { $0 <= 20 })
    for (row, label) in Self.labels.enumerated() {
      let scale = label == RowLabel.background || label < 0 ? 1 : own.result.scalePerClass[Int(label)]
      for k in 0..<5 {
        let expected = Float(scale) * other.gradient[5 * row + k]
        #expect(abs(own.gradient[5 * row + k] - expected) <= 1e-5 + 1e-4 * abs(expected), "row \(row), column \(k)")
      }
    }
    let norms = zip(own.result.scalePerClass, own.result.gradientNormPerClass).map { $0 * $1 }
    #expect(norms.allSatisfy { abs($0 - norms[0]) < 1e-6 * norms[0] })
  }

  @Test func whatHasNoFormIsRefused() throws {
    #expect(longtailError { try RegionObjective.make("dice", context: Self.context) }?.message.contains("background") == true)
    #expect(longtailError { try RegionObjective.make("crossEntropie", context: Self.context) }?.advice?.contains("crossEntropy") == true)
    #expect(longtailError { try RegionObjective.make("sigmoid", settings: ["background": 1], context: Self.context) } != nil)
    #expect(longtailError { try RegionObjective.make("pat", settings: ["statistic": "features"], context: Self.context) } != nil)
    #expect(longtailError { try RegionObjective.make("seesaw", settings: ["adaptation": 1], context: Self.context) } != nil)
    #expect(longtailError { try RegionObjective.make("eqlv2", settings: ["gama": 1], context: Self.context) } != nil)
  }

  /// What EQLv2 and Seesaw remember is handed through, under its own names.
  @Test(arguments: [("eqlv2", "eqlv2.positiveGradients"), ("seesaw", "seesaw.counts")]) func statesAreHandedThrough(
    name: String, leaf: String
  ) throws {
    let objective = try RegionObjective.make(name, context: Self.context)
    let (_, _, sums) = try step(objective, Self.logits(objective.form.columns(classes: 4)))
    #expect(objective.state[leaf]?.allSatisfy { $0 == 0 } == true)
    try objective.commit(sums, step: StepContext(step: 5))
    #expect(objective.state[leaf]?.contains { $0 > 0 } == true)
    let other = try RegionObjective.make(name, context: Self.context)
    try other.restore(state: objective.state)
    #expect(other.state == objective.state)
  }
}
