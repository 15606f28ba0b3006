import Settings
import Tensors

/// A number, or how many classes there are.
enum NumberOrClasses: SettingConvertible {
  case number(Double)
  case classes

  static let expectation = "a number, or classes"

  init?(setting: SettingValue) {
    if let number = setting.doubleValue {
      self = .number(number)
    } else if setting.stringValue == "classes" {
      self = .classes
    } else {
      return nil
    }
  }

  var setting: SettingValue {
    switch self {
    case .number(let number): .double(number)
    case .classes: "classes"
    }
  }

  /// The number.
  func value(classes: Int) -> Double {
    switch self {
    case .number(let number): number
    case .classes: Double(classes)
    }
  }
}

extension Check where Value == NumberOrClasses {
  /// A finite number within bounds; the number of classes is looked at when it is known.
  static func number(from low: Double, to high: Double = .infinity) -> Check {
    let numbers =
      high.isFinite
      ? "\(SettingValue.double(low).shortest) to \(SettingValue.double(high).shortest)" : "at least \(SettingValue.double(low).shortest)"
    return Check(range: numbers) { value in
      guard case .number(let number) = value, !(number.isFinite && number >= low && number <= high) else { return nil }
      return "a number has to be \(numbers)"
    }
  }
}

/// A number, or none.
enum NumberOrNone: SettingConvertible {
  case number(Double)
  case none

  static let expectation = "none, or a number"
  static let kind = "number, or none"

  init?(setting: SettingValue) {
    if setting.isNull || setting.stringValue == "none" {
      self = .none
    } else if let number = setting.doubleValue {
      self = .number(number)
    } else {
      return nil
    }
  }

  var setting: SettingValue {
    switch self {
    case .number(let number): .double(number)
    case .none: "none"
    }
  }
}

extension Check where Value == NumberOrNone {
  /// None, or a number within bounds.
  static func number(from low: Double, to high: Double) -> Check {
    let check = Check<NumberOrClasses>.number(from: low, to: high)
    return Check(range: check.range) { value in
      guard case .number(let number) = value else { return nil }
      return check.problem(.number(number))
    }
  }
}

extension SettingValue {
  /// Whole numbers without a fraction.
  fileprivate var shortest: String {
    guard let number = doubleValue, let whole = Int(exactly: number) else { return description }
    return "\(whole)"
  }
}

/// The index of a class, or none.
struct ClassIndex: SettingConvertible {
  /// The index; nil for none.
  var index: Int?

  static let none = ClassIndex(index: nil)
  static let expectation = "the index of a class, or none"
  static let kind = "index of a class, or none"

  init(index: Int?) { self.index = index }

  init?(setting: SettingValue) {
    if setting.isNull || setting.stringValue == "none" {
      index = nil
    } else if let number = setting.intValue {
      index = number
    } else {
      return nil
    }
  }

  var setting: SettingValue { index.map { .int($0) } ?? "none" }

  /// The index, where there is such a class.
  /// - Throws: `LongtailError` elsewhere.
  func checked(classes: Int, of objective: String) throws -> Int? {
    guard let index else { return nil }
    guard index < classes else {
      throw LongtailError(
        .usage, "objective \(objective): background is \(index), but has to be none, or the index of a class, 0 to \(classes - 1)")
    }
    return index
  }
}

extension Check where Value == ClassIndex {
  /// No index below 0.
  static var natural: Check { Check(range: "0 on") { ($0.index ?? 0) >= 0 ? nil : "it must be none, or at least 0" } }
}
