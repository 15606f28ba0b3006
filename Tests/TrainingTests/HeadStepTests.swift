import Collectives
import Foundation
import Objectives
import Optimizers
import Tensors
import TestSupport
import Testing
import Training

/// The step that trains a head on rows of features, against double precision, and against a step that looks through it.
@Suite(.computePool) struct HeadStepTests {
  private static let golden = "../shared/golden/recognition_golden.json"
  private static let (classes, features) = (5, 19)

  private func numbers(_ count: Int, _ sample: Int) -> [Float] {
    let random = CounterRandom(seed: 3, purpose: .testing, sample: sample)
    return (0..<count).map { Float(random.uniform($0, in: -1...1)) }
  }

  private func rows(_ count: Int, from first: Int = 0) -> FeatureRows {
    FeatureRows(
      values: (first..<first + count).flatMap { numbers(Self.features, $0) },
      labels: (first..<first + count).map { $0 % 6 == 5 ? -1 : Int32($0 % Self.classes) })
  }

  private func gradient(_ objective: String = "crossEntropy") throws -> HeadGradient {
    let head = try LinearHead(classes: Self.classes, features: Self.features, seed: 1)
    return try HeadGradient(
      head, try ObjectiveRegistry.make(objective, context: ObjectiveContext(classes: Self.classes)), communicator: SingleProcess())
  }

  private func floats(_ buffer: HostBuffer) -> [Float] { buffer.withFloats { Array($0) } }

  /// dL/dW and dL/db of cross-entropy with weights and second labels, in double precision.
  private func reference(_ head: LinearHead, _ rows: FeatureRows) -> [Double] {
    let (c, d) = (head.classes, head.features)
    let p = floats(head.parameters).map { Double($0) }
    var sum = [Double](repeating: 0, count: p.count)
    var total = 0.0
    for i in 0..<rows.count where rows.labels[i] >= 0 {
      let x = rows.values[i * d..<(i + 1) * d].map { Double($0) }
      var scores = Array(p[c * d..<c * d + c])
      for k in 0..<c { for j in 0..<d { scores[k] += p[k * d + j] * x[j] } }
      let top = scores.max() ?? 0
      let exponentials = scores.map { exp($0 - top) }
      let (whole, weight) = (exponentials.reduce(0, +), rows.weights.isEmpty ? 1 : Double(rows.weights[i]))
      let share = rows.secondShares.isEmpty ? 0 : Double(rows.secondShares[i])
      total += weight
      for k in 0..<c {
        var error = exponentials[k] / whole
        if k == Int(rows.labels[i]) { error -= 1 - share }
        if !rows.secondLabels.isEmpty, k == Int(rows.secondLabels[i]) { error -= share }
        for (j, value) in x.enumerated() { sum[k * d + j] += weight * error * value }
        sum[c * d + k] += weight * error
      }
    }
    return sum.map { $0 / total }
  }

  @Test(arguments: [false, true]) func gradientIsThatOfTheLoss(weighted: Bool) throws {
    let gradient = try gradient()
    var rows = rows(23)
    if weighted {
      rows.weights = (0..<23).map { 0.25 + Float($0 % 4) }
      rows.secondLabels = (0..<23).map { Int32(($0 + 2) % Self.classes) }
      rows.secondShares = (0..<23).map { Float($0 % 5) / 5 }
    }
    let (result, _) = try gradient.compute(rows, step: StepContext())
    #expect(result.isFinite && result.loss > 1 && result.loss < 3)
    let expected = reference(gradient.head, rows)
    for (found, expected) in zip(floats(gradient.matrix), expected) {
      let error = abs(Double(found) - expected)
      #expect(error < 1e-6)
    }
  }

