import Foundation
import Objectives
import Testing

/// Losses over the rows of a detector's second stage: those of `Oracle/make_proposal_values.py`, and those of the folder `shared`, which
/// were compared with the references' code. Both have the same keys.
struct ProposalValues: CustomTestStringConvertible, @unchecked Sendable {
  let name: String
  let values: [String: Any]

  var testDescription: String { name }

  static let all: [ProposalValues] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let root = folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let shared = root.appendingPathComponent("shared/golden/detection_golden.json")
    var result: [ProposalValues] = []
    if let own = read(folder.appendingPathComponent("Oracle/proposals.json")) {
      result.append(.init(name: "Oracle/proposals.json", values: own))
    }
    if let part = read(shared)?["classification"] as? [String: Any] {
      result.append(.init(name: "shared", values: part))
    } else {
      print("SKIPPED losses of ../shared/golden/detection_golden.json: it is not there")
    }
    return result
  }()

  private static func read(_ url: URL) -> [String: Any]? {
    (try? Data(contentsOf: url)).flatMap { try? JSONSerialization.jsonObject(with: $0) as? [String: Any] }
  }

  /// A part by its keys.
  func part(_ keys: String...) throws -> [String: Any] {
    var part = values
    for key in keys { part = try #require(part[key] as? [String: Any], "\(name): \(keys)") }
    return part
  }

  var classes: Int { (values["frequency_of_images"] as? [Any])?.count ?? 0 }

  /// The rows, with further columns behind those of the classes.
  func batch(_ logits: [Double], columns: Int, background: Int32 = RowLabel.background) throws -> Batch {
    let key = try #require(values.keys.first { $0.hasPrefix("labels_background_is_") })
    let labels = try #require(values[key] as? [Int]).map { $0 == classes ? background : Int32($0) }
    return Batch(
      images: 1, rows: labels.count, classes: columns, logits: logits.map { Float($0) }, labels: labels, samples: [0])
  }

  var context: ObjectiveContext {
    let million = 1_000_000.0
    let frequency = (values["frequency_of_images"] as? [NSNumber] ?? []).map(\.doubleValue)
    return ObjectiveContext(
      classes: classes, imageCounts: frequency.map { Int64(($0 * million).rounded()) }, images: Int64(million), seed: 3)
  }
}
