/// A table as text: aligned columns for a terminal, or Markdown.
package struct TextTable: Sendable, Equatable {
  /// One column.
  package struct Column: Sendable, Equatable {
    /// The words at its head.
    package var title: String
    /// Whether cells are pushed to the right, as numbers are.
    package var isNumeric: Bool

    /// Describes a column.
    package init(_ title: String, isNumeric: Bool = false) { (self.title, self.isNumeric) = (title, isNumeric) }
  }

  /// The columns, from left to right.
  package var columns: [Column]
  /// The rows; missing cells are empty, surplus ones are left out.
  package private(set) var rows: [[String]] = []
  private var rules: Set<Int> = []

  /// A table without rows.
  package init(columns: [Column]) { self.columns = columns }

  /// Adds a row.
  package mutating func append(_ cells: [String]) {
    rows.append(columns.indices.map { $0 < cells.count ? cells[$0] : "" })
  }

  /// Draws a line below the rows so far; Markdown has none.
  package mutating func appendRule() { rules.insert(rows.count) }

  /// Lines of aligned columns, two blanks between them, no blanks at their ends.
  package var lines: [String] {
    let widths = columns.indices.map { column in
      (rows.map { $0[column].count } + [columns[column].title.count]).max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      var text = columns.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - cells[column].count)
        return columns[column].isNumeric ? padding + cells[column] : cells[column] + padding
      }.joined(separator: "  ")
      while text.last == " " { text.removeLast() }
      return text
    }
    let rule = String(repeating: "-", count: widths.reduce(0, +) + 2 * max(columns.count - 1, 0))
    var result = [line(columns.map(\.title)), rule]
    for (place, row) in rows.enumerated() {
      if rules.contains(place), place > 0 { result.append(rule) }
      result.append(line(row))
    }
    return result
  }

  /// The lines of a Markdown table. A `|` in a cell is escaped.
  package var markdownLines: [String] {
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }.joined(separator: " | ")
        + " |"
    }
    return [line(columns.map(\.title)), "|" + columns.map { $0.isNumeric ? " ---: |" : " --- |" }.joined()] + rows.map(line)
  }
}
