import Networks
import Settings
import Tensors

extension ModelRegistry {
  /// The networks that classify images.
  static let recognition: [Entry] = cifar + [small] + torchvision + [grouped]

  private static let residualPaper = "He, Zhang, Ren, Sun, CVPR 2016, arXiv:1512.03385"

  /// Those for images of some 32 pixels.
  private static let cifar = [20, 32, 44, 56].map { layers in
    Entry(
      "resnet\(layers)", summary: "ResNet-\(layers) for small images: three stages, shortcuts without parameters",
      about: "\((layers - 2) / 6) basic blocks in each of three stages, on a 3x3 convolution; made for images of some 32 pixels. "
        + "Settings alone decide its width.",
      source: residualPaper, settings: CIFARResNetOptions()
    ) { .cifarResNet(layers: layers, classes: $1.classes, options: $0) }
  }

  /// The small one of four stages.
  private static var small: Entry {
    var options = ResNetClassifierOptions()
    (options.width, options.stem) = (32, .small)
    return Entry(
      "resnet10-small", summary: "ResNet-10 of half the width for small images: four stages of one block",
      about: "One basic block in each of four stages, on a 3x3 convolution, for images of some 28 pixels. Settings alone decide its width.",
      source: residualPaper, settings: options
    ) { .smallResNet10(classes: $1.classes, options: $0) }
  }

  /// Those of torchvision, and the one of ten layers.
  private static let torchvision = ResNetDepth.allCases.map { depth in
    Entry(
      "resnet\(depth.rawValue)", summary: "ResNet-\(depth.rawValue) for photographs",
      about:
        "\(depth.blocks.map(String.init).joined(separator: ", ")) \(depth.hasBottlenecks ? "bottlenecks" : "basic blocks") in four stages, "
        + "in torchvision's names, which `model.pretrained` may fill. Settings alone decide its width.",
      source: residualPaper, settings: ResNetClassifierOptions()
    ) { .resNet(depth, classes: $1.classes, options: $0) }
  }

  /// The one with groups.
  private static let grouped = Entry(
    "resnext50", summary: "ResNeXt-50 (32x4d): ResNet-50 whose 3x3 convolutions have 32 groups",
    about: "3, 4, 6, 3 bottlenecks in four stages, as torchvision's resnext50_32x4d, which `model.pretrained` may fill. "
      + "Settings alone decide its width.",
    source: "Xie, Girshick, Dollár, Tu, He, CVPR 2017, arXiv:1611.05431", settings: ResNetClassifierOptions(),
    check: { options in
      guard options.width % 16 == 0 else {
        throw LongtailError.setting(
          "model resnext50", "width", "is \(options.width), it must be a multiple of 16: each group needs a channel")
      }
    }
  ) { .resNeXt50(classes: $1.classes, options: $0) }
}
