import Settings
import Tensors

/// What an optimizer needs beside its settings.
public struct OptimizerInput: Sendable {
  /// Floats in the flat buffer.
  public let parameterCount: Int
  /// Stretches with their own factors; 1 elsewhere.
  public let ranges: [ParameterRange]
}

/// Optimizers by name, as configurations choose them. One of the house needs its file, its test and its line here; a program adds its own with
/// `register`.
public enum OptimizerRegistry {
  /// An optimizer that configurations can name: what it is, what it can be told, and how it is made for a number of parameters.
  public typealias Entry = RegistryEntry<OptimizerInput, any Optimizer>

  /// All optimizers, in the order in which they are listed to people.
  private static let list = ExtensibleList<Entry>("optimizer", [Adam.coupledEntry, Adam.decoupledEntry, StochasticGradientDescent.entry])

  /// All optimizers, as configurations name them.
  package static let registry = Registry(list)

  /// Adds an optimizer of your own, which configurations then name as any other.
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun.
  public static func register(_ entry: Entry) throws { try list.register(entry) }

  /// All optimizers, in the order in which they are listed to people.
  package static var entries: [Entry] { registry.entries }

  /// The names, in the order of `entries`.
  public static var names: [String] { registry.names }

  /// Makes an optimizer.
  /// - Parameters:
  ///   - name: one of `names`.
  ///   - settings: what differs from the defaults.
  ///   - parameterCount: floats in the flat buffer.
  ///   - ranges: stretches with their own factors; 1 elsewhere.
  /// - Throws: `LongtailError` with code `usage` for a name or a setting that is not known (with the nearest known one), of the wrong kind
  ///   or out of range.
  public static func make(
    _ name: String, settings: [String: SettingValue] = [:], parameterCount: Int, ranges: [ParameterRange] = []
  ) throws -> any Optimizer {
    try registry.make(name, settings, OptimizerInput(parameterCount: parameterCount, ranges: ranges))
  }

  /// Refuses a name or settings as `make` does, and makes nothing.
  /// - Throws: as `make`.
  public static func check(_ name: String, settings: [String: SettingValue]) throws { try registry.check(name, settings) }

  /// What people may read about optimizers.
  package static var description: KindDescription {
    registry.description(
      name: "optimizer", summary: "how gradients change parameters",
      place: "Settings are keys of `optimizer`, beside `learningRate`; beta1 and beta2 are written as `optimizer.betas: [beta1, beta2]`.")
  }
}
