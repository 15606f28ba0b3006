/// A piece of well-formed HTML or SVG: elements are closed, text and attributes are escaped, so that no name can break a page.
package struct Markup: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  /// The piece as it is written.
  package let text: String

  private init(raw: String) { text = raw }

  /// Text that is shown as it is.
  package init(_ content: String) { text = Markup.escaped(content) }

  /// Text that is shown as it is.
  package init(stringLiteral value: String) { self.init(value) }

  /// Several pieces one after the other.
  package init(_ parts: [Markup]) { text = parts.map(\.text).joined() }

  /// An element. One without content closes itself, where HTML allows that too.
  package static func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: [Markup] = []) -> Markup {
    let list = attributes.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined()
    let isVoid = ["meta", "img", "br", "line", "rect", "polyline", "circle"].contains(name)
    if content.isEmpty, isVoid { return Markup(raw: "<\(name)\(list)/>") }
    return Markup(raw: "<\(name)\(list)>" + content.map(\.text).joined() + "</\(name)>")
  }

  /// A style sheet of our own; it must not hold `<` or `&`.
  package static func style(_ rules: String) -> Markup { Markup(raw: "<style>\n\(rules)\n</style>") }

  /// A line end, for people who read the source.
  package static let newline = Markup(raw: "\n")

  /// Text in which no character means anything.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      // Other control characters must not occur in XML, not even escaped.
      case "\t", "\n", "\r": result.unicodeScalars.append(character)
      case _ where character.value < 32 || character.value == 0xFFFE || character.value == 0xFFFF: result += "\u{FFFD}"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
