import Tensors

/// How a reader speaks of keys and mistakes: those of a file with places, or those of one thing's settings.
package protocol ReadingManner: Sendable {
  /// Where a section begins that lacks a key.
  var origin: Origin { get }
  /// What keys look like, as the end of a sentence; may be empty.
  var example: String { get }
  /// Whether `null` stands for a key that is not given, so that a default counts again.
  var takesNullForAbsence: Bool { get }
  /// A whole key as messages have it.
  func quoted(_ key: String) -> String
  /// A value that is not taken.
  /// - Parameters:
  ///   - key: the whole key.
  ///   - problem: what is wrong, to be put behind the value.
  ///   - hint: what the type says about it.
  ///   - words: the words that would be taken, where these are few.
  ///   - line: the key in a listing.
  func refusal(of key: String, _ value: SettingValue, _ problem: String, hint: String?, words: [String]?, line: SettingLine)
    -> (text: String, advice: String?)
  /// A key that no section has.
  /// - Parameters:
  ///   - path: of the section, with a dot behind it; empty at the top.
  ///   - known: the section's keys.
  func unknown(_ key: String, path: String, known: [String]) -> (text: String, advice: String?)
}

/// A file of settings: mistakes are reported with the place of the key, each in one sentence, the nearest key of the whole file included.
package struct FileManner: ReadingManner {
  /// Every key of the file, whole, in the order of the listing.
  private let allKeys: [String]
  /// What others call some keys, in lower case without `_` and `-`.
  private let commonNames: [String: String]
  package let origin: Origin
  package let takesNullForAbsence = true
  package let example = " such as `training:`"

  package init(origin: Origin, allKeys: [String], commonNames: [String: String]) {
    (self.origin, self.allKeys, self.commonNames) = (origin, allKeys, commonNames)
  }

  package func quoted(_ key: String) -> String { "`\(key)`" }

  package func refusal(
    of key: String, _ value: SettingValue, _ problem: String, hint: String?, words: [String]?, line: SettingLine
  ) -> (text: String, advice: String?) {
    let text = sentence("`\(key)`", value, problem)
    return (hint.map { "\(text); \($0)" } ?? text, nil)
  }

  package func unknown(_ key: String, path: String, known: [String]) -> (text: String, advice: String?) {
    let text = "unknown key `\(path)\(key)`"
    let suggestion = suggestion(for: key, path: path, known: known)
    return (suggestion.map { "\(text); did you mean `\($0)`?" } ?? "\(text); keys here are \(known.sorted().joined(separator: ", "))", nil)
  }

  /// The nearest key of this section, else the nearest anywhere.
  private func suggestion(for key: String, path: String, known: [String]) -> String? {
    if let near = nearest(key, among: known) { return path + near }
    if let usual = commonNames[key.lowercased().filter { $0 != "_" && $0 != "-" }] { return usual }
    let lastPart = { (whole: String) in whole.split(separator: ".").last.map(String.init) ?? whole }
    guard let near = nearest(key, among: allKeys.map(lastPart)) else { return nil }
    return allKeys.first { lastPart($0) == near }
  }
}

/// The settings of one objective, data set, model or optimizer: mistakes are reported with its name; the advice stands by itself.
package struct EntryManner: ReadingManner {
  package let origin: Origin
  package let takesNullForAbsence = false
  package let example = ""

  /// - Parameter subject: kind and name, such as `objective pat`.
  package init(subject: String) { origin = Origin(subject) }

  package func quoted(_ key: String) -> String { key }

  package func refusal(
    of key: String, _ value: SettingValue, _ problem: String, hint: String?, words: [String]?, line: SettingLine
  ) -> (text: String, advice: String?) {
    let text = sentence(key, value, problem)
    if let words { return (text, nearestHint(value.nameValue ?? "", among: words)) }
    let meaning = "\(key) (\(line.form)): \(line.meaning)."
    return (hint.map { "\(text); \($0)" } ?? text, meaning)
  }

  package func unknown(_ key: String, path: String, known: [String]) -> (text: String, advice: String?) {
    ("there is no setting '\(path)\(key)'", known.isEmpty ? "It has no settings." : nearestHint(key, among: known))
  }
}

/// `seed` is -1, it must be at least 0.
private func sentence(_ key: String, _ value: SettingValue, _ problem: String) -> String {
  "\(key) is \(value)\(problem.hasPrefix("(") ? " " : "")\(problem)"
}
