import Foundation
import Objectives
import Tensors
import TestSupport
import Testing

/// A case of Oracle/make_row_values.py.
struct RowCase: Decodable, Sendable, CustomStringConvertible {
  let name: String
  let settings: [String: SettingValue]
  let denominator: String
  let background: Bool
  let loss: Double
  let gradient: [Double]

  var description: String { "\(name) \(settings.sorted { $0.key < $1.key }) \(denominator)\(background ? " with background" : "")" }

  /// All cases; an unreadable file gives none, which `thereAreCases` reports.
  static let all: [RowCase] = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/rows.json")
    return (try? JSONDecoder().decode([RowCase].self, from: Data(contentsOf: file))) ?? []
  }()

  /// The inputs: the formulas of the program.
  var batch: Batch {
    let plain = OracleTests.batch
    var labels = plain.labels
    if background { for i in labels.indices where i % 4 == 2 && labels[i] >= 0 { labels[i] = RowLabel.background } }
    var batch = Batch(images: 2, rows: 11, classes: 5, logits: plain.logits, labels: labels, samples: [0, 1])
    batch.seconds = (0..<22).map { (i: Int) -> Int32 in i % 7 == 4 ? -1 : Int32((i * 3 + 1) % 5) }
    batch.shares = (0..<22).map { (i: Int) -> Float in Float(i * 5 % 9) / 8 }
    batch.weights = (0..<22).map { (i: Int) -> Float in Float(i * 3 % 8) / 4 }
    batch.denominator = denominator == "rows" ? .rows : .sum
    return batch
  }
}

@Suite("Weights, second labels and background against NumPy in float64", .computePool)
struct RowOracleTests {
  let context = ObjectiveContext(classes: 5, pixelCounts: [4000, 900, 90, 20, 5], imageCounts: [10, 6, 3, 2, 0], images: 10)

  @Test("there are cases")
  func thereAreCases() { #expect(RowCase.all.count >= 14) }

  @Test("loss and gradient agree", arguments: RowCase.all)
  func agreement(_ expected: RowCase) throws {
    for layout in Layout.allCases {
      let objective = try ObjectiveRegistry.make(expected.name, settings: expected.settings, context: context)
      let outcome = try step([objective], [expected.batch], layout: layout)
      #expect(abs(outcome.result.loss - expected.loss) < 3e-6 * abs(expected.loss))
      #expect(relativeError(outcome.gradient, expected.gradient) < 5e-6)
    }
  }
}
