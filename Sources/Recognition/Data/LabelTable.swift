import Tensors

/// What a list says of images: for each line a path and a label, as it is written.
struct LabelTable {
  /// One image.
  struct Row: Equatable {
    /// Its line in the file, from 1.
    var line: Int
    /// The path as written.
    var path: String
    /// The label as written: a number or a name.
    var label: String
  }

  /// What error messages call it.
  let file: String
  /// The images, in the file's order.
  let rows: [Row]

  /// Reads a list with a path and a label a line, apart by blanks or a tab: the label is what stands behind the last of them. Empty lines
  /// and those that begin with `#` are left out.
  /// - Throws: `.badData` naming a line without a label, or a list without an image.
  init(list text: String, file: String) throws {
    var rows: [Row] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = LabelTable.trimmed(line)
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let gap = line.lastIndex(where: { $0 == " " || $0 == "\t" }) else {
        throw LongtailError(
          .badData, "\(file):\(index + 1): '\(line)' has no label",
          advice: "Each line has a path, a blank and a label, such as: cat/1.jpg 3")
      }
      rows.append(
        Row(line: index + 1, path: String(LabelTable.trimmed(line[..<gap])), label: String(line[line.index(after: gap)...])))
    }
    guard !rows.isEmpty else { throw LongtailError(.badData, "\(file): no images in it") }
    (self.file, self.rows) = (file, rows)
  }

  /// The classes of labels, and each row's class.
  ///
  /// With names given, labels are those names or their numbers. Without, labels that are all whole numbers are the classes 0 to the
  /// greatest, and others are names, in the order of their bytes.
  /// - Parameter classes: the names of the classes; nil takes them from the labels.
  /// - Throws: `.badData` naming a line whose label is not a class.
  func labels(classes: [String]?) throws -> (classes: [String], labels: [Int32]) {
    let numbers = try rows.map { row in
      let number = Int(row.label)
      if classes == nil, number == nil, !row.label.isEmpty, row.label.utf8.allSatisfy({ (48...57).contains($0) }) { throw noClass(row) }
      return number
    }
    if let classes {
      let places = Dictionary(classes.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
      return (
        classes,
        try rows.indices.map { index in
          if let place = places[rows[index].label] { return Int32(place) }
          if let number = numbers[index], classes.indices.contains(number) { return Int32(number) }
          throw LongtailError(
            .badData, "\(file):\(rows[index].line): label '\(rows[index].label)' is none of the \(classes.count) classes",
            advice: nearest(rows[index].label, among: classes).map { "Did you mean '\($0)'?" })
        }
      )
    }
    if numbers.allSatisfy({ $0 != nil }) {
      let known = numbers.compactMap(\.self)
      if let index = known.firstIndex(where: { $0 < 0 || $0 >= LabelTable.mostClasses }) {
        throw noClass(rows[index])
      }
      return ((0...(known.max() ?? 0)).map(String.init), known.map { Int32($0) })
    }
    let names = Array(Set(rows.map(\.label))).sorted()
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, Int32($0.offset)) })
    return (names, rows.map { places[$0.label] ?? 0 })
  }

  private func noClass(_ row: Row) -> LongtailError {
    LongtailError(
      .badData, "\(file):\(row.line): label \(row.label) is not a class",
      advice: "Labels are numbers from 0 to \(LabelTable.mostClasses - 1), or names.")
  }

  /// The first row whose label is a name.
  var firstName: Row? { rows.first { Int($0.label) == nil } }

  /// More classes than any data set has: a larger number is not a label.
  static let mostClasses = 1_000_000

  static func trimmed<Text: StringProtocol>(_ text: Text) -> Substring where Text.SubSequence == Substring {
    guard let first = text.firstIndex(where: { !$0.isWhitespace }), let last = text.lastIndex(where: { !$0.isWhitespace }) else {
      return ""
    }
    return text[first...last]
  }
}
