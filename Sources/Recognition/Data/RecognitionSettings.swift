import Datasets
import Tensors

/// Settings of a data set for recognition, read with messages that name data set and key. A key that is `null` counts as not given.
package struct RecognitionSettings: Sendable {
  let dataset: String
  let values: [String: SettingValue]

  init(dataset: String, values: [String: SettingValue]) {
    self.dataset = dataset
    self.values = values.filter { !$0.value.isNull }
  }

  /// Text, or nil where the key is not given; numbers count as the text that they are written as.
  func text(_ key: String) throws -> String? {
    guard let value = values[key] else { return nil }
    switch value {
    case .string(let text): return text
    case .int(let number): return String(number)
    default: throw wrong(key, "must be a text, not \(value.kind)")
    }
  }

  /// Text that must be given.
  func requiredText(_ key: String) throws -> String {
    guard let text = try text(key), !text.isEmpty else { throw wrong(key, "is missing") }
    return text
  }

  /// A whole number within a range, or nil where the key is not given.
  func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = values[key] else { return nil }
    guard let number = value.intValue else { throw wrong(key, "must be a whole number, not \(value.kind)") }
    guard range.contains(number) else {
      throw wrong(key, "is \(number), but must lie between \(range.lowerBound) and \(range.upperBound)")
    }
    return number
  }

  /// A number within a range, or nil where the key is not given.
  func number(_ key: String, in range: Range<Double>) throws -> Double? {
    guard let value = values[key] else { return nil }
    guard let number = value.doubleValue else { throw wrong(key, "must be a number, not \(value.kind)") }
    guard range.contains(number) else {
      throw wrong(key, "is \(number), but must be at least \(range.lowerBound) and below \(range.upperBound)")
    }
    return number
  }

  /// Names of classes: a list, or the path of a file with one a line; nil where the key is not given.
  func classNames(path: (String) -> String) throws -> [String]? {
    guard let value = values["classes"] else { return nil }
    if let file = value.stringValue { return try ListedImages.classNames(path(file)) }
    guard let list = value.listValue, !list.isEmpty else {
      throw wrong("classes", "must be a list of names or the path of a file with one a line, not \(value.kind)")
    }
    return try list.enumerated().map { index, entry in
      switch entry {
      case .string(let text): return text
      case .int(let number): return String(number)
      default: throw wrong("classes", "has an entry that is not a name: number \(index)")
      }
    }
  }

  func wrong(_ key: String, _ problem: String, advice: String? = nil) -> LongtailError {
    LongtailError(.usage, "data set \(dataset): \(key) \(problem)", advice: advice)
  }
}
