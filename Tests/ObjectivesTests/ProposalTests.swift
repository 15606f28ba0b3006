import Foundation
import Tensors
import TestSupport
import Testing

@testable import Objectives

/// All numbers of nested lists, in order.
private func flat(_ value: Any?) -> [Double] {
  if let list = value as? [Any] { return list.flatMap { flat($0) } }
  return [(value as? NSNumber)?.doubleValue ?? .nan]
}

private func expectClose(
  _ a: [Double], _ b: [Double], _ tolerance: Double, _ hint: String = "", at place: SourceLocation = #_sourceLocation
) {
  guard a.count == b.count else {
    Issue.record("\(hint): \(a.count) numbers, expected \(b.count)", sourceLocation: place)
    return
  }
  let worst = zip(a, b).map { abs($0 - $1) }.map { $0.isNaN ? .infinity : $0 }.max() ?? 0
  #expect(worst <= tolerance, "\(hint): differs by \(worst)", sourceLocation: place)
}

@Suite("Rows of proposals", .computePool)
struct ProposalTests {
  /// Losses whose values are checked here.
  static let covered = ["sigmoid", "sigmoidFocal", "eql", "federated"]

  private func check(
    _ name: String, _ settings: [String: SettingValue], _ values: ProposalValues, _ key: String
  ) throws {
    let objective = try ObjectiveRegistry.make(name, settings: settings, context: values.context)
    let outcome = try step([objective], [values.batch(flat(values.values["logits"]), columns: values.classes)])
    let part = try values.part(key)
    expectClose([outcome.result.loss], flat(part["loss"]), 2e-6, "\(key) loss")
    if let gradient = part["gradient"] { expectClose(outcome.gradient.map(Double.init), flat(gradient), 1e-6, "\(key) gradient") }
  }

  @Test(arguments: ProposalValues.all) func sigmoids(_ values: ProposalValues) throws {
    try check("sigmoid", [:], values, "sigmoid")
    try check("balancedSigmoid", [:], values, "balanced_sigmoid")
    try check("balancedSigmoid", ["priorOdds": "theory"], values, "balanced_sigmoid_with_prior_1_over_C_minus_1")
    try check("balancedSigmoid", ["rows": "all"], values, "balanced_sigmoid_on_all_rows")
    if values.values["equalization"] != nil { try check("eql", ["lambda": 0.1], values, "equalization") }
    for (key, prior) in [("prior_bias_0.001", 0.001), ("prior_bias_0.01", 0.01)] where values.values[key] != nil {
      expectClose([-log((1 - prior) / prior)], flat(values.values[key]), 1e-9)
    }
  }

  /// Shifting all rows is plain training with another bias.
  @Test func shiftOfAllRowsIsABias() throws {
    let values = try #require(ProposalValues.all.first)
    let logits = flat(values.values["logits"])
    let context = values.context
    let counts = try #require(context.imageCounts).map(Double.init)
    let shift = BalancedSigmoid.offsets(counts: counts, total: 1_000_000)
    let moved = logits.enumerated().map { $1 + shift[$0 % values.classes] }
    let one = try step(
      [ObjectiveRegistry.make("balancedSigmoid", settings: ["rows": "all"], context: context)],
      [values.batch(logits, columns: values.classes)])
    let other = try step([ObjectiveRegistry.make("sigmoid", context: context)], [values.batch(moved, columns: values.classes)])
    expectClose([one.result.loss], [other.result.loss], 1e-6)
    expectClose(one.gradient.map(Double.init), other.gradient.map(Double.init), 1e-6)
  }

  @Test(arguments: ProposalValues.all) func federated(_ values: ProposalValues) throws {
    let part = try values.part("federated")
    let mask = flat(part["class_mask"])
    let base = SigmoidObjective(
      name: "sigmoid", classes: values.classes, offsets: Array(repeating: 0, count: values.classes), background: nil, homogenization: nil)
    let batch = try values.batch(flat(values.values["logits"]), columns: values.classes)
    let view = Layout.planes.view(images: 1, rows: batch.rows, classes: values.classes)
    let gradient = Layout.planes.view(images: 1, rows: batch.rows, classes: values.classes)
    view.numbers = batch.logits
    var packed = [Double](repeating: 0, count: base.packedCount)
    try batch.withRows(view) { rows in
      try base.measure(rows, gradient: gradient, into: &packed, at: 0, columns: mask)
      let result = try base.result(PackedSums(packed), step: StepContext())
      try base.complete(gradient: gradient, rows, result: result)
      expectClose([result.loss], flat(part["loss"]), 2e-6)
    }
    expectClose(gradient.numbers.map(Double.init), flat(part["gradient"]), 1e-6)
  }

