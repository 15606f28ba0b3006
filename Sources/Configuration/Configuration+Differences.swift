import Settings
import Tensors

extension Configuration {
  /// One key that two configurations have different values for.
  package struct Difference: Sendable, Equatable, CustomStringConvertible {
    /// The whole key: `training.epochs`. Free mappings are compared key by key.
    package let key: String
    /// The value in the earlier configuration; `null` where it had none.
    package let before: SettingValue
    /// The value in this configuration.
    package let after: SettingValue
    /// Whether a run may go on with it.
    package let isAllowedAtResume: Bool
    /// What an allowed difference means for the run, where it means anything.
    package let note: String?

    /// `training.epochs: 30 -> 40 (note)`.
    package var description: String {
      "\(key): \(before.yaml) -> \(after.yaml)" + (note.map { " (\($0))" } ?? "")
    }
  }

  /// Keys that may differ between a checkpoint and the run that goes on from it, or the sections that hold them.
  static let allowedAtResume = [
    "output", "data.root", "data.loader", "training.epochs", "training.steps", "training.nonFinite", "training.nonFiniteConsecutiveLimit",
    "training.nonFiniteTotalLimit", "training.spikes", "training.spikeThreshold", "training.compareRanksEvery", "training.timeLimit",
    "training.earlyStopping", "evaluation.every", "evaluation.batch", "checkpoint", "engine", "watchdog", "reporting",
  ]

  /// What differs from an earlier configuration, in the order of the keys.
  package func differences(from earlier: Configuration) -> [Difference] {
    let before = Dictionary(earlier.flat, uniquingKeysWith: { $1 })
    let after = Dictionary(flat, uniquingKeysWith: { $1 })
    let order = flat.map(\.0) + earlier.flat.map(\.0).filter { after[$0] == nil }
    return order.compactMap { key in
      let (old, new) = (before[key] ?? .null, after[key] ?? .null)
      guard old != new else { return nil }
      let allowed = Configuration.allowedAtResume.contains { key == $0 || key.hasPrefix("\($0).") }
      return Difference(key: key, before: old, after: new, isAllowedAtResume: allowed, note: note(about: key))
    }
  }

  /// Refuses to go on from a checkpoint with another configuration, except for what may differ.
  /// - Returns: the differences that are allowed, for a message.
  /// - Throws: `LongtailError(.mismatch)` naming every difference that is not.
  package func checkResumable(from earlier: Configuration) throws -> [Difference] {
    let all = differences(from: earlier)
    let refused = all.filter { !$0.isAllowedAtResume }
    guard refused.isEmpty else {
      throw LongtailError(
        .mismatch, "the configuration is not the one that the run was begun with:\n" + refused.map { "  \($0)" }.joined(separator: "\n"),
        advice:
          "Take these back, or begin a new run in another `output`. Free to change are \(Configuration.allowedAtResume.joined(separator: ", "))."
      )
    }
    return all
  }

  private func note(about key: String) -> String? {
    switch key {
    case "training.epochs", "training.steps":
      schedule.name == .cosine || schedule.name == .poly ? "the learning rate's schedule changes its length from here on" : nil
    case "engine.threads", "engine.algorithms", "engine.wirePrecision": "the numbers are no longer the same bit by bit"
    default: nil
    }
  }

  /// Every key with its value, one a line: `training.epochs: 30`. Equal for equal configurations.
  package var lines: [String] { flat.map { "\($0): \($1.yaml)" } }

  private var flat: [(String, SettingValue)] {
    listing.flatMap { line in line.value.map { Configuration.flattened($0, at: line.path) } ?? [] }
  }

  private static func flattened(_ value: SettingValue, at path: String) -> [(String, SettingValue)] {
    guard case .map(let values) = value else { return [(path, value)] }
    return values.sorted { $0.key < $1.key }.flatMap { flattened($0.value, at: "\(path).\($0.key)") }
  }
}
