import Settings
import Tensors

/// A point of a run, or a stretch from its beginning: a number of steps, a number of epochs, or a share of all its steps.
///
/// Files write it as `4000 steps`, `160 epochs` or `80 %`. A plain whole number counts epochs where the key says so.
public enum Moment: Sendable, Equatable {
  /// Updates of the parameters.
  case steps(Int)
  /// Passes over the training samples, not necessarily whole ones.
  case epochs(Double)
  /// A share of all steps of the run, from 0 to 1.
  case share(Double)

  /// Reads a number with its unit.
  /// - Returns: nil for any other text, for numbers below 0, for parts of a step, and for shares above 100 %.
  public init?(_ text: String) {
    let compact = text.filter { $0 != " " }
    let digits = compact.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits), number.isFinite else { return nil }
    switch compact.dropFirst(digits.count) {
    case "step", "steps":
      guard let whole = Int(exactly: number) else { return nil }
      self = .steps(whole)
    case "epoch", "epochs": self = .epochs(number)
    case "%":
      guard number <= 100 else { return nil }
      self = .share(number / 100)
    default: return nil
    }
  }

  /// The step that it falls on, to the nearest one: a half goes up.
  /// - Parameters:
  ///   - stepsPerEpoch: steps of an epoch.
  ///   - totalSteps: steps of the whole run.
  public func step(stepsPerEpoch: Int, totalSteps: Int) -> Int {
    switch self {
    case .steps(let count): count
    case .epochs(let count): Int((count * Double(stepsPerEpoch)).rounded())
    case .share(let share): Int((share * Double(totalSteps)).rounded())
    }
  }

  /// Whether it comes after another one, where both have one unit; nil where that depends on the run's length.
  func isAfter(_ other: Moment) -> Bool? {
    switch (self, other) {
    case (.steps(let own), .steps(let other)): own > other
    case (.epochs(let own), .epochs(let other)): own > other
    case (.share(let own), .share(let other)): own > other
    default: nil
    }
  }
}

extension Moment: CustomStringConvertible {
  /// As files write it.
  public var description: String {
    switch self {
    case .steps(let count): count == 1 ? "1 step" : "\(count) steps"
    case .epochs(let count): count == 1 ? "1 epoch" : "\(Moment.short(count)) epochs"
    case .share(let share): "\(Moment.short(share * 100)) %"
    }
  }

  /// The shortest decimal that reads back, without the fraction of a whole number. A share such as 0.07 is not to become 7.000000000000001
  /// %.
  private static func short(_ value: Double) -> String {
    let rounded = (value * 1e9).rounded() / 1e9
    return Int(exactly: rounded).map(String.init) ?? "\(rounded)"
  }
}

extension Moment: SettingConvertible {
  /// What was expected.
  public static var expectation: String { "a whole number of epochs, or a text such as 4000 steps, 2.5 epochs or 80 %" }
  /// The name of the type.
  public static var kind: String { "moment" }

  /// Takes a setting over.
  public init?(setting: SettingValue) {
    switch setting {
    case .int(let epochs) where epochs >= 0: self = .epochs(Double(epochs))
    case .string(let text): self.init(text)
    default: return nil
    }
  }

  /// Whole epochs are written as a number, as they always were.
  public var setting: SettingValue {
    if case .epochs(let count) = self, let whole = Int(exactly: count) { return .int(whole) }
    return .string(description)
  }

  /// More help.
  public static func hint(for setting: SettingValue) -> String? {
    guard case .double(let number) = setting else { return nil }
    return number <= 1 ? "write \(short(number * 100)) % for a share of the run, or \(number) epochs" : "write \(number) epochs"
  }
}

/// A length of time at the beginning of a run: as `Moment`, but a number has to say what it counts.
public struct Stretch: Sendable, Equatable {
  /// How long.
  public var length: Moment

  /// Takes the length.
  public init(_ length: Moment) { self.length = length }
}

extension Stretch: SettingConvertible {
  /// What was expected.
  public static var expectation: String { "a text such as 500 steps, 5 epochs or 3 %" }
  /// The name of the type.
  public static var kind: String { "length of time" }
  /// Takes a setting over.
  public init?(setting: SettingValue) {
    guard let length = setting.stringValue.flatMap(Moment.init) else { return nil }
    self.init(length)
  }
  /// The value to write.
  public var setting: SettingValue { .string(length.description) }
  /// More help.
  public static func hint(for setting: SettingValue) -> String? {
    setting.doubleValue == nil ? nil : "say what it counts: \(setting) epochs, or \(setting) steps"
  }
}

extension Check where Value == Moment {
  /// After the beginning of the run.
  static var late: Check {
    Check { moment in
      switch moment {
      case .steps(let count) where count < 1: "it must be at least 1"
      case .epochs(let count) where count <= 0: "it must be at least 1"
      case .share(let share) where share <= 0: "it must be above 0 %"
      default: nil
      }
    }
  }
}