  /// The classes of the rows always take part; others are drawn in proportion to their odds, the same on all ranks and in every repetition.
  @Test func federatedDraws() throws {
    let counts: [Int64] = [400, 100, 100, 25, 25, 4, 4, 1, 0, 0]
    let context = ObjectiveContext(classes: 10, imageCounts: counts, images: 500, seed: 9)
    let objective = try #require(try ObjectiveRegistry.make("federated", settings: ["classes": 4], context: context) as? FederatedObjective)
    var rows = [Double](repeating: 0, count: 11)
    (rows[7], rows[10]) = (3, 90)
    var drawn = [Double](repeating: 0, count: 10)
    for step in 0..<3000 {
      let columns = objective.columns(counts: rows, step: step)
      #expect(columns == objective.columns(counts: rows, step: step))
      // Background counts as one of the four.
      #expect(columns[7] == 1 && columns.reduce(0, +) == 3 && columns[8] == 0 && columns[9] == 0)
      drawn = zip(drawn, columns).map(+)
    }
    // Two are drawn without replacement by odds 20, 10, 10, 5, 5, 2, 2.
    let odds: [Double] = [20, 10, 10, 5, 5, 2, 2]
    let sum = odds.reduce(0, +)
    for k in odds.indices {
      var expected = odds[k] / sum
      for j in odds.indices where j != k { expected += odds[j] / sum * odds[k] / (sum - odds[j]) }
      #expect(abs(drawn[k] / 3000 - expected) < 0.035, "\(k): \(drawn[k] / 3000), expected \(expected)")
    }
    for k in 0..<10 { rows[k] = 1 }
    #expect(objective.columns(counts: rows, step: 0) == [Double](repeating: 1, count: 10))
  }

