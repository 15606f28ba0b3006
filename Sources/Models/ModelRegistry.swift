import Networks
import Settings
import Tensors

/// What a network needs beside its settings.
public struct ModelInput: Sendable {
  /// Channels of the first level, where the network has a choice.
  public let width: Int
  /// Channels of the logits.
  public let classes: Int

  /// The width, which the fast kernels need in blocks of 8.
  /// - Throws: `LongtailError` for any other.
  public func checkedWidth() throws -> Int {
    guard (1...1024).contains(width) && width % 8 == 0 else {
      throw LongtailError(
        .usage, "model.width is \(width), but has to be a multiple of 8 up to 1024",
        advice: "The fast kernels work on blocks of 8 channels.")
    }
    return width
  }
}

/// The networks that a configuration can name. Adding one to the house touches its own file, its test and a line here; a program adds its own
/// with `register`.
public enum ModelRegistry {
  /// A network that configurations can name: what it is, what it can be told, and how its graph is made.
  public typealias Entry = RegistryEntry<ModelInput, Graph>

  /// All of them.
  private static let list = ExtensibleList<Entry>(
    "model",
    [
      Entry(
        "unet", summary: "U-Net: five levels, skip connections joined",
        about:
          "Five levels of two 3x3 convolutions down and up again, each level joined with its counterpart. `model.width` channels at first.",
        source: "Ronneberger, Fischer, Brox, MICCAI 2015, arXiv:1505.04597"
      ) { .unet(width: try $1.checkedWidth(), classes: $1.classes) },
      Entry(
        "segnet", summary: "SegNet: four levels, maximum unpooling",
        about: "Four levels whose decoder puts values back where the encoder's pooling found its maxima. `model.width` channels at first.",
        source: "Badrinarayanan, Kendall, Cipolla, TPAMI 2017, arXiv:1511.00561"
      ) { .segnet(width: try $1.checkedWidth(), classes: $1.classes) },
    ]
      + onResNets(
        "fcn", "FCN: dilated backbone, one small head",
        "The backbone's last stage, kept at an eighth of the image's size, and one small head.",
        "Long, Shelhamer, Darrell, CVPR 2015, arXiv:1411.4038"
      ) { .fcn($0, classes: $1, options: $2) }
      + onResNets(
        "deeplabv3", "DeepLabV3: dilated backbone, pyramid pooling",
        "Convolutions of several dilations beside each other see the last stage at several scales at once.",
        "Chen, Papandreou, Schroff, Adam, 2017, arXiv:1706.05587"
      ) { .deepLabV3($0, classes: $1, options: $2) }
      + onResNets(
        "deeplabv3plus", "DeepLabV3+: pyramid pooling, joined with the first stage",
        "DeepLabV3 whose result is joined with the first stage's at a quarter of the image's size, for sharper borders.",
        "Chen, Zhu, Papandreou, Schroff, Adam, ECCV 2018, arXiv:1802.02611"
      ) { .deepLabV3Plus($0, classes: $1, options: $2) }
      + onResNets(
        "fpn", "Feature pyramid with a head for segmentation",
        "All four stages, from the coarsest to the finest, are added up on their way to a quarter of the image's size.",
        "Kirillov, Girshick, He, Dollár, CVPR 2019, arXiv:1901.02446"
      ) { .featurePyramid($0, classes: $1, options: $2) }
      + recognition + detectors)

  /// All of them, as configurations name them.
  package static let registry = Registry(list)

  /// Adds a network of your own, which configurations then name as any other.
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun.
  public static func register(_ entry: Entry) throws { try list.register(entry) }

  /// All of them.
  package static var entries: [Entry] { registry.entries }

  private static func onResNets(
    _ name: String, _ summary: String, _ about: String, _ source: String,
    _ make: @escaping @Sendable (ResNetDepth, Int, SegmentationOptions) -> Graph
  ) -> [Entry] {
    [ResNetDepth.eighteen, .thirtyFour, .fifty, .oneHundredOne].map { depth in
      Entry(
        "\(name)-resnet\(depth.rawValue)", summary: "\(summary); on ResNet-\(depth.rawValue)",
        about: "\(about) The backbone is ResNet-\(depth.rawValue) in torchvision's names, which `model.pretrained` may fill.",
        source: source,
        settings: SegmentationOptions()
      ) { make(depth, $1.classes, $0) }
    }
  }

  /// Makes a network.
  /// - Parameters:
  ///   - width: channels of the first level, where the network has a choice.
  ///   - classes: channels of the logits.
  /// - Throws: `LongtailError` for an unknown name or setting, naming the nearest known one, or an unusable width or value.
  public static func make(_ name: String, width: Int, classes: Int, settings: [String: SettingValue] = [:]) throws -> Graph {
    guard classes >= 1 else { throw LongtailError(.usage, "a network needs at least one class, not \(classes)") }
    return try registry.make(name, settings, ModelInput(width: width, classes: classes))
  }

  /// Refuses a name or settings as `make` does, and makes nothing.
  /// - Throws: as `make`.
  public static func check(_ name: String, settings: [String: SettingValue]) throws { try registry.check(name, settings) }

  /// What people may read about models.
  package static var description: KindDescription {
    registry.description(name: "model", summary: "the network", place: "Settings are keys of `model.settings`.")
  }
}
