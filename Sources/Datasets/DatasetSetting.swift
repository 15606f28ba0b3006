import Tensors

/// A value in the settings of a data set, as configuration files have them.
public enum DatasetSetting: Sendable, Equatable {
  /// Text.
  case text(String)
  /// A whole number.
  case integer(Int)
  /// A number.
  case real(Double)
  /// Yes or no.
  case flag(Bool)
  /// Several values.
  case list([DatasetSetting])
  /// Values with names.
  case table([String: DatasetSetting])

  /// What kind of value it is, for messages.
  var kind: String {
    switch self {
    case .text: return "text"
    case .integer: return "a whole number"
    case .real: return "a number"
    case .flag: return "true or false"
    case .list: return "a list"
    case .table: return "a table"
    }
  }

  /// The value as short text: names and numbers; nil for lists and tables.
  var scalarText: String? {
    switch self {
    case .text(let text): return text
    case .integer(let number): return String(number)
    case .real(let number): return String(number)
    case .flag(let flag): return String(flag)
    case .list, .table: return nil
    }
  }
}

extension DatasetSetting: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .real(value) }
  /// Yes or no.
  public init(booleanLiteral value: Bool) { self = .flag(value) }
  /// Several values.
  public init(arrayLiteral elements: DatasetSetting...) { self = .list(elements) }
  /// Values with names; of equal names the last one counts.
  public init(dictionaryLiteral elements: (String, DatasetSetting)...) {
    self = .table(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
}

/// Settings of one data set, read with messages that name data set and key.
public struct DatasetSettings: Sendable {
  let dataset: String
  let values: [String: DatasetSetting]

  /// Puts values together with the name of the data set that they are for.
  public init(dataset: String, values: [String: DatasetSetting]) {
    self.dataset = dataset
    self.values = values
  }

  /// Whether a key is given.
  public func has(_ key: String) -> Bool { values[key] != nil }

  /// Text, or nil where the key is not given.
  /// - Throws: `.usage` for another kind of value.
  public func text(_ key: String) throws -> String? {
    guard let value = values[key] else { return nil }
    guard case .text(let text) = value else { throw wrong(key, "must be text, not \(value.kind)") }
    return text
  }

  /// Text that must be given.
  /// - Throws: `.usage` where it is not.
  public func requiredText(_ key: String) throws -> String {
    guard let text = try text(key), !text.isEmpty else { throw wrong(key, "is missing") }
    return text
  }

  /// A whole number within a range, or nil where the key is not given.
  /// - Throws: `.usage` for anything else.
  public func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = values[key] else { return nil }
    guard case .integer(let number) = value else { throw wrong(key, "must be a whole number, not \(value.kind)") }
    guard range.contains(number) else {
      throw wrong(key, "is \(number), but must lie between \(range.lowerBound) and \(range.upperBound)")
    }
    return number
  }

  /// A list, or nil where the key is not given.
  /// - Throws: `.usage` for another kind of value.
  public func list(_ key: String) throws -> [DatasetSetting]? {
    guard let value = values[key] else { return nil }
    guard case .list(let list) = value else { throw wrong(key, "must be a list, not \(value.kind)") }
    return list
  }

  /// A table, or nil where the key is not given.
  /// - Throws: `.usage` for another kind of value.
  public func table(_ key: String) throws -> [String: DatasetSetting]? {
    guard let value = values[key] else { return nil }
    guard case .table(let table) = value else { throw wrong(key, "must be a table, not \(value.kind)") }
    return table
  }

  /// An error about a key.
  func wrong(_ key: String, _ problem: String, advice: String? = nil) -> LongtailError {
    LongtailError(.usage, "data set \(dataset): \(key) \(problem)", advice: advice)
  }
}
