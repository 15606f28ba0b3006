import Foundation
import Tensors

/// The likeliest classes of an image, the likeliest first.
package struct TopClasses: Sendable, Equatable {
  /// A class with its probability.
  package struct Candidate: Sendable, Equatable {
    /// The class.
    package var label: Int
    /// Its share of the softmax.
    package var probability: Double
  }

  /// The classes; empty where the logits are not numbers.
  package let candidates: [Candidate]

  /// The likeliest classes of a row of logits; of equally likely ones the lower number comes first.
  /// - Parameters:
  ///   - logits: one a class.
  ///   - count: how many classes are wanted.
  package init(logits: [Float], count: Int) {
    guard let most = logits.max(), !logits.contains(where: { $0.isNaN || $0 == .infinity }), most > -.infinity else {
      candidates = []
      return
    }
    let sum = logits.reduce(0.0) { $0 + exp(Double($1) - Double(most)) }
    let ranked = logits.indices.sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }
    candidates = ranked.prefix(count).map { Candidate(label: $0, probability: exp(Double(logits[$0]) - Double(most)) / sum) }
  }
}

/// A table of predictions as comma-separated values (RFC 4180): `image`, then `label` where labels are known, then for each rank its class
/// and probability.
package enum PredictionTable {
  /// The line of headings.
  package static func headings(count: Int, hasLabels: Bool) -> String {
    (["image"] + (hasLabels ? ["label"] : []) + (1...max(1, count)).flatMap { ["class\($0)", "probability\($0)"] }).joined(separator: ",")
      + "\n"
  }

  /// The line of an image.
  /// - Parameters:
  ///   - name: of the image.
  ///   - label: the name of its class, where the table has labels.
  ///   - top: its likeliest classes; cells of missing ones stay empty.
  ///   - count: how many the table has.
  ///   - classNames: names of all classes.
  package static func line(name: String, label: String?, top: TopClasses, count: Int, classNames: [String]) -> String {
    var cells = [name] + (label.map { [$0] } ?? [])
    for rank in 0..<max(1, count) {
      if top.candidates.indices.contains(rank) {
        let candidate = top.candidates[rank]
        cells += [classNames[candidate.label], PredictionTable.digits(candidate.probability)]
      } else {
        cells += ["", ""]
      }
    }
    return cells.map(quoted).joined(separator: ",") + "\n"
  }

  /// Six digits behind the point, whatever the place's customs are.
  private static func digits(_ probability: Double) -> String {
    let millionths = Int((probability * 1e6).rounded())
    return "\(millionths / 1_000_000)." + String(millionths % 1_000_000, digits: 6)
  }

  private static func quoted(_ cell: String) -> String {
    guard cell.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return cell }
    return "\"" + cell.replacingOccurrences(of: "\"", with: "\"\"") + "\""
  }
}
