import Tensors

extension LabelTable {
  /// Names of the column that holds paths.
  static let pathColumns = ["path", "file", "filename", "file_name", "image", "image_path", "img", "image_id", "id", "name"]
  /// Names of the column that holds labels.
  static let labelColumns = ["label", "class", "category", "target", "class_name", "label_name", "class_id", "category_id", "species"]
  /// Names of the column that says which split an image is of.
  static let splitColumns = ["split", "set", "subset", "partition"]

  /// Reads a table of comma-separated values (RFC 4180): a line of headings, quotes around cells that hold commas, and perhaps a column
  /// that tells the splits apart.
  /// - Parameters:
  ///   - pathColumn: the heading of the paths; nil looks for a usual one.
  ///   - labelColumn: the heading of the labels; nil looks for a usual one.
  ///   - splitColumn: the heading of the splits; nil looks for a usual one, and takes all images for one split where there is none.
  /// - Returns: a table for each word of the split's column; under "" where there is no such column.
  /// - Throws: `.badData` naming what is missing, and where.
  static func tables(
    csv text: String, file: String, pathColumn: String? = nil, labelColumn: String? = nil, splitColumn: String? = nil
  ) throws -> [String: LabelTable] {
    let records = try CSVText(text, file: file).records
    guard let headings = records.first?.cells, records.count > 1 else {
      throw LongtailError(.badData, "\(file): no images in it", advice: "The first line holds headings, such as path,label.")
    }
    func column(_ kind: String, _ wanted: String?, _ usual: [String]) throws -> Int? {
      if let wanted {
        guard let place = headings.firstIndex(of: wanted) else {
          throw LongtailError.unknownName("column", wanted, known: headings, at: file, code: .badData)
        }
        return place
      }
      let folded = headings.map { $0.lowercased() }
      return usual.compactMap { folded.firstIndex(of: $0) }.first
    }
    guard let path = try column("path", pathColumn, pathColumns), let label = try column("label", labelColumn, labelColumns) else {
      throw LongtailError(
        .badData, "\(file): its headings \(headings.joined(separator: ", ")) do not say which columns are path and label",
        advice: "Name them: data.settings.pathColumn and labelColumn.")
    }
    let split = try column("split", splitColumn, splitColumns)
    var rows: [String: [Row]] = [:]
    for record in records.dropFirst() {
      guard record.cells.count == headings.count else {
        throw LongtailError(.badData, "\(file):\(record.line): \(record.cells.count) cells under \(headings.count) headings")
      }
      let row = Row(line: record.line, path: record.cells[path], label: record.cells[label])
      guard !row.path.isEmpty, !row.label.isEmpty else {
        throw LongtailError(.badData, "\(file):\(record.line): an empty cell where \(row.path.isEmpty ? "the path" : "the label") belongs")
      }
      rows[split.map { record.cells[$0].lowercased() } ?? "", default: []].append(row)
    }
    return rows.mapValues { LabelTable(file: file, rows: $0) }
  }

  private init(file: String, rows: [Row]) { (self.file, self.rows) = (file, rows) }
}

/// Comma-separated values, divided into cells.
struct CSVText {
  /// A line, or several where a quoted cell holds line breaks.
  struct Record: Equatable {
    /// The line that it begins in, from 1.
    var line: Int
    /// Its cells, without quotes.
    var cells: [String]
  }

  /// The records, the headings first; empty lines are left out.
  private(set) var records: [Record] = []

  /// - Throws: `.badData` for a quote that is never closed, or text behind a closing one.
  init(_ text: String, file: String) throws {
    var cells: [String] = []
    var cell = ""
    var line = 1
    var start = 1
    // Nothing yet, in a plain cell, within quotes, behind the closing quote.
    enum Place { case empty, plain, quoted, closed }
    var place = Place.empty
    func finish(_ records: inout [Record]) {
      cells.append(cell)
      if cells != [""] { records.append(Record(line: start, cells: cells)) }
      (cells, cell, place) = ([], "", .empty)
    }
    for character in text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...] {
      let isBreak = character.isNewline
      if isBreak { line += 1 }
      switch (place, character) {
      case (.quoted, "\""): place = .closed
      case (.quoted, _): cell.append(character)
      case (.closed, "\""):
        cell.append("\"")
        place = .quoted
      case (_, ","):
        cells.append(cell)
        (cell, place) = ("", .empty)
      case (_, _) where isBreak:
        finish(&records)
        start = line
      case (.closed, _):
        throw LongtailError(.badData, "\(file):\(line): text behind a closing quote", advice: "Double the quotes inside a quoted cell.")
      case (.empty, "\""): place = .quoted
      default:
        cell.append(character)
        place = .plain
      }
    }
    if place == .quoted { throw LongtailError(.badData, "\(file):\(start): a quote is never closed") }
    if place != .empty || !cells.isEmpty { finish(&records) }
  }
}
