import Foundation
import Objectives
import Tensors
import TestSupport
import Testing

@Suite("Numbers of PyTorch in float64", .computePool)
struct OracleTests {
  /// The same inputs as in Oracle/make_oracle_values.py.
  static let batch: Batch = {
    let rows = 22
    let classes = 5
    var logits = [Float]()
    var labels = [Int32]()
    for i in 0..<rows {
      for k in 0..<classes {
        let number = (i * 7919 + k * 104729 + i * k * 31) % 97 - 48
        logits.append(Float(number) / 16)
      }
      labels.append(i == 3 || i == 17 ? -1 : i % 3 == 0 ? 0 : Int32(i * 5 % 4))
    }
    return Batch(images: 1, rows: rows, classes: classes, logits: logits, labels: labels, samples: [0])
  }()

  static let classifier: [Float] = {
    var weights = [Float]()
    for k in 0..<5 {
      for c in 0..<3 {
        let number = (k * 13 + c * 29 + k * c * 7) % 23 - 11
        weights.append(Float(number) / 8)
      }
    }
    return weights
  }()

  @Test("loss, norms, scales and gradient agree", arguments: OracleCase.all)
  func agreement(_ expected: OracleCase) throws {
    let context = ObjectiveContext(classes: 5, pixelCounts: [4000, 900, 90, 20, 5])
    let gram = try ClassifierGram.products(weights: OracleTests.classifier, classes: 5, features: 3)
    for layout in Layout.allCases {
      let objective = try ObjectiveRegistry.make(expected.name, settings: expected.settings, context: context)
      let outcome = try step([objective], [OracleTests.batch], layout: layout, gram: gram)
      #expect(abs(outcome.result.loss - expected.loss) < 2e-6 * abs(expected.loss))
      #expect(abs(outcome.result.scaledLoss - expected.scaledLoss) < 2e-6 * abs(expected.scaledLoss))
      #expect(isClose(outcome.result.gradientNormPerClass, expected.norms, 3e-6))
      #expect(isClose(outcome.result.scalePerClass, expected.scales, 3e-6))
      #expect(relativeError(outcome.gradient, expected.gradient) < 2e-6)
    }
  }
}

@Suite("Golden values", .computePool)
struct GoldenTests {
  /// z = (1, 2, 0.5), label 2, class counts (100, 10, 1).
  func golden(_ name: String, _ settings: [String: SettingValue] = [:], label: Int32 = 2, logits: [Float] = [1, 2, 0.5]) throws -> Outcome {
    let context = ObjectiveContext(classes: 3, pixelCounts: [100, 10, 1])
    let batch = Batch(images: 1, rows: 1, classes: 3, logits: logits, labels: [label], samples: [0])
    return try step([ObjectiveRegistry.make(name, settings: settings, context: context)], [batch])
  }

  func check(_ outcome: Outcome, _ loss: Double, _ gradient: [Double], _ tolerance: Double = 1.5e-6) {
    #expect(abs(outcome.result.loss - loss) < tolerance * max(1, abs(loss)))
    #expect(zip(outcome.gradient, gradient).allSatisfy { abs(Double($0) - $1) < tolerance * max(1, abs($1)) })
  }

  @Test("cross-entropy and PCLA")
  func adaptation() throws {
    check(try golden("crossEntropy"), 1.964369, [0.231224, 0.628532, -0.859756])
    check(try golden("pcla", ["exponent": "classes"]), 12.952524, [2.784696, 7.569589, -10.354285])
    check(try golden("pcla"), 2.320492, [0.348391, 0.947026, -1.295418])
    check(try golden("pcla", ["exponent": 3, "temperature": 0.5]), 28.064506, [2.829885, 20.910181, -23.740067])
    // The authors' scale is smaller by the number of classes.
    check(try golden("pcla", ["reduction": "validPixelsTimesClasses"]), 2.320492 / 3, [0.348391 / 3, 0.947026 / 3, -1.295418 / 3])
    // Detached, the gradient is cross-entropy's times the weight.
    check(
      try golden("pcla", ["exponent": 3, "detachWeight": true]), 12.952524, [0.231224, 0.628532, -0.859756].map { $0 * 6.593733 }, 3e-6)
  }

  @Test("losses from class frequencies")
  func frequencies() throws {
    check(try golden("balancedSoftmax"), 5.350383, [0.782538, 0.212716, -0.995254])
    check(try golden("logitAdjustment"), 5.350383, [0.782538, 0.212716, -0.995254])
    check(try golden("focal"), 1.452022, [0.280449, 0.762340, -1.042790])
    check(try golden("focal", ["gamma": 0]), 1.964369, [0.231224, 0.628532, -0.859756])
    let weights = ClassBalancedLoss.weights(counts: [100, 10, 1], beta: 0.9999)
    #expect(zip(weights, [0.027159, 0.270369, 2.702472]).allSatisfy { abs($0 - $1) < 1e-6 })
    // BLV with its folded noise fixed at (0.5, 1, 1) is cross-entropy on shifted logits.
    let scales = BalancingLogitVariation.scales(counts: [100, 10, 1], form: .paper)
    #expect(zip(scales, [0.022159, 0.511080, 1]).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(BalancingLogitVariation.scales(counts: [100, 10, 1], form: .code) == [0, 0.5, 1])
    check(
      try golden("crossEntropy", logits: [1 + scales[0] * 0.5, 2 + scales[1], 0.5 + scales[2]]), 1.472897, [0.140603, 0.630137, -0.770740])
  }

  @Test("equal counts make Balanced Softmax cross-entropy, and BLV in the code's form")
  func equalCounts() throws {
    let batch = Batch.random(images: 1, rows: 50, classes: 4)
    let context = ObjectiveContext(classes: 4, pixelCounts: [7, 7, 7, 7])
    let expected = try step([ObjectiveRegistry.make("crossEntropy", context: context)], [batch])
    for (name, settings) in [("balancedSoftmax", [:]), ("classBalanced", [:]), ("balancingLogitVariation", ["form": "code"])]
      as [(String, [String: SettingValue])]
    {
      let actual = try step([ObjectiveRegistry.make(name, settings: settings, context: context)], [batch])
      #expect(abs(actual.result.loss - expected.result.loss) < 1e-6)
      #expect(relativeError(actual.gradient, expected.gradient.map(Double.init)) < 1e-6)
    }
  }

  @Test("exp and log are accurate to two units in the last place")
  func functions() {
    var worst = 0.0
    for i in 0..<20000 {
      let x = -Float(i) * 0.004
      let value = Double(Lanes(repeating: x).exponentialOfNonPositive()[0])
      worst = max(worst, abs(value / exp(Double(x)) - 1))
      let half = Double(Lanes(repeating: -x).halfExponential()[0])
      worst = max(worst, abs(half / (0.5 * exp(Double(-x))) - 1))
      let y = 1 + Float(i) * 0.05
      let log2 = Double(Lanes(repeating: y).naturalLogarithm()[0])
      worst = max(worst, y == 1 ? abs(log2) : abs(log2 / log(Double(y)) - 1))
    }
    #expect(worst < 2.4e-7)
    #expect(Lanes(repeating: -200).exponentialOfNonPositive()[3] == 0)
    #expect(Lanes(repeating: -.infinity).exponentialOfNonPositive()[3] == 0)
    #expect(Lanes(repeating: .nan).exponentialOfNonPositive()[3].isNaN)
    #expect(Lanes(repeating: .nan).naturalLogarithm()[3].isNaN)
    #expect(Lanes(repeating: 89.3).halfExponential()[0].isFinite)
  }
}
