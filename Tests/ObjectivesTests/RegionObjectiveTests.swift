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

/// Weights of classes that are learned: the closed form beside differences of the whole two-step problem.
@Suite struct ProposalReweighterTests {
  @Test func gradientIsThatOfTheOuterProblem() throws {
    let (classes, features, rate) = (3, 2, 0.3)
    let random = CounterRandom(seed: 5, purpose: .testing)
    let labels: [Int32] = [0, 0, 1, RowLabel.background, 2, 0, RowLabel.background]
    let metaLabels: [Int32] = [2, 1, RowLabel.background, 0]
    let rows = labels.indices.map { i in (0..<features).map { random.uniform(10 * i + $0, in: -1...1) } }
    let metaRows = metaLabels.indices.map { i in (0..<features).map { random.uniform(500 + 10 * i + $0, in: -1...1) } }
    let start = (0..<classes).map { k in (0...features).map { random.uniform(900 + 10 * k + $0, in: -0.5...0.5) } }
    var counts = [Double](repeating: 0, count: classes)
    for label in labels where label != RowLabel.background { counts[Int(label)] += 1 }

    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    /// The gradient of binary cross-entropies by each score.
    func errors(_ layer: [[Double]], _ x: [Double], _ label: Int32) -> [Double] {
      (0..<classes).map { k in
        let z = dot(layer[k], x + [1])
        return 1 / (1 + exp(-z)) - (Int32(k) == label ? 1 : 0)
      }
    }
    func weights(_ theta: [Double]) -> [Double] {
      let psi = theta.map { 1 / (1 + exp(-$0)) }
      let sum = dot(psi, counts)
      return labels.map { $0 == RowLabel.background ? 1 : psi[Int($0)] * counts.reduce(0, +) / sum }
    }
    /// The layer after the inner step.
    func moved(_ theta: [Double]) -> [[Double]] {
      var layer = start
      for ((x, label), weight) in zip(zip(rows, labels), weights(theta)) {
        let e = errors(start, x, label)
        for k in 0..<classes {
          for (d, value) in (x + [1]).enumerated() { layer[k][d] -= rate * weight * e[k] * value / Double(labels.count) }
        }
      }
      return layer
    }
    func outer(_ theta: [Double]) -> Double {
      let layer = moved(theta)
      var sum = 0.0
      for (x, label) in zip(metaRows, metaLabels) {
        for k in 0..<classes {
          let z = dot(layer[k], x + [1])
          sum += log1p(exp(z)) - (Int32(k) == label ? z : 0)
        }
      }
      return sum / Double(metaLabels.count)
    }

    var reweighter = ProposalReweighter(classes: classes)
    for (step, rate) in [0.5, 0.7, 0.4].enumerated() { reweighter.step(gradient: [0.3, -0.2, 0.1 * Double(step)], rate: rate) }
    let theta = reweighter.theta
    #expect(zip(reweighter.rowWeights(labels, counts: counts), weights(theta)).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    var meta = [[Double]](repeating: [Double](repeating: 0, count: features + 1), count: classes)
    let layer = moved(theta)
    for (x, label) in zip(metaRows, metaLabels) {
      let e = errors(layer, x, label)
      for k in 0..<classes { for (d, value) in (x + [1]).enumerated() { meta[k][d] += e[k] * value / Double(metaLabels.count) } }
    }
    let products: [Double] = labels.indices.map { i in
      let e = errors(start, rows[i], labels[i])
      let share = weights(theta)[i] / Double(labels.count)
      var sum = 0.0
      for k in 0..<classes { sum += e[k] * share * dot(meta[k], rows[i] + [1]) }
      return sum
    }
    // Two ranks' parts add up.
    let parts = [0..<3, 3..<labels.count].map { part in
      reweighter.gradient(Array(labels[part]), counts: counts, products: Array(products[part]), rate: rate)
    }
    for k in 0..<classes {
      var (up, down) = (theta, theta)
      up[k] += 1e-5
      down[k] -= 1e-5
      let slope = (outer(up) - outer(down)) / 2e-5
      #expect(abs(slope - parts[0][k] - parts[1][k]) < 1e-8, "\(k): \(slope), \(parts)")
    }
    #expect(ProposalReweighter(classes: 2).rowWeights([0, 1], counts: [0, 0]) == [0.5, 0.5])
  }
}
