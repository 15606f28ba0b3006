import Images
import Tensors

/// The palettes of label files, compared: in files that number their colours in an order of their own, one number means another class in
/// each.
///
/// Two files contradict each other where one number that both use has two colours, or one colour stands for two numbers. Unused entries do
/// not matter, nor does 255, which is ignored by custom and has many colours.
package struct LabelPalettes: Sendable, Codable, Equatable {
  /// Two files that give one number two colours, or one colour two numbers.
  package struct Contradiction: Sendable, Codable, Equatable {
    /// The number and its colour in one file.
    package var first: Use
    /// The number and its colour in the other.
    package var second: Use
  }

  /// A number that a file uses, with the colour that its palette gives it.
  package struct Use: Sendable, Codable, Equatable {
    /// The number.
    package var number: Int
    /// Its colour.
    package var colour: RGBColour
    /// The file.
    package var source: String
  }

  /// A palette and what is used of it.
  private struct Table: Sendable, Codable, Equatable {
    /// `RRGGBB` of each entry up to the last that is used.
    var colours: String
    /// A file for each number in use.
    var users: [Int: String]

    func colour(_ number: Int) -> Substring? {
      guard 6 * number + 6 <= colours.utf8.count else { return nil }
      let start = colours.utf8.index(colours.startIndex, offsetBy: 6 * number)
      return colours[start..<colours.utf8.index(start, offsetBy: 6)]
    }
  }

  private var tables: [Table] = []
  /// The first use of each number.
  private var uses: [Int: Use] = [:]
  /// The first file without a palette.
  package private(set) var greySource: String?
  /// The first file with one.
  package private(set) var paletteSource: String?
  /// The first contradiction that was found.
  package private(set) var contradiction: Contradiction?

  /// Palettes of which colours are looked for under other numbers; of more, only numbers are compared.
  private static let tableLimit = 64

  /// Nothing seen yet.
  package init() {}

  /// Takes note of a file.
  /// - Parameters:
  ///   - palette: its colours; empty for a grey file.
  ///   - used: the numbers that it uses.
  package mutating func add(palette: [RGBColour], used: [Int], source: String) {
    guard !palette.isEmpty else {
      greySource = greySource ?? source
      return
    }
    paletteSource = paletteSource ?? source
    let relevant = used.filter { $0 != Int(LabelImage.ignored) && $0 < palette.count }
    guard contradiction == nil, let last = relevant.max() else { return }
    let colours = palette[...last].map { String($0.hexadecimal.dropFirst()) }.joined()
    add(Table(colours: colours, users: Dictionary(relevant.map { ($0, source) }) { one, _ in one }))
  }

  private mutating func add(_ table: Table) {
    if let known = tables.firstIndex(where: { $0.colours == table.colours }) {
      let isNew = table.users.keys.contains { tables[known].users[$0] == nil }
      tables[known].users.merge(table.users) { one, _ in one }
      if !isNew { return }
    }
    for (number, source) in table.users.sorted(by: { $0.key < $1.key }) {
      guard let text = table.colour(number), let colour = RGBColour(hexadecimal: String(text)) else { continue }
      let use = Use(number: number, colour: colour, source: source)
      if let earlier = uses[number] {
        if earlier.colour != colour { return found(earlier, use) }
      } else {
        uses[number] = use
      }
      for other in tables where other.colours != table.colours {
        for (otherNumber, otherSource) in other.users.sorted(by: { $0.key < $1.key })
        where otherNumber != number && other.colour(otherNumber) == text {
          // Palettes may hold a colour twice; then both numbers have it in both.
          if other.colour(number) == text || table.colour(otherNumber) == text { continue }
          return found(Use(number: otherNumber, colour: colour, source: otherSource), use)
        }
      }
    }
    if tables.count < LabelPalettes.tableLimit, !tables.contains(where: { $0.colours == table.colours }) { tables.append(table) }
  }

  private mutating func found(_ first: Use, _ second: Use) {
    contradiction = Contradiction(first: first, second: second)
    tables = []
  }

  /// Adds what was seen of other files.
  package mutating func merge(_ other: LabelPalettes) {
    greySource = greySource ?? other.greySource
    paletteSource = paletteSource ?? other.paletteSource
    if contradiction != nil { return }
    if let found = other.contradiction {
      contradiction = found
      return
    }
    for table in other.tables where contradiction == nil { add(table) }
    for (number, use) in other.uses.sorted(by: { $0.key < $1.key }) where contradiction == nil {
      if let earlier = uses[number], earlier.colour != use.colour { found(earlier, use) } else { uses[number] = uses[number] ?? use }
    }
  }

  /// What is said of a contradiction; nil where there is none.
  package var error: LongtailError? {
    guard let contradiction else { return nil }
    let (one, other) = (contradiction.first, contradiction.second)
    let what =
      one.number == other.number
      ? "label \(one.number) is \(one.colour.hexadecimal) in the palette of \(one.source), but \(other.colour.hexadecimal) in that of "
        + other.source
      : "colour \(one.colour.hexadecimal) is label \(one.number) in the palette of \(one.source), but label \(other.number) in that of "
        + other.source
    return LongtailError(
      .badData, "\(what): the numbers of these files do not mean the same",
      advice: "Where colours are the classes, describe them as labelColours of data set folder, as longtail init does. "
        + "Where the numbers are, set labelPalettes to ignore there.")
  }

  /// What is worth a word though it need not be wrong.
  package var remark: String? {
    guard let greySource, let paletteSource else { return nil }
    return "some label files are grey, such as \(greySource), others have palettes, such as \(paletteSource): their numbers are taken to "
      + "mean the same"
  }
}
