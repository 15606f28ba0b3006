import Foundation
import Objectives
import Tensors
import TestSupport
import Testing

/// A case of Oracle/make_rare_values.py.
struct RareClassCase: Decodable, Sendable, CustomStringConvertible {
  let name: String
  let settings: [String: SettingValue]
  let mixed: Bool
  let loss: Double
  let scaledLoss: Double
  let gradient: [Double]

  var description: String { "\(name) \(settings.sorted { $0.key < $1.key })\(mixed ? ", mixed rows" : "")" }

  /// All cases; an unreadable file gives none, which `thereAreCases` reports.
  static let all: [RareClassCase] = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/rare.json")
    return (try? JSONDecoder().decode([RareClassCase].self, from: Data(contentsOf: file))) ?? []
  }()

  /// The objectives that the file is about.
  static let covered: Set = ["recall", "auc", "regionRebalance"]

  /// The inputs: the formulas of the program.
  var batch: Batch {
    let plain = OracleTests.batch
    var batch = Batch(images: 2, rows: 11, classes: 5, logits: plain.logits, labels: plain.labels, samples: [0, 1])
    guard mixed else { return batch }
    batch.seconds = (0..<22).map { (i: Int) -> Int32 in i % 7 == 4 ? -1 : Int32((i * 3 + 1) % 5) }
    batch.shares = (0..<22).map { (i: Int) -> Float in Float(i * 5 % 9) / 8 }
    batch.weights = (0..<22).map { (i: Int) -> Float in Float(i * 3 % 8) / 4 }
    return batch
  }
}

@Suite("Objectives for rare classes against NumPy in float64", .computePool)
struct RareClassOracleTests {
  let context = ObjectiveContext(classes: 5, pixelCounts: [4000, 900, 90, 20, 5], imageCounts: [10, 6, 3, 2, 0], images: 10)

  @Test("there are cases, plain and mixed")
  func thereAreCases() {
    #expect(RareClassCase.all.count == 40 && RareClassCase.all.filter(\.mixed).count == 20)
    #expect(RareClassCase.covered.isSubset(of: RareClassCase.all.map(\.name)))
  }

  @Test("loss and gradient agree", arguments: RareClassCase.all)
  func agreement(_ expected: RareClassCase) throws {
    for layout in Layout.allCases {
      let objective = try ObjectiveRegistry.make(expected.name, settings: expected.settings, context: context)
      let outcome = try step([objective], [expected.batch], layout: layout)
      #expect(abs(outcome.result.loss - expected.loss) < 3e-6 * abs(expected.loss))
      #expect(abs(outcome.result.scaledLoss - expected.scaledLoss) < 3e-6 * abs(expected.scaledLoss))
      #expect(relativeError(outcome.gradient, expected.gradient) < 5e-6)
    }
  }
}

@Suite("Settings for rare classes", .computePool)
struct RareClassSettingTests {
  let context = ObjectiveContext(classes: 3, pixelCounts: [100, 10, 1], imageCounts: [50, 10, 0], images: 100)

  @Test("rules over counts have their published values")
  func rules() {
    #expect(ClassWeighting.inverse([8, 2, 2]) == [0.5, 2, 2])
    let even = 1 / log(1.52)
    #expect(isClose(ClassWeighting.enet([1, 1]), [even, even], 1e-12))
    // 1 / ln 2.02 for a class that is everywhere, 1 / ln 1.02 for one that is nowhere.
    #expect(isClose(ClassWeighting.enet([1e12, 1e-6]), [1.422278, 50.49835], 1e-6))
    // Shares of 2, 1 and 4 of the pixels of the images that show them; the last class is shown by none.
    #expect(ClassWeighting.medianFrequency(pixels: [20, 5, 4, 1], images: [10, 5, 1, 0]) == [1, 2, 0.5, 2])
    #expect(ClassWeighting.medianFrequency(pixels: [20, 5], images: [10, 5]) == [0.75, 1.5])
    #expect(RecallLoss.weights(pixels: [10, 4, 0, 0.5], misses: [5, 0, 0, 0]) == [0.5, 0.25, 0, 1])
  }

