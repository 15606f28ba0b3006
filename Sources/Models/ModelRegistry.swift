import Networks
import Tensors

/// The networks that a configuration can name. Adding one touches its own file, its test and a line here.
public enum ModelRegistry {
  /// A network that can be named.
  public struct Entry: Sendable {
    /// The name in configurations.
    public let name: String
    /// One line about it.
    public let summary: String
    /// Settings beside the width, by name.
    public let settings: [String]
    let make: @Sendable (_ width: Int, _ classes: Int) -> Graph
  }

  /// All of them.
  public static let entries: [Entry] = [
    Entry(name: "unet", summary: "U-Net: five levels, skip connections joined", settings: []) { .unet(width: $0, classes: $1) },
    Entry(name: "segnet", summary: "SegNet: four levels, maximum unpooling", settings: []) { .segnet(width: $0, classes: $1) },
  ]

  /// Makes a network.
  /// - Parameters:
  ///   - width: channels of the first level.
  ///   - classes: channels of the logits.
  /// - Throws: `LongtailError` for an unknown name or setting, naming the nearest known one, or an unusable width.
  public static func make(_ name: String, width: Int, classes: Int, settings: [String: SettingValue] = [:]) throws -> Graph {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw LongtailError.unknownName("model", name, known: entries.map(\.name))
    }
    if let unknown = settings.keys.filter({ !entry.settings.contains($0) }).min() {
      throw LongtailError.unknownName("setting of model '\(name)':", unknown, known: entry.settings)
    }
    guard (1...1024).contains(width), width % 8 == 0 else {
      throw LongtailError(
        .usage, "model.width is \(width), but has to be a multiple of 8 up to 1024",
        advice: "The fast kernels work on blocks of 8 channels.")
    }
    guard classes >= 1 else { throw LongtailError(.usage, "a network for \(classes) classes makes no sense") }
    return entry.make(width, classes)
  }
}