  @Test(arguments: ProposalValues.all) func softmaxWithBackground(_ values: ProposalValues) throws {
    let part = try values.part("balanced_softmax_background_shift_0")
    let logits = flat(part["logits_with_background_last"])
    let columns = values.classes + 1
    // The count of background is whatever it is: 7777 here.
    let counts = flat(part["counts"]).map { Int64($0) } + [7777]
    let context = ObjectiveContext(classes: columns, pixelCounts: counts)
    let settings: [String: SettingValue] = ["background": .int(values.classes)]
    let balanced = try ObjectiveRegistry.make("balancedSoftmax", settings: settings, context: context)
    let outcome = try step([balanced], [values.batch(logits, columns: columns)])
    expectClose([outcome.result.loss], flat(part["loss"]), 2e-6)
    expectClose(outcome.gradient.map(Double.init), flat(part["gradient"]), 1e-6)
    let plain = try ObjectiveRegistry.make("crossEntropy", settings: settings, context: context)
    let softmax = try step([plain], [values.batch(logits, columns: columns)])
    expectClose([softmax.result.loss], flat(try values.part("softmax")["loss"]), 2e-6)
    // The column may also be named by its number.
    let byNumber = try step([plain], [values.batch(logits, columns: columns, background: Int32(values.classes))])
    #expect(byNumber.gradient == softmax.gradient)
    #expect(throws: LongtailError.self) {
      try step([ObjectiveRegistry.make("crossEntropy", context: context)], [values.batch(logits, columns: columns)])
    }
  }

  @Test("adaptation of rows leaves background out of what is equalized", arguments: ProposalValues.all)
  func adaptation(_ values: ProposalValues) throws {
    let logits = flat(try values.part("balanced_softmax_background_shift_0")["logits_with_background_last"])
    let columns = values.classes + 1
    let batch = try values.batch(logits, columns: columns)
    let context = ObjectiveContext(classes: columns)
    let settings: [String: SettingValue] = ["background": .int(values.classes)]
    let base = try step([ObjectiveRegistry.make("pcla", settings: settings, context: context)], [batch])
    let outcome = try step([ObjectiveRegistry.make("pat", settings: settings, context: context)], [batch])
    let norms = base.result.gradientNormPerClass.prefix(values.classes).filter { $0 > 0 }
    #expect(norms.count >= 3 && base.result.gradientNormPerClass[values.classes] > 0)
    let common = (norms.map { $0 * $0 }.reduce(0, +) / Double(norms.count)).squareRoot()
    for k in 0..<columns {
      let norm = base.result.gradientNormPerClass[k]
      let scale = k == values.classes ? 1 : norm > 0 ? min(20, common / norm) : 0
      #expect(abs(outcome.result.scalePerClass[k] - scale) < 1e-9 * max(1, scale), "\(k)")
      for (row, label) in batch.labels.enumerated() where (label == RowLabel.background ? values.classes : Int(label)) == k {
        let own = row * columns..<(row + 1) * columns
        expectClose(outcome.gradient[own].map(Double.init), base.gradient[own].map { Double($0) * scale }, 1e-6)
      }
    }
  }

  @Test(arguments: ProposalValues.all) func equalizationOfTwo(_ values: ProposalValues) throws {
    let steps = try #require(try values.part("eqlv2")["steps"] as? [[String: Any]])
    let logits = flat(try values.part("balanced_softmax_background_shift_0")["logits_with_background_last"])
    let objective = try ObjectiveRegistry.make(
      "eqlv2", settings: ["background": .int(values.classes)], context: ObjectiveContext(classes: values.classes + 1))
    for (number, part) in steps.enumerated() {
      let outcome = try step([objective], [values.batch(logits, columns: values.classes + 1)])
      expectClose([outcome.result.loss], flat(part["loss"]), 4e-6, "step \(number)")
      expectClose(outcome.gradient.map(Double.init), flat(part["gradient"]), 2e-6, "step \(number)")
      let state = try #require(part["state_after"] as? [String: Any])
      for (key, name) in [("pos", "eqlv2.positiveGradients"), ("neg", "eqlv2.negativeGradients")] {
        expectClose(Array(try #require(objective.state[name]).prefix(values.classes)), flat(state[key]), 1e-5, key)
      }
    }
  }

  @Test(arguments: ProposalValues.all) func seesaw(_ values: ProposalValues) throws {
    let part = try values.part("seesaw")
    let classes = values.classes
    let pairs = flat(part["objectness_logits_object_background"])
    let logits = flat(values.values["logits"])
    let rows = pairs.count / 2
    var wide: [Double] = []
    for row in 0..<rows {
      wide += logits[(row * classes)..<((row + 1) * classes)]
      wide += pairs[(2 * row)..<(2 * row + 2)]
    }
    let batch = try values.batch(wide, columns: classes + 2)
    let after = flat(part["cumulative_counts_this_step_included"])
    var before = after
    for label in batch.labels where label >= 0 && label != RowLabel.background { before[Int(label)] -= 1 }
    for layout in Layout.allCases {
      let objective = SeesawRegionObjective(classes: classes)
      try objective.restore(state: ["seesaw.counts": before])
      let outcome = try step([objective], [batch], layout: layout)
      let (own, objectness) = try objective.parts(outcome.sums, step: StepContext())
      expectClose([own], flat(part["class_loss"]), 2e-6)
      expectClose([objectness], flat(part["objectness_loss"]), 1e-6)
      expectClose([outcome.result.loss], [own + objectness], 1e-9)
      var gradient: [Double] = []
      var rest = flat(part["class_gradient_on_foreground_rows"])[...]
      let byObject = flat(part["objectness_gradient"])
      for (row, label) in batch.labels.enumerated() {
        if label == RowLabel.background {
          gradient += [Double](repeating: 0, count: classes)
        } else {
          gradient += rest.prefix(classes)
          rest = rest.dropFirst(classes)
        }
        gradient += byObject[(2 * row)..<(2 * row + 2)]
      }
      expectClose(outcome.gradient.map(Double.init), gradient, 1e-6)
      #expect(objective.state["seesaw.counts"] == after)
      #expect(
        outcome.result.validPixels == rows && outcome.result.background?.rows == batch.labels.filter { $0 == RowLabel.background }.count)
      // Two ranks, one of them without rows, and rows with weights of 1.
      let two = [SeesawRegionObjective(classes: classes), SeesawRegionObjective(classes: classes)]
      for objective in two { try objective.restore(state: ["seesaw.counts": before]) }
      var weighted = batch
      weighted.weights = batch.labels.map { _ in 1 }
      let split = try step(two, [weighted, weighted[0..<0]], layout: layout)
      #expect(split.gradient == outcome.gradient && split.result.loss == outcome.result.loss)
    }
    var wrong = batch
    wrong.labels[0] = Int32(classes)
    #expect(throws: LongtailError.self) { try step([SeesawRegionObjective(classes: classes)], [wrong]) }
  }

  @Test(arguments: ProposalValues.all) func focalOfSigmoids(_ values: ProposalValues) throws {
    let batch = try values.batch(flat(values.values["logits"]), columns: values.classes)
    for (key, settings) in [
      ("focal", [:]), ("focal_alpha_off", ["alpha": "none"]), ("focal_on_balanced_logits_foreground_rows_shifted", ["balance": "images"]),
    ] as [(String, [String: SettingValue])] {
      let part = try values.part(key)
      let sum = flat(part["loss"]).reduce(0, +)
      for (denominator, count) in [("rows", batch.labels.count), ("foreground", batch.labels.filter { $0 != RowLabel.background }.count)] {
        let objective = try ObjectiveRegistry.make(
          "sigmoidFocal", settings: settings.merging(["denominator": .string(denominator)]) { $1 }, context: values.context)
        let outcome = try step([objective], [batch])
        expectClose([outcome.result.loss], [sum / Double(count)], 3e-6, key)
        if let gradient = part["gradient"] {
          expectClose(outcome.gradient.map { Double($0) * Double(count) }, flat(gradient), 4e-6, key)
        }
      }
    }
    guard let extreme = try values.part("focal")["extreme"] as? [String: Any] else { return }
    let objective = try ObjectiveRegistry.make("sigmoidFocal", context: ObjectiveContext(classes: 1))
    // One column a row: the targets are 1 or background.
    let targets = flat(extreme["targets"])
    let rows = Batch(
      images: 1, rows: 4, classes: 1, logits: flat(extreme["logits"]).map(Float.init),
      labels: targets.map { $0 == 1 ? 0 : RowLabel.background },
      samples: [0])
    let outcome = try step([objective], [rows])
    expectClose([outcome.result.loss * 2], [flat(extreme["loss"]).reduce(0, +)], 1e-5)
    expectClose(outcome.gradient.map { Double($0) * 2 }, flat(extreme["gradient"]), 1e-6)
  }

  /// With a global denominator, the shares of ranks add up to the loss; the mean of their means does not.
  @Test(arguments: ["sigmoid", "sigmoidFocal", "eqlv2", "balancedSigmoid"]) func ranks(_ name: String) throws {
    let values = try #require(ProposalValues.all.first)
    let batch = try values.batch(flat(values.values["logits"]), columns: values.classes)
    func rows(_ range: Range<Int>) -> Batch {
      Batch(
        images: range.count, rows: 1, classes: batch.classes,
        logits: Array(batch.logits[range.lowerBound * batch.classes..<range.upperBound * batch.classes]),
        labels: Array(batch.labels[range]), samples: Array(range))
    }
    func make() throws -> any Objective { try ObjectiveRegistry.make(name, context: values.context) }
    let one = try step([make()], [rows(0..<batch.rows)])
    let three = try step([make(), make(), make()], [rows(0..<2), rows(2..<2), rows(2..<batch.rows)])
    expectClose([three.result.loss], [one.result.loss], 1e-9)
    expectClose(three.gradient.map(Double.init), one.gradient.map(Double.init), 1e-7)
  }
}
