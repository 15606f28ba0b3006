import Foundation
import Objectives
import Tensors
import TestSupport
import Testing

/// A case of Oracle/make_family_values.py.
struct FamilyCase: Decodable, Sendable, CustomStringConvertible {
  let name: String
  let settings: [String: SettingValue]
  let warmUps: Int
  let loss: Double
  let norms: [Double]
  let scales: [Double]
  let gradient: [Double]
  let state: [String: [Double]]

  var description: String { "\(name) \(settings.sorted { $0.key < $1.key }) after \(warmUps) steps" }

  /// All cases; an unreadable file gives none, which `thereAreCases` reports.
  static let all: [FamilyCase] = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/family.json")
    return (try? JSONDecoder().decode([FamilyCase].self, from: Data(contentsOf: file))) ?? []
  }()

  /// The inputs of a step: the formula of the program.
  static func batch(step: Int) -> Batch {
    let (rows, classes) = (22, 5)
    var logits = [Float]()
    var labels = [Int32]()
    for i in 0..<rows {
      for k in 0..<classes {
        let number = (i * 7919 + k * 104729 + i * k * 31 + step * 57) % 97 - 48
        logits.append(Float(number) / 16)
      }
      labels.append(i == 3 || i == 17 ? -1 : i % 3 == 0 ? 0 : Int32((i * 5 + step) % 4))
    }
    return Batch(images: 2, rows: 11, classes: classes, logits: logits, labels: labels, samples: [0, 1])
  }
}

@Suite("The family against PyTorch in float64", .computePool)
struct FamilyOracleTests {
  let context = ObjectiveContext(classes: 5, pixelCounts: [4000, 900, 90, 20, 5], imageCounts: [10, 6, 3, 2, 0], images: 10)

  @Test("there are cases for every loss of the family that is not in the first oracle")
  func thereAreCases() {
    #expect(FamilyCase.all.count >= 36)
    let covered = Set(FamilyCase.all.map(\.name)).union(OracleCase.all.map(\.name)).union(["balancingLogitVariation"])
      .union(ProposalTests.covered).union(RareClassCase.covered)
    #expect(covered == Set(ObjectiveRegistry.names))
  }

  @Test("loss, norms, scales, gradient and state agree", arguments: FamilyCase.all)
  func agreement(_ expected: FamilyCase) throws {
    for layout in Layout.allCases {
      let objective = try ObjectiveRegistry.make(expected.name, settings: expected.settings, context: context)
      for warmUp in 0..<expected.warmUps { _ = try step([objective], [FamilyCase.batch(step: warmUp)], layout: layout) }
      let outcome = try step([objective], [FamilyCase.batch(step: expected.warmUps)], layout: layout)
      #expect(abs(outcome.result.loss - expected.loss) < 3e-6 * abs(expected.loss))
      #expect(isClose(outcome.result.gradientNormPerClass, expected.norms, 5e-6))
      #expect(isClose(outcome.result.scalePerClass, expected.scales, 5e-6))
      #expect(relativeError(outcome.gradient, expected.gradient) < 5e-6)
      for (key, values) in expected.state { #expect(isClose(objective.state[key] ?? [], values, 5e-6), "\(key)") }
    }
  }
}

@Suite("Golden values of the family", .computePool)
struct FamilyGoldenTests {
  func golden(
    _ name: String, _ settings: [String: SettingValue] = [:], label: Int32 = 2, state: [String: [Double]]? = nil
  ) throws -> Outcome {
    let context = ObjectiveContext(classes: 3, pixelCounts: [100, 10, 1], imageCounts: [50, 10, 1], images: 100)
    let objective = try ObjectiveRegistry.make(name, settings: settings, context: context)
    if let state { try objective.restore(state: state) }
    return try step([objective], [Batch(images: 1, rows: 1, classes: 3, logits: [1, 2, 0.5], labels: [label], samples: [0])])
  }

  func check(_ outcome: Outcome, _ loss: Double, _ gradient: [Double]) {
    #expect(abs(outcome.result.loss - loss) < 2e-6 * max(1, abs(loss)))
    #expect(zip(outcome.gradient, gradient).allSatisfy { abs(Double($0) - $1) < 2e-6 * max(1, abs($1)) })
  }

  @Test("Seesaw with counts (100, 10, 1), the pixel itself included")
  func seesaw() throws {
    check(try golden("seesaw", state: ["seesaw.counts": [100, 10, 0]]), 4.559114, [0.046929, 0.942599, -0.989529])
    check(try golden("seesaw", label: 0, state: ["seesaw.counts": [99, 10, 1]]), 1.434746, [-0.761824, 0.758195, 0.003629])
  }

  @Test("Balanced Sigmoid with shares (0.5, 0.1, 0.01)")
  func balancedSigmoid() throws {
    check(try golden("balancedSigmoid"), 6.024287, [0.731059, 0.450853, -0.983619])
  }

  @Test("margins of LDAM")
  func margins() {
    let margins = LabelDistributionAwareMargin.margins(counts: [100, 10, 1], maximum: 0.5)
    #expect(zip(margins, [0.158114, 0.281171, 0.5]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("PCLA's weight on cross-entropy is PCLA")
  func adaptation() throws {
    check(try golden("crossEntropy", ["adaptation": "classes"]), 12.952524, [2.784696, 7.569589, -10.354285])
    check(try golden("crossEntropy", ["adaptation": 1]), 2.320492, [0.348391, 0.947026, -1.295418])
    check(try golden("ldam", ["scale": 1, "maximumMargin": 0, "adaptation": 1]), 2.320492, [0.348391, 0.947026, -1.295418])
  }
}
