import Foundation

/// Numbers as people read them. Everything is independent of the locale, so that logs are alike everywhere.
package enum Formatting {
  /// A span of time in its two largest units: `0.42 s`, `45 s`, `12 min 05 s`, `3 h 04 min`, `2 d 03 h`. `unknown` when not finite.
  /// - Parameter seconds: the span; a negative one counts as zero.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "unknown" }
    if seconds < 9.995 { return decimals(max(seconds, 0), 2) + " s" }
    let whole = Int(seconds.rounded())
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    switch whole {
    case ..<60: return "\(whole) s"
    case ..<3600: return "\(whole / 60) min \(two(whole % 60)) s"
    case ..<86_400: return "\(whole / 3600) h \(two(whole / 60 % 60)) min"
    default: return "\(whole / 86_400) d \(two(whole / 3600 % 24)) h"
    }
  }

  /// A number of bytes in binary units with three digits: `512 B`, `1.50 KiB`, `12.0 MiB`.
  package static func bytes(_ count: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var (value, unit) = (Double(count), 0)
    while abs(value) >= 1023.5, unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
    return unit == 0 ? "\(count) B" : "\(significant(value, 3)) \(units[unit])"
  }

  /// A whole number with commas between thousands: `1,234,567`.
  package static func count(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.append(String(digits.suffix(3)))
      digits.removeLast(3)
    }
    groups.append(digits)
    return (number < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
  }

  /// A share from 0 to 1 in per cent: `12.34`. The sign is left to the caller.
  package static func percent(_ share: Double, decimals places: Int = 2) -> String { decimals(share * 100, places) }

  /// A number with this many digits after the point; `nan`, `inf` and `-inf` by name.
  package static func decimals(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return name(ofNonFinite: value) }
    return String(format: "%.\(max(places, 0))f", value)
  }

  /// A number with this many digits that count, without an exponent from 0.0001 up to a million: `0.4213`, `52.10`, `9.800e-05`.
  package static func significant(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return name(ofNonFinite: value) }
    if value == 0 { return "0" }
    let size = abs(value)
    guard size >= 1e-4, size < 1e6 else { return String(format: "%.\(max(digits - 1, 0))e", value) }
    // The size after rounding decides: 9.9996 has one digit more than it seems.
    let scientific = String(format: "%.\(max(digits - 1, 0))e", value)
    let exponent = scientific.lastIndex(of: "e").flatMap { Int(scientific[scientific.index(after: $0)...]) } ?? 0
    return String(format: "%.\(max(digits - 1 - exponent, 0))f", value)
  }

  /// `1 step`, `2 steps`.
  package static func plural(_ number: Int, _ noun: String) -> String { "\(count(number)) \(noun)\(number == 1 ? "" : "s")" }

  private static func name(ofNonFinite value: Double) -> String { value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }

  /// A name that is cut off where it is longer than a chart has room for.
  package static func shortened(_ name: String, to length: Int = 21) -> String {
    name.count <= length ? name : name.prefix(length - 1) + "…"
  }
}
