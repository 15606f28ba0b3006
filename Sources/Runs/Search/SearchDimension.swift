import Foundation
import Tensors

/// A key of a configuration with the values that a search may give it.
package struct SearchDimension: Sendable, Equatable {
  /// What it may be.
  package enum Domain: Sendable, Equatable {
    /// One of these.
    case values([String])
    /// Any number between two.
    case range(NumberRange)
  }

  /// The numbers between two, both included.
  package struct NumberRange: Sendable, Equatable {
    /// The least.
    package var low: Double
    /// The largest.
    package var high: Double
    /// Whether ratios count instead of differences: as many numbers from 0.001 to 0.01 as from 0.01 to 0.1.
    package var isLogarithmic: Bool
    /// Whether only whole numbers count.
    package var isWhole: Bool
  }

  /// The key: `optimizer.learningRate`.
  package let key: String
  /// What it may be.
  package let domain: Domain

  /// Reads `KEY=a,b,c`, or `KEY=low..high`, or `KEY=low..high,log`. Commas in brackets, braces and quotes are part of a value. A range
  /// between two numbers without a point and an exponent is one of whole numbers.
  /// - Throws: `LongtailError(.usage)` for another form, for values named twice, and for ranges that hold nothing.
  package init(parsing text: String) throws {
    guard let mark = text.firstIndex(of: "="), mark > text.startIndex else {
      throw LongtailError(
        .usage, "--search \(text) is not KEY=values", advice: "Such as --search optimizer.learningRate=0.001,0.003 or =1e-4..1e-2,log.")
    }
    key = text[..<mark].trimmingCharacters(in: .whitespaces)
    let parts = SearchDimension.parts(text[text.index(after: mark)...])
    guard !parts.contains("") else {
      throw LongtailError(.usage, "--search \(text): a value is empty", advice: "Write null for no value, '' for an empty text.")
    }
    if let range = try SearchDimension.range(parts, of: text) {
      domain = .range(range)
      return
    }
    for (place, part) in parts.enumerated() where parts[..<place].contains(part) {
      throw LongtailError(.usage, "--search \(text): the value \(part) is there twice")
    }
    domain = .values(parts)
  }

  /// Whether the other key lies within what this one decides.
  func holds(_ other: SearchDimension) -> Bool { other.key.hasPrefix("\(key).") }

  /// The value for a random number.
  /// - Parameter share: uniform in [0, 1).
  func value(at share: Double) -> String {
    switch domain {
    case .values(let values): return values[min(values.count - 1, Int(share * Double(values.count)))]
    case .range(let range):
      // Whole numbers have an interval of length 1 each.
      let (low, high) = range.isWhole ? (range.low - 0.5, range.high + 0.5) : (range.low, range.high)
      let drawn = range.isLogarithmic ? low * exp(share * log(high / low)) : low + share * (high - low)
      let kept = min(range.high, max(range.low, drawn))
      if range.isWhole { return String(format: "%.0f", kept.rounded()) }
      // Four digits are enough to tell them apart, and the text is the value.
      let text = String(format: "%.4g", kept)
      return Double(text).map { (range.low...range.high).contains($0) } ?? false ? text : "\(kept)"
    }
  }

  /// Cuts at commas outside of brackets, braces and quotes.
  private static func parts(_ text: Substring) -> [String] {
    var parts = [""]
    var depth = 0
    var quote: Character?
    for character in text {
      if let open = quote {
        if character == open { quote = nil }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if "[{".contains(character) {
        depth += 1
      } else if "]}".contains(character) {
        depth -= 1
      } else if character == ",", depth == 0 {
        parts.append("")
        continue
      }
      parts[parts.count - 1].append(character)
    }
    return parts.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  private static func range(_ parts: [String], of text: String) throws -> NumberRange? {
    guard let first = parts.first, let mark = first.range(of: ".."), parts.count <= 2 else { return nil }
    let ends = [first[..<mark.lowerBound], first[mark.upperBound...]].map(String.init)
    guard let low = Double(ends[0]), let high = Double(ends[1]) else { return nil }
    guard parts.count == 1 || parts[1] == "log" else {
      throw LongtailError(.usage, "--search \(text): '\(parts[1])' after a range", advice: "Only log may stand there.")
    }
    let isLogarithmic = parts.count == 2
    guard low < high, low.isFinite, high.isFinite else {
      throw LongtailError(
        .usage, "--search \(text): there is no number from \(ends[0]) to \(ends[1])", advice: "Write the smaller one first.")
    }
    guard !isLogarithmic || low > 0 else {
      throw LongtailError(.usage, "--search \(text): a logarithmic range begins above 0")
    }
    return NumberRange(low: low, high: high, isLogarithmic: isLogarithmic, isWhole: ends.allSatisfy { Int($0) != nil })
  }
}
