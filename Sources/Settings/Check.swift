import Tensors

/// One condition that a value has to meet, with the words for when it does not.
public struct Check<Value>: Sendable {
  /// What is wrong with a value, as the end of the sentence "`key` is 0, ...", or nil when nothing is.
  public let problem: @Sendable (Value) -> String?
  /// Which values meet it, in a few words for a listing, such as `at least 1`; nil where words would say no more than the meaning does.
  public let range: String?

  /// A condition, with the words for when it is not met, and which values meet it in a few words.
  public init(range: String? = nil, _ problem: @escaping @Sendable (Value) -> String?) {
    self.range = range
    self.problem = problem
  }
}

extension Check where Value: Comparable & Sendable {
  /// At least `bound`; `remedy` says what to do instead.
  public static func atLeast(_ bound: Value, _ remedy: String? = nil) -> Check {
    Check(range: "at least \(short(bound))") { $0 >= bound ? nil : sentence("it must be at least \(bound)", remedy) }
  }

  /// More than `bound`.
  public static func above(_ bound: Value, _ remedy: String? = nil) -> Check {
    Check(range: "above \(short(bound))") { $0 > bound ? nil : sentence("it must be greater than \(bound)", remedy) }
  }

  /// From `low` up to and including `high`.
  public static func between(_ low: Value, _ high: Value, _ remedy: String? = nil) -> Check {
    Check(range: "\(short(low)) to \(short(high))") {
      $0 >= low && $0 <= high ? nil : sentence("it must lie between \(low) and \(high)", remedy)
    }
  }

  /// From `low` up to but not including `high`.
  public static func between(_ low: Value, below high: Value, _ remedy: String? = nil) -> Check {
    Check(range: "[\(short(low)), \(short(high)))") {
      $0 >= low && $0 < high ? nil : sentence("it must be at least \(low) and below \(high)", remedy)
    }
  }

  /// One of a few values.
  public static func oneOf(_ values: [Value], _ remedy: String? = nil) -> Check {
    let texts = values.map(short)
    let list = (texts.count > 1 ? texts.dropLast().joined(separator: ", ") + " or " : "") + (texts.last ?? "")
    return Check(range: list) { values.contains($0) ? nil : sentence("it must be \(list)", remedy) }
  }

  /// A bound for a listing: whole numbers without a fraction, very large ones as powers of ten.
  private static func short(_ bound: Value) -> String {
    guard let number = bound as? Double else { return "\(bound)" }
    return abs(number) < 1e9 ? Int(exactly: number).map(String.init) ?? "\(number)" : "\(number)"
  }
}

extension Check where Value == Double {
  /// A number that is neither infinite nor undefined.
  public static var finite: Check { Check { $0.isFinite ? nil : "it must be finite" } }
}

extension Check where Value == String {
  /// Anything but an empty text.
  public static var notEmpty: Check { Check { $0.trimmed.isEmpty ? "it must not be empty" : nil } }

  /// A path that the file system takes as it stands.
  public static var path: Check {
    Check(range: "a path") { path in
      if path.trimmed.isEmpty { return "it must not be empty; leave the key out if there is no path" }
      return path.hasPrefix("~") ? "`~` only means the home directory to a shell; write the whole path" : nil
    }
  }
}

extension Check {
  /// Every element meets a condition.
  public static func each<Element: Sendable>(_ check: Check<Element>) -> Check where Value == [Element] {
    Check(range: check.range.map { "each \($0)" }) { values in
      for (place, value) in values.enumerated() {
        if let problem = check.problem(value) { return "element \(place + 1) is \(value), \(problem)" }
      }
      return nil
    }
  }

  /// A list of exactly this many elements.
  public static func count<Element: Sendable>(_ count: Int, _ remedy: String) -> Check where Value == [Element] {
    Check(range: "\(count) elements: \(remedy)") { $0.count == count ? nil : sentence("it must have \(count) elements", remedy) }
  }
}

private func sentence(_ condition: String, _ remedy: String?) -> String {
  remedy.map { "\(condition): \($0)" } ?? condition
}

extension String {
  /// Without blanks at either end.
  package var trimmed: String {
    var rest = self[...]
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return String(rest)
  }
}
