import Foundation

/// A file that names the classes of label numbers, one a line, perhaps with their numbers.
struct ClassNameList: Equatable {
  /// Files that are looked for beside the data, in this order.
  static let fileNames = ["classes.txt", "class_names.txt", "labels.txt", "codes.txt"]

  /// The file's name.
  var file: String
  /// The names, in the order of the lines.
  var names: [String]
  /// The number of each name, where the lines have numbers.
  var numbers: [Int]?
  /// Why the names cannot be used; nil where they can.
  var problem: String?

  /// The first such file in a folder; nil where there is none.
  static func find(in root: String) -> ClassNameList? {
    for file in fileNames where FileListing.exists("\(root)/\(file)") {
      guard let text = try? String(contentsOfFile: "\(root)/\(file)", encoding: .utf8) else {
        return ClassNameList(file: file, names: [], numbers: nil, problem: "is not a text file in UTF-8")
      }
      let list = ClassNameList(file: file, text: text)
      if !list.names.isEmpty || list.problem != nil { return list }
    }
    return nil
  }

  private init(file: String, names: [String], numbers: [Int]?, problem: String?) {
    (self.file, self.names, self.numbers, self.problem) = (file, names, numbers, problem)
  }

  /// Reads a file's text: `red`, `1 red`, `1: red`, `1,red` or `red,1`, the last two with or without a line of headings. Lines with `#` are
  /// remarks.
  init(file: String, text: String) {
    var lines = text.split(whereSeparator: \.isNewline).map { SampleList.trimmed($0) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
    self.init(file: file, names: lines, numbers: nil, problem: nil)
    if let (numbers, names) = Self.numbered(lines) ?? Self.numbered(Array(lines.dropFirst()), below: lines.first) {
      (self.numbers, self.names) = (numbers, names)
    } else {
      // What labelme's list of labels begins with has the number -1.
      if lines.first == "__ignore__" { lines.removeFirst() }
      names = lines
    }
    if Set(names).count != names.count { problem = "has one name twice" }
  }

  /// Numbers and names, where every line has both in the same order.
  /// - Parameter heading: a line above them, which has to have as many columns.
  private static func numbered(_ lines: [String], below heading: String? = nil) -> ([Int], [String])? {
    guard !lines.isEmpty else { return nil }
    let marks: Set<Character> = [":", ",", ";", "=", "\t"]
    if let heading, !heading.contains(where: marks.contains) { return nil }
    let first = lines.compactMap { line -> (Int, String)? in
      let digits = line.prefix(while: \.isWholeNumber)
      let rest = line.dropFirst(digits.count)
      guard let number = Int(digits), let mark = rest.first, marks.contains(mark) || mark == " " else { return nil }
      let name = rest.drop { marks.contains($0) || $0 == " " }
      return name.isEmpty ? nil : (number, String(name))
    }
    let last = lines.compactMap { line -> (Int, String)? in
      let digits = String(line.reversed().prefix(while: \.isWholeNumber).reversed())
      let rest = line.dropLast(digits.count)
      guard let number = Int(digits), let end = rest.lastIndex(where: { $0 != " " }), marks.contains(rest[end]) else { return nil }
      let name = SampleList.trimmed(rest[..<end])
      return name.isEmpty ? nil : (number, name)
    }
    for found in [first, last] where found.count == lines.count && Set(found.map(\.0)).count == lines.count {
      return (found.map(\.0), found.map(\.1))
    }
    return nil
  }
}
