import Tensors

/// Optimizers by name, as configurations choose them. To add one: its file, its test, its line in `entries`.
public enum OptimizerRegistry {
  /// An optimizer that can be chosen.
  public struct Entry: Sendable {
    /// The name in configurations.
    public let name: String
    /// One line about it.
    public let summary: String
    /// The settings it knows, with their defaults: numbers and truth values.
    public let defaults: [String: SettingValue]

    fileprivate let make: @Sendable (Settings, Int, [ParameterRange]) throws -> any Optimizer
  }

  /// All optimizers, in the order in which they are listed to people.
  public static let entries: [Entry] = [
    Entry(
      name: "adam", summary: "Adam; weight decay is added to the gradient.",
      defaults: ["beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.0],
      make: { try adam($0, decay: .coupled, count: $1, ranges: $2) }),
    Entry(
      name: "adamw", summary: "Adam with decoupled weight decay.",
      defaults: ["beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.01],
      make: { try adam($0, decay: .decoupled, count: $1, ranges: $2) }),
    Entry(
      name: "sgd", summary: "Stochastic gradient descent, with momentum if wanted.",
      defaults: ["momentum": 0.0, "nesterov": false, "weightDecay": 0.0],
      make: { settings, count, ranges in
        var chosen = StochasticGradientDescent.Settings()
        chosen.momentum = settings.number("momentum")
        chosen.nesterov = settings.flag("nesterov")
        chosen.weightDecay = settings.number("weightDecay")
        return try StochasticGradientDescent(parameterCount: count, settings: chosen, ranges: ranges)
      }),
  ]

  /// The names, in the order of `entries`.
  public static var names: [String] { entries.map(\.name) }

  /// Makes an optimizer.
  /// - Parameters:
  ///   - name: one of `names`.
  ///   - settings: what differs from the defaults.
  ///   - parameterCount: floats in the flat buffer.
  ///   - ranges: stretches with their own factors; 1 elsewhere.
  /// - Throws: `LongtailError` with code `usage` for a name or a setting that is not known (with the nearest known one), of the wrong kind or out of range.
  public static func make(
    _ name: String, settings: [String: SettingValue] = [:], parameterCount: Int, ranges: [ParameterRange] = []
  ) throws -> any Optimizer {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw LongtailError.unknownName("optimizer", name, known: names)
    }
    var values = entry.defaults
    for (key, value) in settings.sorted(by: { $0.key < $1.key }) {
      guard let usual = entry.defaults[key] else {
        throw LongtailError.unknownName("setting", key, known: entry.defaults.keys.sorted(), at: "optimizer '\(name)'")
      }
      let isSwitch = usual.boolValue != nil
      guard isSwitch ? value.boolValue != nil : value.doubleValue != nil else {
        throw LongtailError(
          .usage, "optimizer '\(name)': \(key) is \(value) (\(value.kind)), expected \(isSwitch ? "true or false" : "a number")")
      }
      values[key] = value
    }
    return try entry.make(Settings(values: values), parameterCount, ranges)
  }

  private static func adam(_ settings: Settings, decay: Adam.Decay, count: Int, ranges: [ParameterRange]) throws -> any Optimizer {
    var chosen = Adam.Settings()
    chosen.beta1 = settings.number("beta1")
    chosen.beta2 = settings.number("beta2")
    chosen.epsilon = settings.number("epsilon")
    chosen.weightDecay = settings.number("weightDecay")
    chosen.decay = decay
    return try Adam(parameterCount: count, settings: chosen, ranges: ranges)
  }

  /// Complete settings: the defaults decide which keys there are and of what kind.
  fileprivate struct Settings {
    let values: [String: SettingValue]

    // Not a number is out of every range, so a key that the defaults lack would be refused by the optimizer.
    func number(_ key: String) -> Double { values[key]?.doubleValue ?? .nan }

    func flag(_ key: String) -> Bool { values[key]?.boolValue ?? false }
  }
}
