/// One condition that a value has to meet, with the words for when it does not.
package struct Check<Value>: Sendable {
  /// What is wrong with a value, as the end of the sentence "`key` is 0, ...", or nil when nothing is.
  package let problem: @Sendable (Value) -> String?

  package init(_ problem: @escaping @Sendable (Value) -> String?) { self.problem = problem }
}

extension Check where Value: Comparable & Sendable {
  /// At least `bound`; `remedy` says what to do instead.
  package static func atLeast(_ bound: Value, _ remedy: String? = nil) -> Check {
    Check { $0 >= bound ? nil : sentence("it must be at least \(bound)", remedy) }
  }

  /// More than `bound`.
  package static func above(_ bound: Value, _ remedy: String? = nil) -> Check {
    Check { $0 > bound ? nil : sentence("it must be greater than \(bound)", remedy) }
  }

  /// From `low` up to and including `high`.
  package static func between(_ low: Value, _ high: Value, _ remedy: String? = nil) -> Check {
    Check { $0 >= low && $0 <= high ? nil : sentence("it must lie between \(low) and \(high)", remedy) }
  }

  /// From `low` up to but not including `high`.
  package static func between(_ low: Value, below high: Value, _ remedy: String? = nil) -> Check {
    Check { $0 >= low && $0 < high ? nil : sentence("it must be at least \(low) and less than \(high)", remedy) }
  }
}

extension Check where Value == String {
  /// Anything but an empty text.
  package static var notEmpty: Check { Check { $0.trimmed.isEmpty ? "it must not be empty" : nil } }

  /// A path that the file system takes as it stands.
  package static var path: Check {
    Check { path in
      if path.trimmed.isEmpty { return "it must not be empty; leave the key out if there is no path" }
      return path.hasPrefix("~") ? "`~` only means the home directory to a shell; write the whole path" : nil
    }
  }
}

extension Check {
  /// Every element meets a condition.
  package static func each<Element: Sendable>(_ check: Check<Element>) -> Check where Value == [Element] {
    Check { values in
      for (place, value) in values.enumerated() {
        if let problem = check.problem(value) { return "element \(place + 1) is \(value), \(problem)" }
      }
      return nil
    }
  }

  /// A list of exactly so many elements.
  package static func count<Element: Sendable>(_ count: Int, _ remedy: String) -> Check where Value == [Element] {
    Check { $0.count == count ? nil : sentence("it must have \(count) elements", remedy) }
  }
}

private func sentence(_ condition: String, _ remedy: String?) -> String {
  remedy.map { "\(condition): \($0)" } ?? condition
}
