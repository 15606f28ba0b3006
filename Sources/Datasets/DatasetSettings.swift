import Tensors

/// Settings of one data set, read with messages that name data set and key. A key that is `null` counts as not given.
public struct DatasetSettings: Sendable {
  let dataset: String
  let values: [String: SettingValue]

  /// Puts values together with the name of the data set that they are for.
  public init(dataset: String, values: [String: SettingValue]) {
    self.dataset = dataset
    self.values = values.filter { !$0.value.isNull }
  }

  /// Whether a key is given.
  public func has(_ key: String) -> Bool { values[key] != nil }

  /// Text, or nil where the key is not given.
  /// - Throws: `.usage` for another kind of value.
  public func text(_ key: String) throws -> String? { try read(key, "a text") { $0.stringValue } }

  /// Text that must be given.
  /// - Throws: `.usage` where it is not.
  public func requiredText(_ key: String) throws -> String {
    guard let text = try text(key), !text.isEmpty else { throw wrong(key, "is missing") }
    return text
  }

  /// A whole number within a range, or nil where the key is not given.
  /// - Throws: `.usage` for anything else.
  public func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let number = try read(key, "a whole number", { $0.intValue }) else { return nil }
    guard range.contains(number) else {
      throw wrong(key, "is \(number), but must lie between \(range.lowerBound) and \(range.upperBound)")
    }
    return number
  }

  /// A number within a range, or nil where the key is not given.
  /// - Throws: `.usage` for anything else.
  public func number(_ key: String, in range: Range<Double>) throws -> Double? {
    guard let number = try read(key, "a number", { $0.doubleValue }) else { return nil }
    guard range.contains(number) else {
      throw wrong(key, "is \(number), but must be at least \(range.lowerBound) and below \(range.upperBound)")
    }
    return number
  }

  /// One of a few words, or the first of them where the key is not given.
  /// - Throws: `.usage` for any other, with the nearest.
  func word(_ key: String, of known: [String]) throws -> String {
    guard let value = values[key] else { return known.first ?? "" }
    guard let word = value.nameValue else { throw wrong(key, "must be one of \(known.joined(separator: ", ")), not \(value.kind)") }
    guard known.contains(word) else { throw LongtailError.unknownName(key, word, known: known, at: "data set \(dataset)") }
    return word
  }

  /// A list, or nil where the key is not given.
  /// - Throws: `.usage` for another kind of value.
  public func list(_ key: String) throws -> [SettingValue]? { try read(key, "a list") { $0.listValue } }

  /// A mapping, or nil where the key is not given.
  /// - Throws: `.usage` for another kind of value.
  public func map(_ key: String) throws -> [String: SettingValue]? { try read(key, "a mapping") { $0.mapValue } }

  /// An error about a key.
  func wrong(_ key: String, _ problem: String, advice: String? = nil) -> LongtailError {
    LongtailError(.usage, "data set \(dataset): \(key) \(problem)", advice: advice)
  }

  private func read<Kind>(_ key: String, _ expected: String, _ convert: (SettingValue) -> Kind?) throws -> Kind? {
    guard let value = values[key] else { return nil }
    guard let converted = convert(value) else { throw wrong(key, "must be \(expected), not \(value.kind)") }
    return converted
  }
}

extension SettingValue {
  /// What stands for a name: texts, but also the numbers and truth values that an unquoted name in a file may look like.
  var nameValue: String? {
    switch self {
    case .string(let text): text
    case .int(let number): String(number)
    case .double(let number): String(number)
    case .bool(let flag): String(flag)
    case .null, .list, .map: nil
    }
  }
}