  /// The same rows cut in two: the sums of both are those of the whole.
  @Test func rowsAddUp() throws {
    let all = try gradient()
    let whole = try all.compute(rows(24), step: StepContext())
    let matrix = floats(all.matrix)
    var sum = [Double](repeating: 0, count: matrix.count)
    for part in [rows(17), rows(7, from: 17)] {
      let own = try all.compute(part, step: StepContext())
      for (i, value) in floats(all.matrix).enumerated() {
        sum[i] += Double(value) * Double(own.result.validPixels) / Double(whole.result.validPixels)
      }
    }
    for (a, b) in zip(matrix, sum) {
      let error = abs(Double(a) - b)
      #expect(error < 1e-6)
    }
    // No rows at all: a rank that has none takes part with zeros.
    let none = try all.compute(FeatureRows(values: [], labels: []), step: StepContext())
    #expect(none.result.validPixels == 0 && floats(all.matrix).allSatisfy { $0 == 0 })
  }

  private func step(_ objective: String, rate: Double = 0.1) throws -> HeadStep {
    let gradient = try gradient(objective)
    var settings = StochasticGradientDescent.Settings()
    settings.momentum = 0.9
    return try HeadStep(
      gradient, optimizer: StochasticGradientDescent(parameterCount: gradient.head.parameters.floatCount, settings: settings),
      schedule: LearningRateSchedule(base: rate))
  }

  @Test func learnsAndResumesExactly() throws {
    let whole = try step("eqlv2")
    let first = try whole.step(rows(30)).result.loss
    for epoch in 1..<10 { _ = try whole.step(rows(30), epoch: epoch) }
    let saved = try StateTree(whole).tensors()
    let names = saved.map(\.name).filter { !$0.hasPrefix("objective.") }
    let expected = [
      "head.weight", "head.bias", "optimizer.momentum.weight", "optimizer.momentum.bias", "optimizer.stepCount", "stepCount",
    ]
    #expect(names == expected)
    let last = try whole.step(rows(30)).result.loss
    #expect(last < 0.8 * first)
    let resumed = try step("eqlv2")
    try StateTree(resumed).restore(saved, source: "a test", advice: "")
    #expect(resumed.stepCount == 10)
    _ = try resumed.step(rows(30))
    #expect(StateTree(resumed).digest == StateTree(whole).digest)
  }

  @Test func whatIsNotFiniteChangesNothing() throws {
    let step = try step("crossEntropy")
    _ = try step.step(rows(12))
    let before = StateTree(step).digest
    var broken = rows(12)
    broken.values[20] = .infinity
    let error = #expect(throws: LongtailError.self) { try step.step(broken) }
    #expect(error?.code == .notFinite)
    #expect(StateTree(step).digest == before && step.stepCount == 1)
  }

  /// What a step makes of the weight of each of its rows, for a loss that is measured after it: by the closed form, and by moving the weight.
  @Test func weightsCanBeLookedThrough() throws {
    let (rate, count) = (0.3, 9)
    let outer = rows(14, from: 40)
    func meta(_ weights: [Float]) throws -> (loss: Double, slopes: [Double]) {
      let step = try step("crossEntropy", rate: rate)
      var inner = FeatureRows(values: (0..<count).flatMap { numbers(Self.features, $0) }, labels: (0..<count).map { Int32($0 % 4) })
      (inner.weights, inner.denominator) = (weights, .rows)
      _ = try step.step(inner)
      let meta = try HeadGradient(
        step.head, try ObjectiveRegistry.make("crossEntropy", context: ObjectiveContext(classes: Self.classes)),
        communicator: SingleProcess())
      let loss = try meta.compute(outer, step: StepContext()).result.loss
      let products = inner.values.withUnsafeBufferPointer {
        step.head.products(step.gradient.errors, meta.matrix, $0, count: count)
      }
      return (loss, products.map { -rate * $0 })
    }
    let slopes = try meta(Array(repeating: 1, count: count)).slopes
    #expect(slopes.contains { abs($0) > 1e-3 })
    for row in 0..<count {
      func loss(_ difference: Float) throws -> Double {
        var weights = [Float](repeating: 1, count: count)
        weights[row] += difference
        return try meta(weights).loss
      }
      let slope = try (loss(0.25) - loss(-0.25)) / 0.5
      let (error, allowed) = (abs(slope - slopes[row]), 2e-2 * abs(slopes[row]) + 2e-5)
      #expect(error < allowed, "row \(row): \(slope), \(slopes[row])")
    }
  }

