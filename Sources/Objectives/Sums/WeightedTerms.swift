import Settings
import Tensors

/// The terms of a weighted sum, as settings describe them.
///
/// There are three forms: a text `crossEntropy:1, dice:0.5`; a mapping of names to weights or settings with a `weight`; a list whose
/// entries are such texts or mappings with `name`, `weight` and `settings`.
struct WeightedTerms: SettingConvertible {
  /// One term.
  struct Term: Equatable {
    /// The objective's name in the registry.
    var name: String
    /// What its loss is multiplied by.
    var weight = 1.0
    /// The objective's settings.
    var settings: [String: SettingValue] = [:]
  }

  /// The terms, in order.
  let terms: [Term]
  /// As they were written.
  let setting: SettingValue

  /// Cross-entropy and Dice, alike.
  static let standard = WeightedTerms(
    terms: [Term(name: "crossEntropy"), Term(name: "dice")], setting: "crossEntropy:1, dice:1")

  private init(terms: [Term], setting: SettingValue) { (self.terms, self.setting) = (terms, setting) }

  static let expectation = "a text such as 'crossEntropy:1, dice:0.5', a mapping or a list"
  static let kind = "objectives with weights: text, mapping or list"

  init?(setting: SettingValue) {
    guard let terms = try? WeightedTerms.parse(setting) else { return nil }
    self.init(terms: terms, setting: setting)
  }

  static func hint(for setting: SettingValue) -> String? {
    do {
      _ = try parse(setting)
      return nil
    } catch {
      return (error as? Mistake)?.text
    }
  }
}

extension WeightedTerms {
  /// What is wrong with which term.
  private struct Mistake: Error {
    let text: String

    init(_ what: String, _ value: SettingValue, _ expected: String) { text = "\(what) is \(value), but has to be \(expected)" }
  }

  private static func parse(_ value: SettingValue) throws -> [Term] {
    let terms: [Term]
    switch value {
    case .string(let text): terms = try text.split(separator: ",").map { try term(String($0)) }
    case .list(let entries): terms = try entries.map { try term($0) }
    case .map(let entries): terms = try entries.sorted { $0.key < $1.key }.map { try term(name: $0, value: $1) }
    default: throw Mistake("it", value, expectation)
    }
    guard (1...WeightedSum.largestCount).contains(terms.count) else {
      throw Mistake("the number of terms", .int(terms.count), "1 to \(WeightedSum.largestCount)")
    }
    return terms
  }

  private static func term(_ text: String) throws -> Term {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { String($0).trimmed }
    guard parts.count <= 2, let name = parts.first, !name.isEmpty else {
      throw Mistake("a term", .string(text), "a name and a weight, as in 'dice:0.5'")
    }
    guard parts.count == 2 else { return Term(name: name) }
    guard let weight = Double(parts[1]) else { throw Mistake("the weight of '\(name)'", .string(parts[1]), "a number") }
    return Term(name: name, weight: try checked(weight, name))
  }

  private static func term(_ value: SettingValue) throws -> Term {
    if let text = value.stringValue { return try term(text) }
    if let entry = value.mapValue, entry.count == 1, let (name, value) = entry.first, name != "name" {
      return try term(name: name, value: value)
    }
    guard var entry = value.mapValue, let name = entry.removeValue(forKey: "name")?.stringValue else {
      throw Mistake("a term", value, "a text such as 'dice:0.5', or a mapping with name, weight and settings")
    }
    if let nested = entry.removeValue(forKey: "settings") {
      guard let settings = nested.mapValue else { throw Mistake("settings of '\(name)'", nested, "a mapping") }
      entry.merge(settings) { $1 }
    }
    return try term(name: name, settings: entry)
  }

  private static func term(name: String, value: SettingValue) throws -> Term {
    if let weight = value.doubleValue { return Term(name: name, weight: try checked(weight, name)) }
    guard let settings = value.mapValue else { throw Mistake("the term '\(name)'", value, "a weight, or settings with a weight") }
    return try term(name: name, settings: settings)
  }

  private static func term(name: String, settings: [String: SettingValue]) throws -> Term {
    var settings = settings
    var weight = 1.0
    if let value = settings.removeValue(forKey: "weight") {
      guard let number = value.doubleValue else { throw Mistake("the weight of '\(name)'", value, "a number") }
      weight = number
    }
    return Term(name: name, weight: try checked(weight, name), settings: settings)
  }

  private static func checked(_ weight: Double, _ name: String) throws -> Double {
    guard weight >= 0, weight <= 1e6 else { throw Mistake("the weight of '\(name)'", .double(weight), "a number from 0 to 1000000") }
    return weight
  }
}
