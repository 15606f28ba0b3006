/// Images that two splits have in common, by their content: files may differ in name, format and metadata.
package struct SharedImages: Sendable, Equatable {
  /// How many images of the second split are in the first too.
  package let count: Int
  /// How many images of the second split were compared.
  package let total: Int
  /// The file of the first split, and of the second, of the first such image.
  package let example: (first: String, second: String)
  /// The splits' names.
  package let names: (first: String, second: String)

  /// Compares what was counted; nil where nothing is shared.
  package init?(_ first: LabelStatistics, of firstSplit: Split, _ second: LabelStatistics, of secondSplit: Split) {
    let known = Dictionary(first.files.contents.map { ($0.digest, $0.source) }) { one, _ in one }
    let shared = second.files.contents.filter { known[$0.digest] != nil }
    guard let one = shared.first, let source = known[one.digest] else { return nil }
    count = shared.count
    total = second.files.contents.count
    example = (source, one.source)
    names = (firstSplit.shortName, secondSplit.shortName)
  }

  /// What is wrong with that.
  package var message: String {
    let files = example.first == example.second ? example.first : "\(example.second) and \(example.first)"
    let verb = count == 1 ? "is" : "are"
    return "\(count) of \(total) \(names.second) images \(verb) among the \(names.first) images too, by content, such as "
      + "\(files): scores on \(count == 1 ? "it" : "them") say nothing about new images"
  }

  /// Whether two findings are the same.
  package static func == (one: SharedImages, other: SharedImages) -> Bool { one.message == other.message }
}
