import Foundation
import Tensors

/// A text file that names samples, one a line, perhaps with more columns behind the name.
///
/// Names may hold blanks, so that a line says by itself where its name ends only where it has quotes or a tab. Whoever reads a list asks
/// for the ways to divide a line and takes the one that fits the files that there are.
struct SampleList {
  /// A line that is not empty.
  struct Line {
    /// Its place in the file, from 1.
    let number: Int
    /// Its text, without blanks around it.
    let text: String

    /// Whether it is a remark, unless there is a file of that name.
    var mayBeRemark: Bool { text.hasPrefix("#") }
    /// The ways to divide it, the whole line first.
    var columns: [Columns] { Columns.all(of: text) }
  }

  /// A first column, and what stands behind it.
  struct Columns {
    /// The column, without quotes.
    var name: String
    /// The rest of the line, without blanks around it.
    var rest: String
    /// Whether the line itself says where the column ends: by quotes, by a tab, or because nothing follows.
    var isMarked: Bool

    /// Whether it is the whole text as it stands.
    var isWhole: Bool { isMarked && rest.isEmpty && !isQuoted }
    /// Whether the column's end is plain: it is marked, or the name ends like an image's.
    var isDelimited: Bool { isMarked || FileListing.isImageName(name) }
    private var isQuoted = false

    private init(name: String, rest: String, isMarked: Bool, isQuoted: Bool = false) {
      (self.name, self.rest, self.isMarked, self.isQuoted) = (name, rest, isMarked, isQuoted)
    }

    /// The ways to divide a text: as a whole, at closing quotes, at a tab, at blanks, the longest name first.
    static func all(of text: String) -> [Columns] {
      var found = [Columns(name: text, rest: "", isMarked: true)]
      if let quoted = quoted(text) { return found + [quoted] }
      if let tab = text.firstIndex(of: "\t") {
        let (name, rest) = (trimmed(text[..<tab]), trimmed(text[text.index(after: tab)...]))
        return found + [Columns(name: unquoted(name), rest: rest, isMarked: true, isQuoted: true)]
      }
      let words = text.split(separator: " ")
      for place in words.indices.dropFirst().reversed() {
        let name = String(text[..<words[place - 1].endIndex])
        found.append(Columns(name: name, rest: String(text[words[place].startIndex...]), isMarked: false))
      }
      return found
    }

    /// A text that begins with a quoted name.
    private static func quoted(_ text: String) -> Columns? {
      guard let mark = text.first, mark == "\"" || mark == "'" else { return nil }
      let inside = text[text.index(after: text.startIndex)...]
      guard let end = inside.firstIndex(of: mark) else { return nil }
      let rest = inside[inside.index(after: end)...]
      guard rest.isEmpty || rest.first == " " || rest.first == "\t" || rest.first == "," else { return nil }
      let behind = trimmed(rest.first == "," ? rest.dropFirst() : rest)
      return Columns(name: String(inside[..<end]), rest: behind, isMarked: true, isQuoted: true)
    }

    private static func unquoted(_ text: String) -> String {
      guard let found = quoted(text), found.rest.isEmpty else { return text }
      return found.name
    }

    /// The words of the rest, where each is a number as columns hold them: `1`, `-1`, `0.5`, but not `01`.
    var numbers: [Substring]? {
      let words = rest.split(whereSeparator: \.isWhitespace)
      let areNumbers = words.allSatisfy { word in
        Int(word).map { "\($0)" == word } ?? (word.contains(".") && Double(word) != nil)
      }
      return areNumbers ? words : nil
    }

    /// Whether nothing follows but numbers.
    var endsWithNumbers: Bool { numbers != nil }
  }

  /// The file.
  let path: String
  /// Its lines in order, without empty ones.
  let lines: [Line]

  /// Reads a list.
  /// - Throws: `.missingInput`, `.badData` where it is not a text.
  init(contentsOf path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else { throw LongtailError(.missingInput, "\(path): there is no such list") }
    guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
      throw LongtailError(.badData, "\(path): not a text file in UTF-8")
    }
    self.path = path
    let content = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    lines = content.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().compactMap { place, line in
      let text = SampleList.trimmed(line)
      return text.isEmpty ? nil : Line(number: place + 1, text: text)
    }
  }

  /// An error about a line.
  func error(_ line: Line, _ code: LongtailError.Code, _ problem: String, advice: String? = nil) -> LongtailError {
    LongtailError(code, "\(path), line \(line.number): \(problem)", advice: advice)
  }

  /// Without blanks, tabs and invisible marks at both ends.
  static func trimmed(_ text: some StringProtocol) -> String {
    text.trimmingCharacters(in: CharacterSet(charactersIn: " \t\u{FEFF}\u{200B}"))
  }
}
