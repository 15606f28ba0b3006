import Settings
import Tensors

/// A span of time as people write it: `11h50m`, `90m`, `45s`, `1d12h`.
public struct TimeSpan: Sendable, Equatable, CustomStringConvertible {
  /// Its length in seconds.
  public let seconds: Double
  /// As it was written.
  public let description: String

  /// Reads numbers with units: days `d`, hours `h`, minutes `m`, seconds `s`, each at most once, the largest first.
  /// - Returns: nil for any other text, and for a span of nothing.
  public init?(_ text: String) {
    let units: [(letter: Character, seconds: Double)] = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]
    var rest = text.filter { $0 != " " }[...]
    var left = units[...]
    var total = 0.0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      guard let number = Double(digits), number.isFinite, let letter = rest.first,
        let place = left.firstIndex(where: { $0.letter == letter })
      else { return nil }
      total += number * units[place].seconds
      left = units[(place + 1)...]
      rest = rest.dropFirst()
    }
    guard total > 0 else { return nil }
    seconds = total
    description = text
  }
}

extension TimeSpan: SettingConvertible {
  /// What was expected.
  public static var expectation: String { "a time such as 11h50m, 90m or 45s" }

  /// Takes a setting over.
  public init?(setting: SettingValue) {
    guard let text = setting.stringValue else { return nil }
    self.init(text)
  }

  /// The value to write.
  public var setting: SettingValue { .string(description) }

  /// More help.
  public static func hint(for setting: SettingValue) -> String? {
    setting.doubleValue == nil
      ? "write days d, hours h, minutes m and seconds s, the largest first" : "say in what unit: \(setting)m or \(setting)s"
  }
}
