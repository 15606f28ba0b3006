import Configuration
import Settings
import Tensors

/// The epilogues by name. A new one of the house needs its source file, its line here, and its test; a program adds its own with `register`.
public enum EpilogueRegistry {
  /// An epilogue that configurations can name: what it is, what it can be told, and how it is made.
  public typealias Entry = RegistryEntry<MethodContext, any Epilogue>

  /// All of them, in the order of the documentation.
  private static let list = ExtensibleList<Entry>(
    "epilogue", [TauNormalization.entry, NearestClassMeans.entry, ClassOffsets.entry, BalancedHeadEpilogue.entry])

  /// All of them, as configurations name them.
  package static let registry = Registry(list)

  /// Adds an epilogue of your own, which configurations then name as any other.
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun.
  public static func register(_ entry: Entry) throws { try list.register(entry) }

  /// All names, in the order of the documentation.
  package static var names: [String] { registry.names }

  /// Makes an epilogue. Nothing is computed yet.
  /// - Parameters:
  ///   - name: one of `names`.
  ///   - settings: what differs from the defaults.
  /// - Throws: `LongtailError` for an unknown name or setting (naming the nearest known one), or a value out of range.
  package static func make(_ name: String, settings: [String: SettingValue] = [:], context: MethodContext) throws -> any Epilogue {
    try registry.make(name, settings, context)
  }

  /// Refuses a name or settings as `make` does.
  /// - Throws: as `make`.
  package static func check(_ name: String, settings: [String: SettingValue]) throws { try registry.check(name, settings) }

  /// What people may read about epilogues.
  package static var description: KindDescription {
    registry.description(
      name: "epilogue", summary: "what is done to a trained network without another step",
      place: "`epilogue` is a list of them; settings are keys of `settings` of each.")
  }
}
