import Networks
import Settings
import Tensors

extension ModelRegistry {
  /// Faster R-CNN on the ResNets. Here with torchvision's softmax head; a task that knows the objective makes the head that it needs.
  static var detectors: [Entry] {
    ResNetDepth.allCases.map { depth in
      Entry(
        "\(FasterRCNNOptions.modelName)-resnet\(depth.rawValue)",
        summary: "Faster R-CNN: a pyramid, proposals, and a second look at each; on ResNet-\(depth.rawValue)",
        about: "A detector in torchvision's names and shapes. Narrower variants, with fewer rows and smaller anchors, are for processors.",
        source: "Ren, He, Girshick, Sun, NeurIPS 2015, arXiv:1506.01497; Lin and others, CVPR 2017, arXiv:1612.03144",
        settings: FasterRCNNOptions()
      ) { .detector(depth, classes: $1.classes, classColumns: $1.classes + 1, options: $0) }
    }
  }
}

extension FasterRCNNOptions {
  /// What the names of its models begin with in configurations.
  package static let modelName = "fasterRCNN"

  /// The depth in a model's name; nil for other models.
  package static func depth(ofModel name: String) -> ResNetDepth? {
    ResNetDepth.allCases.first { name == "\(modelName)-resnet\($0.rawValue)" }
  }
}

extension FasterRCNNOptions {
  /// The options that a configuration's `model.settings` say.
  /// - Throws: `LongtailError` for an unknown setting or a value out of range.
  package static func reading(_ settings: [String: SettingValue], ofModel name: String) throws -> FasterRCNNOptions {
    let entry = RegistryEntry<Void, FasterRCNNOptions>(name, summary: "", about: "", settings: FasterRCNNOptions()) { options, _ in
      options
    }
    return try entry.make(settings, (), kind: ModelRegistry.registry.kind)
  }
}