  @Test("weights of wrong length, kind or size are refused, and so are settings that do not fit together")
  func refusals() {
    let wrong: [([String: SettingValue], String)] = [
      (["weights": [1, 2]], "2 numbers for 3 classes"), (["weights": "invers"], "inverse"), (["weights": [0, 0, 0]], "above 0"),
      (["weights": [1, -1, 1]], "from 0 on"), (["weights": [1, "a", 1]], "number"), (["labelSmoothing": 1.5], "1"),
      (["labelSmoothing": 0.1, "adaptation": 1], "adaptation"), (["weights": "enet", "background": 1], "background"),
    ]
    for (settings, text) in wrong {
      let error = #expect(throws: LongtailError.self) { try ObjectiveRegistry.make("crossEntropy", settings: settings, context: context) }
      #expect(error?.description.contains(text) == true, "\(settings): \(error?.description ?? "")")
    }
    for (name, settings) in [("crossEntropy", ["weights": "effectiveNumber"]), ("regionRebalance", [:])]
      as [(String, [String: SettingValue])]
    {
      let error = #expect(throws: LongtailError.self) {
        try ObjectiveRegistry.make(name, settings: settings, context: ObjectiveContext(classes: 3, pixelCounts: [100, 10, 1]))
      }
      #expect(error?.message.contains("training images") == true)
    }
  }

  @Test("weights of one list and none are cross-entropy, to the bit; a class of weight 0 has no gradient")
  func equalWeights() throws {
    let batch = Batch.random(images: 2, rows: 50, classes: 3)
    let plain = try step([ObjectiveRegistry.make("crossEntropy", context: context)], [batch])
    let ones = try step([ObjectiveRegistry.make("crossEntropy", settings: ["weights": [1, 1, 1]], context: context)], [batch])
    #expect(plain.result == ones.result && plain.gradient == ones.gradient)
    let without = try step([ObjectiveRegistry.make("crossEntropy", settings: ["weights": [0, 1, 1]], context: context)], [batch])
    for (row, label) in batch.labels.enumerated() {
      #expect(without.gradient[(3 * row)..<(3 * row + 3)].allSatisfy { $0 == 0 } == (label <= 0))
    }
  }

  @Test("under maskSize every class of the batch has the same part in the scaled loss's weights, whatever its size")
  func maskSize() throws {
    var homogenization = Homogenization(classes: 3, target: .maskSize, maximumScale: 1e9)
    #expect(homogenization.scales(norms: [7, 7, 7], pixels: [80, 0, 20], advance: true) == [0.625, 0, 2.5])
    var limited = Homogenization(classes: 3, target: .maskSize, maximumScale: 2)
    #expect(limited.scales(norms: [7, 7, 7], pixels: [80, 0, 20], advance: true) == [0.625, 0, 2])
    #expect(limited.scales(norms: [0, 0, 0], pixels: [0, 0, 0], advance: true) == [0, 0, 0])
    #expect(homogenization.state.isEmpty)
    // Masks have no place where a norm is taken.
    let settings: [String: SettingValue] = ["homogenization": "maskSize", "statistic": "features"]
    #expect(try !ObjectiveRegistry.make("pat", settings: settings, context: context).needsClassifierGram)
  }

  @Test("recall loss looks at the batch of all ranks, and a class that is found keeps the weight of one pixel")
  func recall() throws {
    var batch = Batch.random(images: 2, rows: 40, classes: 3)
    // Class 1 is found everywhere, class 2 nowhere.
    for (row, label) in batch.labels.enumerated() where label > 0 {
      let winner = label == 1 ? 1 : 0
      for k in 0..<3 { batch.logits[3 * row + k] = k == winner ? 5 : 0 }
    }
    let outcome = try step([ObjectiveRegistry.make("recall", context: context)], [batch])
    func count(_ label: Int32) -> Double { Double(batch.labels.count { $0 == label }) }
    let all = count(0) + count(1) + count(2)
    #expect(abs(outcome.result.factorPerClass[1] - 1 / count(1) / all) < 1e-12)
    #expect(abs(outcome.result.factorPerClass[2] - 1 / all) < 1e-12)
  }

  @Test("evaluation of the AUC takes all other classes as one")
  func aucEvaluation() throws {
    let batch = Batch.random(images: 1, rows: 30, classes: 3)
    let objective = try ObjectiveRegistry.make("auc", context: context)
    let value = try evaluate(objective, batch).result.loss
    let scores = batch.logits.map { 1 / (1 + exp(-Double($0))) }
    var expected = 0.0
    let present = (0..<3).filter { k in batch.labels.contains(Int32(k)) }
    for k in present {
      var (sum, pairs) = (0.0, 0.0)
      for (x, own) in batch.labels.enumerated() where own == Int32(k) {
        for (y, other) in batch.labels.enumerated() where other >= 0 && other != own {
          let difference = 1 - (scores[3 * x + k] - scores[3 * y + k])
          sum += 0.5 * difference * difference
          pairs += 1
        }
      }
      expected += sum / pairs / Double(present.count)
    }
    #expect(abs(value - expected) < 1e-6 * expected)
  }
}
