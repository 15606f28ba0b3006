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
    /// Whether `model.width` counts; other networks have the widths that their name says.
    public let usesWidth: Bool
    let make: @Sendable (_ width: Int, _ classes: Int, _ settings: [String: SettingValue]) throws -> Graph
  }

  /// All of them.
  public static let entries: [Entry] =
    [
      Entry(name: "unet", summary: "U-Net: five levels, skip connections joined", settings: [], usesWidth: true) { width, classes, _ in
        .unet(width: width, classes: classes)
      },
      Entry(name: "segnet", summary: "SegNet: four levels, maximum unpooling", settings: [], usesWidth: true) { width, classes, _ in
        .segnet(width: width, classes: classes)
      },
    ]
    + onResNets("fcn", "FCN: dilated backbone, one small head") { .fcn($0, classes: $1, options: $2) }
    + onResNets("deeplabv3", "DeepLabV3: dilated backbone, pyramid pooling") { .deepLabV3($0, classes: $1, options: $2) }
    + onResNets("deeplabv3plus", "DeepLabV3+: pyramid pooling, joined with the first stage") {
      .deepLabV3Plus($0, classes: $1, options: $2)
    }
    + onResNets("fpn", "Feature pyramid with a head for segmentation") { .featurePyramid($0, classes: $1, options: $2) }

  private static func onResNets(
    _ name: String, _ summary: String, _ make: @escaping @Sendable (ResNetDepth, Int, SegmentationOptions) -> Graph
  ) -> [Entry] {
    ResNetDepth.allCases.map { depth in
      Entry(
        name: "\(name)-resnet\(depth.rawValue)", summary: "\(summary); on ResNet-\(depth.rawValue)", settings: SegmentationOptions.names,
        usesWidth: false
      ) { _, classes, settings in make(depth, classes, try SegmentationOptions(settings)) }
    }
  }

  /// Makes a network.
  /// - Parameters:
  ///   - width: channels of the first level, where the network has a choice.
  ///   - classes: channels of the logits.
  /// - Throws: `LongtailError` for an unknown name or setting, naming the nearest known one, or an unusable width or value.
  public static func make(_ name: String, width: Int, classes: Int, settings: [String: SettingValue] = [:]) throws -> Graph {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw LongtailError.unknownName("model", name, known: entries.map(\.name))
    }
    if let unknown = settings.keys.filter({ !entry.settings.contains($0) }).min() {
      throw LongtailError.unknownName("setting of model '\(name)':", unknown, known: entry.settings)
    }
    guard !entry.usesWidth || ((1...1024).contains(width) && width % 8 == 0) else {
      throw LongtailError(
        .usage, "model.width is \(width), but has to be a multiple of 8 up to 1024",
        advice: "The fast kernels work on blocks of 8 channels.")
    }
    guard classes >= 1 else { throw LongtailError(.usage, "a network for \(classes) classes makes no sense") }
    return try entry.make(width, classes, settings)
  }
}
