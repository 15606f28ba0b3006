import Foundation
import Objectives
import Tensors
import TestSupport
import Testing

extension Homogenization {
  /// For targets that look at norms alone.
  fileprivate mutating func scales(norms: [Double], advance: Bool) -> [Double] {
    scales(norms: norms, pixels: norms, advance: advance)
  }
}

@Suite("Homogenization", .computePool)
struct HomogenizationTests {
  @Test("RotoGrad's golden value: norms 5 and 1, initial norms 10 and 1, target 7/3")
  func rotograd() throws {
    var homogenization = Homogenization(classes: 2, target: .rotograd, maximumScale: .infinity)
    _ = homogenization.scales(norms: [10, 1], advance: true)
    let scales = homogenization.scales(norms: [5, 1], advance: true)
    #expect(abs(scales[0] * 3 + scales[1] * 0 - 1.4) < 1e-12)
    #expect(abs(scales[0] * 4 + scales[1] * 1 - 4.2) < 1e-12)
  }

  @Test("initial norms come at first appearance and anew at the burn-in")
  func initialNorms() throws {
    var homogenization = Homogenization(classes: 2, target: .rotograd, burnIn: 3)
    let key = "homogenization.initialNorms"
    _ = homogenization.scales(norms: [4, 0], advance: true)
    #expect(homogenization.state[key] == [4, 0])
    _ = homogenization.scales(norms: [5, 9], advance: true)
    #expect(homogenization.state[key] == [4, 9])
    _ = homogenization.scales(norms: [50, 90], advance: false)
    _ = homogenization.scales(norms: [5, 9], advance: true)
    _ = homogenization.scales(norms: [6, 0], advance: true)
    #expect(homogenization.state[key] == [6, 0])
    _ = homogenization.scales(norms: [7, 2], advance: true)
    #expect(homogenization.state == [key: [6, 2], "homogenization.steps": [5]])
  }

  @Test("targets, the clamp and absent classes")
  func targets() {
    var rootMeanSquare = Homogenization(classes: 3, target: .rootMeanSquare)
    #expect(rootMeanSquare.scales(norms: [1, 0, 7], advance: true) == [5, 0, 5.0 / 7])
    var mean = Homogenization(classes: 3, target: .mean, maximumScale: 2)
    #expect(mean.scales(norms: [1, 0, 7], advance: true) == [2, 0, 4.0 / 7])
    #expect(mean.scales(norms: [0, 0, 0], advance: true) == [0, 0, 0])
    #expect(mean.scales(norms: [0, 3, 0], advance: true) == [0, 1, 0])
    #expect(mean.state.isEmpty)
  }

  @Test("the root of the mean square keeps the total norm, and every class ends with the same")
  func totalNorm() throws {
    let batch = Batch.random(images: 2, rows: 400, classes: 5)
    let plain = try step([ObjectiveRegistry.make("pcla", context: testContext(classes: 5))], [batch])
    let scaled = try step([ObjectiveRegistry.make("pat", settings: ["maximumScale": 1e9], context: testContext(classes: 5))], [batch])
    func norms(_ gradient: [Float]) -> [Double] {
      (0..<5).map { k in
        gradient.enumerated().reduce(0.0) { batch.labels[$1.offset / 5] == k ? $0 + Double($1.element * $1.element) : $0 }.squareRoot()
      }
    }
    let before = norms(plain.gradient)
    let after = norms(scaled.gradient)
    #expect(isClose(plain.result.gradientNormPerClass, before, 1e-5))
    let total = before.reduce(0) { $0 + $1 * $1 }
    #expect(isClose(after, Array(repeating: (total / 5).squareRoot(), count: 5), 1e-5))
    #expect(abs(plain.result.loss - scaled.result.loss) < 1e-12)
  }

  @Test("the state survives a checkpoint, and foreign state is refused")
  func checkpoint() throws {
    let settings: [String: SettingValue] = ["homogenization": "rotograd", "burnIn": 2]
    let context = testContext(classes: 4)
    let first = try ObjectiveRegistry.make("pat", settings: settings, context: context)
    let batches = (0..<6).map { Batch.random(images: 1, rows: 64, classes: 4, seed: UInt64($0)) }
    for batch in batches[..<3] { _ = try step([first], [batch]) }
    let second = try ObjectiveRegistry.make("pat", settings: settings, context: context)
    try second.restore(state: first.state)
    for batch in batches[3...] {
      let a = try step([first], [batch])
      let b = try step([second], [batch])
      #expect(a.result == b.result && a.gradient == b.gradient)
    }
    #expect(first.state == second.state)
    let other = try ObjectiveRegistry.make("pat", settings: settings, context: testContext(classes: 5))
    #expect(throws: LongtailError.self) { try other.restore(state: first.state) }
    #expect(throws: LongtailError.self) { try ObjectiveRegistry.make("pat", context: context).restore(state: first.state) }
  }

  @Test("the statistic at the features needs the classifier, and says what else there is")
  func features() throws {
    let objective = try ObjectiveRegistry.make("pat", settings: ["statistic": "features"], context: testContext(classes: 3))
    #expect(objective.needsClassifierGram)
    let view = Layout.planes.view(images: 1, rows: 4, classes: 3)
    var packed = Array(repeating: 0.0, count: objective.packedCount)
    let error = #expect(throws: LongtailError.self) {
      try [Int32(0), 1, 2, 0].withUnsafeBufferPointer {
        try objective.measure(
          round: 0, LabelledRows(logits: view, labels: $0), gradient: nil, earlier: PackedSums(), into: &packed, at: 0, step: StepContext())
      }
    }
    #expect(error?.description.contains("'logits'") == true)
    #expect(throws: LongtailError.self) {
      try [Int32(0), 1, 2, 0].withUnsafeBufferPointer {
        let rows = LabelledRows(logits: view, labels: $0, classifierGram: [1, 2, 3])
        try objective.measure(round: 0, rows, gradient: nil, earlier: PackedSums(), into: &packed, at: 0, step: StepContext())
      }
    }
  }

  @Test("state of a step that is not finite is not taken")
  func notFinite() throws {
    let objective = try ObjectiveRegistry.make("pat", settings: ["homogenization": "rotograd"], context: testContext(classes: 3))
    let before = objective.state
    var batch = Batch.random(images: 1, rows: 16, classes: 3)
    batch.logits[0] = .nan
    batch.labels[0] = 1
    #expect(try !step([objective], [batch]).result.isFinite)
    #expect(objective.state == before)
  }
}
