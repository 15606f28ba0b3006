import Configuration
import Settings
import Tensors

/// What a method is made for.
public struct MethodContext: Sendable {
  /// The whole configuration.
  public var configuration: Configuration

  /// Names it.
  package init(configuration: Configuration) { self.configuration = configuration }
}

/// The methods by name. A new one of the house needs its source file, its line here, its configuration, and its line in the list of tests; a
/// program adds its own with `register`.
public enum MethodRegistry {
  /// A method that configurations can name: what it is, what it can be told, and how it is made.
  public typealias Entry = RegistryEntry<MethodContext, any Method>

  /// All of them, in the order of the documentation.
  private static let list = ExtensibleList<Entry>(
    "method",
    [
      PlainMethod.entry,
      ClassifierRetraining.entry,
      LearnableWeightScaling.entry,
      BalancedMetaSoftmax.entry,
      ClassBalancedDistillation.entry,
      Breadcrumb.entry,
      SelfSupervision.entry,
      SelfDistillation.entry,
      CalibratedActivationMaps.entry,
    ])

  /// All of them, as configurations name them.
  package static let registry = Registry(list)

  /// Adds a method of your own, which configurations then name as any other.
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun.
  public static func register(_ entry: Entry) throws { try list.register(entry) }

  /// All names, in the order of the documentation.
  package static var names: [String] { registry.names }

  /// Makes a method. Nothing is computed yet.
  /// - Parameters:
  ///   - name: one of `names`.
  ///   - settings: what differs from the defaults.
  /// - Throws: `LongtailError` for an unknown name or setting (naming the nearest known one), or a value out of range.
  package static func make(_ name: String, settings: [String: SettingValue] = [:], context: MethodContext) throws -> any Method {
    try registry.make(name, settings, context)
  }

  /// Makes the method that a configuration names, or that of its task.
  /// - Throws: as the other form; `LongtailError` for an unknown task.
  package static func make(_ configuration: Configuration) throws -> any Method {
    let name = try configuration.method?.name ?? TaskRegistry.entry(of: configuration).method
    return try make(name, settings: configuration.method?.settings ?? [:], context: MethodContext(configuration: configuration))
  }

  /// Refuses a name or settings as `make` does.
  /// - Throws: as `make`.
  package static func check(_ name: String, settings: [String: SettingValue]) throws { try registry.check(name, settings) }

  /// What people may read about methods.
  package static var description: KindDescription {
    registry.description(
      name: "method", summary: "what a step consists of beyond one loss at the logits", place: "Settings are keys of `method.settings`.")
  }
}

extension PlainMethod {
  static let entry = MethodRegistry.Entry(
    "plain", summary: "the objective at the logits, cross-entropy at auxiliary heads",
    about: "Everything that is a loss and a sampler alone is trained this way: `objective` and `data.sampler` say the rest."
  ) { _, _ in PlainMethod() }
}