  private struct Golden: Decodable {
    struct Inputs: Decodable {
      let labels: [Int]
      let features: [[Double]]
      let head_rows_w_then_bias: [[Double]]
      let meta_features: [[Double]]
      let meta_labels: [Int]
      let inner_rate: Double
      let momentum: Double
      let decay: Double
      let momentum_buffer: [[Double]]
    }
    struct Result: Decodable {
      let meta_loss: Double
      let surrogate_head: [[Double]]
      let M: [[Double]]
      let a: [Double]
    }
    struct Outputs: Decodable {
      let drawn_indices: [Int]
      let plain: Result
      let momentum_and_decay: Result
    }
    let inputs: Inputs
    let outputs: Outputs
  }

  private struct GoldenFile: Decodable {
    struct Cases: Decodable { let meta_sampler: Golden }
    let cases: Cases
  }

  /// W row-major, then b, from rows of W with the bias behind each.
  private func flat(_ rows: [[Double]]) -> [Float] {
    let (weights, biases) = (rows.flatMap { $0.dropLast() }, rows.compactMap(\.last))
    return (weights + biases).map { Float($0) }
  }

  /// The values of an independent program in double precision: one ordinary step, and what it makes of the rows' weights.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: golden), "there is no ../shared/golden"), arguments: [false, true])
  func goldenMetaSampler(momentum: Bool) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: Self.golden))
    let found = try JSONDecoder().decode(GoldenFile.self, from: data).cases.meta_sampler
    let (given, expected) = (found.inputs, momentum ? found.outputs.momentum_and_decay : found.outputs.plain)
    let head = try LinearHead(classes: 3, features: 2, seed: 0)
    func set(_ buffer: HostBuffer, _ values: [Float]) { buffer.withFloats { for (i, value) in values.enumerated() { $0[i] = value } } }
    set(head.parameters, flat(given.head_rows_w_then_bias))
    let counts = (0..<3).map { label in Int64(given.labels.filter { $0 == label }.count) }
    let inner = try HeadGradient(
      head, try ObjectiveRegistry.make("balancedSoftmax", context: ObjectiveContext(classes: 3, pixelCounts: counts)),
      communicator: SingleProcess())
    var settings = StochasticGradientDescent.Settings()
    if momentum { (settings.momentum, settings.weightDecay) = (given.momentum, given.decay) }
    let optimizer = try StochasticGradientDescent(parameterCount: 9, settings: settings)
    if let buffer = optimizer.state.first?.buffer { set(buffer, flat(given.momentum_buffer)) }
    let step = try HeadStep(inner, optimizer: optimizer, schedule: LearningRateSchedule(base: given.inner_rate))
    let drawn = found.outputs.drawn_indices
    let rows = FeatureRows(
      values: drawn.flatMap { given.features[$0].map { Float($0) } }, labels: drawn.map { Int32(given.labels[$0]) })
    _ = try step.step(rows)
    func close(_ a: [Float], _ b: [Float]) -> Bool {
      guard a.count == b.count else { return false }
      return zip(a, b).allSatisfy { abs($0 - $1) < 2e-6 }
    }
    #expect(close(floats(head.parameters), flat(expected.surrogate_head)))
    let meta = try HeadGradient(
      head, try ObjectiveRegistry.make("crossEntropy", context: ObjectiveContext(classes: 3)), communicator: SingleProcess())
    let outer = FeatureRows(values: given.meta_features.flatMap { $0.map { Float($0) } }, labels: given.meta_labels.map { Int32($0) })
    let loss = try meta.compute(outer, step: StepContext()).result.loss
    #expect(abs(loss - expected.meta_loss) < 2e-6)
    #expect(close(floats(meta.matrix), flat(expected.M)))
    let slopes = rows.values.withUnsafeBufferPointer { head.products(inner.errors, meta.matrix, $0, count: rows.count) }
    #expect(close(slopes.map { Float(-given.inner_rate * $0) }, expected.a.map { Float($0) }))
  }
}
