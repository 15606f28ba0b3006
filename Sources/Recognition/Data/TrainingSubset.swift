import Datasets
import Foundation
import Tensors

/// The names and classes of the training images that a run uses, with a digest: what makes two runs comparable.
///
/// Written as text, one `name label` a line, below a line with the digest. Names are those inside the data set, so that a list made on one
/// machine finds the same images of another copy.
package struct TrainingSubset: Sendable, Equatable {
  /// The images' names, in the data set's order.
  package let names: [String]
  /// Their classes.
  package let labels: [Int32]
  /// SHA-256 of the lines, sorted.
  package let digest: SHA256Digest

  private static let title = "# Longtail training subset, SHA-256 "

  /// Takes the images of a part.
  package init(_ part: LabelledImages.Part) throws {
    try self.init(names: part.names, labels: part.labels)
  }

  private init(names: [String], labels: [Int32]) throws {
    (self.names, self.labels) = (names, labels)
    digest = try SHA256Digest(of: TrainingSubset.lines(names, labels).sorted().joined())
  }

  private static func lines(_ names: [String], _ labels: [Int32]) -> [String] { zip(names, labels).map { "\($0) \($1)\n" } }

  /// The text of its file.
  package var text: String { TrainingSubset.title + "\(digest)\n" + TrainingSubset.lines(names, labels).joined() }

  /// Reads the text of such a file, or a list of paths and labels that others wrote.
  /// - Parameter file: what error messages call it.
  /// - Throws: `.badData` where a line is none, a name occurs twice, or the digest is another one.
  package init(text: String, file: String) throws {
    let table = try LabelTable(list: text, file: file)
    var seen = Set<String>()
    for row in table.rows where !seen.insert(row.path).inserted {
      throw LongtailError(.badData, "\(file):\(row.line): \(row.path) is named twice", advice: "Each image belongs to a subset once.")
    }
    try self.init(
      names: table.rows.map(\.path),
      labels: table.rows.map { row in
        guard let label = Int32(row.label), label >= 0 else {
          throw LongtailError(.badData, "\(file):\(row.line): label '\(row.label)' is not a number")
        }
        return label
      })
    let first = text.prefix(while: { !$0.isNewline })
    if first.hasPrefix(TrainingSubset.title), first.dropFirst(TrainingSubset.title.count) != Substring("\(digest)") {
      throw LongtailError(
        .badData, "\(file): its lines do not have the digest that it names: it was changed",
        advice: "Take the list of the run again, or remove its first line if the change is meant.")
    }
  }

  /// The same images of a part of a data set.
  /// - Throws: `.badData` naming the first image that is not there, or is of another class there.
  package func selecting(from part: LabelledImages.Part, file: String) throws -> LabelledImages.Part {
    let places = Dictionary(part.names.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    let missing = names.filter { places[$0] == nil }
    if let first = missing.first {
      throw LongtailError(
        .badData, "\(file): \(first) is not among the training images\(missing.count > 1 ? ", and \(missing.count - 1) more are not" : "")",
        advice: "The list belongs to another data set, or to a copy whose files have other names.")
    }
    let indices = names.compactMap { places[$0] }
    for (place, index) in indices.enumerated() where part.labels[index] != labels[place] {
      throw LongtailError(
        .badData, "\(file): \(names[place]) has label \(labels[place]), but the data set says \(part.labels[index])",
        advice: "The classes of the list are in another order.")
    }
    return part.selecting(indices)
  }
}

extension LabelledImages {
  /// The same data set with a long-tailed part of its training images.
  /// - Throws: `.usage` where there are no training images.
  package func longTailed(_ longTail: LongTail) throws -> LabelledImages {
    let train = try part(.train)
    let counts = classCounts(of: .train)
    let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
    guard least > 0 else {
      let empty = counts.firstIndex(of: 0) ?? 0
      throw LongtailError(.badData, "data.longTail: class \(classes[empty]) has no training image", advice: "It is for balanced sets.")
    }
    var result = replacing(
      .train, with: train.selecting(longTail.selection(labels: train.labels, names: train.names, classCount: classes.count)))
    if least < most {
      result.remarks.append(
        "data.longTail: the classes have \(least) to \(most) training images; counts start from \(least), which all of them have")
    }
    return result
  }
}
