import Tensors

/// A term of a weighted sum, as settings describe it.
struct TermSettings: Equatable {
  var name: String
  var weight: Double
  var settings: [String: SettingValue]
}

extension SettingsReader {
  /// Reads `terms` in any of its three forms: a text `crossEntropy:1, dice:0.5`; a mapping of names to weights or settings with a `weight`;
  /// a list whose entries are such texts or mappings with `name`, `weight` and `settings`.
  /// - Throws: `LongtailError` saying what is wrong with which term.
  func terms(default fallback: SettingValue) throws -> [TermSettings] {
    let value = value("terms") ?? fallback
    let terms: [TermSettings]
    switch value {
    case .string(let text): terms = try text.split(separator: ",").map { try term(String($0)) }
    case .list(let entries): terms = try entries.map { try term($0) }
    case .map(let entries):
      terms = try entries.sorted { $0.key < $1.key }.map { try term(name: $0, value: $1) }
    default: throw wrong("terms", value, "a text such as 'crossEntropy:1, dice:0.5', a mapping or a list")
    }
    guard (1...WeightedSum.largestCount).contains(terms.count) else {
      throw wrong("terms", value, "1 to \(WeightedSum.largestCount) terms")
    }
    return terms
  }

  private func term(_ text: String) throws -> TermSettings {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
    guard parts.count <= 2, let name = parts.first, !name.isEmpty else {
      throw wrong("a term", .string(text), "a name and a weight, as in 'dice:0.5'")
    }
    if parts.count == 1 { return TermSettings(name: name, weight: 1, settings: [:]) }
    guard let weight = Double(parts[1]) else { throw wrong("the weight of '\(name)'", .string(parts[1]), "a number") }
    return TermSettings(name: name, weight: try checked(weight, name), settings: [:])
  }

  private func term(_ value: SettingValue) throws -> TermSettings {
    if let text = value.stringValue { return try term(text) }
    if let entry = value.mapValue, entry.count == 1, let (name, value) = entry.first, name != "name" {
      return try term(name: name, value: value)
    }
    guard var entry = value.mapValue, let name = entry.removeValue(forKey: "name")?.stringValue else {
      throw wrong("a term", value, "a text such as 'dice:0.5', or a mapping with name, weight and settings")
    }
    if let nested = entry.removeValue(forKey: "settings") {
      guard let settings = nested.mapValue else { throw wrong("settings of '\(name)'", nested, "a mapping") }
      entry.merge(settings) { $1 }
    }
    return try term(name: name, settings: entry)
  }

  private func term(name: String, value: SettingValue) throws -> TermSettings {
    if let weight = value.doubleValue { return TermSettings(name: name, weight: try checked(weight, name), settings: [:]) }
    guard let settings = value.mapValue else { throw wrong("the term '\(name)'", value, "a weight, or settings with a weight") }
    return try term(name: name, settings: settings)
  }

  private func term(name: String, settings: [String: SettingValue]) throws -> TermSettings {
    var settings = settings
    var weight = 1.0
    if let value = settings.removeValue(forKey: "weight") {
      guard let number = value.doubleValue else { throw wrong("the weight of '\(name)'", value, "a number") }
      weight = number
    }
    return TermSettings(name: name, weight: try checked(weight, name), settings: settings)
  }

  private func checked(_ weight: Double, _ name: String) throws -> Double {
    guard weight >= 0, weight <= 1e6 else { throw wrong("the weight of '\(name)'", .double(weight), "a number from 0 to 1000000") }
    return weight
  }
}
