import Tensors

/// Reads an objective's settings, remembers which names were asked for, and refuses the rest.
///
/// An objective asks for each of its settings once, with a default. So the list of known names is the code that reads them.
public final class SettingsReader {
  /// The objective that the settings are for.
  public let objective: String
  /// Names asked for so far, in order.
  public private(set) var known: [String] = []

  private let values: [String: SettingValue]

  /// Begins to read.
  public init(objective: String, values: [String: SettingValue]) {
    self.objective = objective
    self.values = values
  }

  /// The value of a setting, or nil if it is not set.
  public func value(_ name: String) -> SettingValue? {
    known.append(name)
    return values[name]
  }

  /// A number within a range.
  /// - Throws: `LongtailError` if it is something else or outside.
  public func number(_ name: String, default fallback: Double, in range: ClosedRange<Double>) throws -> Double {
    guard let value = value(name) else { return fallback }
    guard let number = value.doubleValue, range.contains(number) else {
      throw wrong(name, value, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// True or false.
  /// - Throws: `LongtailError` if it is something else.
  public func flag(_ name: String, default fallback: Bool) throws -> Bool {
    guard let value = value(name) else { return fallback }
    guard let flag = value.boolValue else { throw wrong(name, value, "true or false") }
    return flag
  }

  /// One of the cases of an enumeration, by name.
  /// - Throws: `LongtailError` naming the nearest case if it is something else.
  public func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, default fallback: Choice) throws -> Choice
  where Choice.RawValue == String {
    guard let value = value(name) else { return fallback }
    let names = Choice.allCases.map(\.rawValue)
    guard let text = value.stringValue else { throw wrong(name, value, "one of \(names.joined(separator: ", "))") }
    guard let choice = Choice(rawValue: text) else {
      throw LongtailError(
        .usage, "objective \(objective): \(name) is '\(text)', which is not one of its values", advice: nearestHint(text, among: names))
    }
    return choice
  }

  /// Throws if a setting is there that was not asked for, naming the nearest known one.
  public func finish() throws {
    guard let unknown = values.keys.filter({ !known.contains($0) }).min() else { return }
    let advice = known.isEmpty ? "It has no settings." : nearestHint(unknown, among: known)
    throw LongtailError(.usage, "objective \(objective) has no setting '\(unknown)'", advice: advice)
  }

  /// The error for a value of the wrong kind.
  public func wrong(_ name: String, _ value: SettingValue, _ expected: String) -> LongtailError {
    LongtailError(.usage, "objective \(objective): \(name) is \(value), but has to be \(expected)")
  }
}
