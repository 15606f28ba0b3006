import Networks
import Settings

/// How a ResNet of four stages begins.
public enum ResNetStem: String, CaseIterable, Sendable, Choice {
  /// A 7x7 convolution of stride 2 and maximum pooling: for photographs.
  case large
  /// A 3x3 convolution of stride 1: for images of some 32 pixels.
  case small

  /// Pixels that a position of the first stage stands for.
  var stride: Int { self == .large ? 4 : 1 }
}

/// Settings of the networks of four stages for recognition.
public struct ResNetClassifierOptions: Sendable, Equatable {
  /// Channels of the first stage.
  public var width = 64
  /// How the network begins.
  public var stem = ResNetStem.large
  /// What stands behind the features.
  public var classifier = ClassifierOptions()

  /// torchvision's.
  public init() {}
}

extension ResNetClassifierOptions: Section {
  /// Shows every key.
  public mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key("width", &width, "channels of the first stage; further stages have 2, 4 and 8 times as many", .multipleOf8)
    visitor.key("stem", &stem, "7x7 convolution of stride 2 and pooling, or 3x3 convolution of stride 1 for small images")
    classifier.visit(&visitor)
  }

  /// What does not fit together.
  public func contradictions() -> [Contradiction] { classifier.contradictions() }
}

extension Graph {
  /// A ResNet that classifies images, as torchvision's `resnet50` and its siblings: four stages, pooling over the image, classifier `fc`.
  ///
  /// Names, shapes and first values are torchvision's: convolutions normal by the fan-out, the classifier uniform by its inputs. ResNet-50
  /// with 1000 classes has 25,557,032 parameters.
  /// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016.
  public static func resNet(_ depth: ResNetDepth, classes: Int, options: ResNetClassifierOptions = ResNetClassifierOptions()) -> Graph {
    residual(ResNetDesign(depth: depth, width: options.width, stem: options.stem), classes, options.classifier)
  }

  /// ResNeXt-50 (32x4d): the 3x3 convolutions of ResNet-50 in 32 groups, of 4 channels each in the first stage.
  ///
  /// As torchvision's `resnext50_32x4d`; with 1000 classes 25,028,904 parameters.
  /// Source: Xie, Girshick, Dollár, Tu, He, "Aggregated residual transformations for deep neural networks", CVPR 2017.
  public static func resNeXt50(classes: Int, options: ResNetClassifierOptions = ResNetClassifierOptions()) -> Graph {
    residual(
      ResNetDesign(depth: .fifty, width: options.width, groups: 32, widthPerGroup: 4, stem: options.stem), classes, options.classifier)
  }

  /// A ResNet-10 for small images: 3x3 stem, four stages of one block, 32 channels at first by default.
  ///
  /// For one colour channel 1,225,824 parameters without the classifier. Weights begin normal by the fan-in, as those of networks for
  /// CIFAR.
  public static func smallResNet10(classes: Int, options: ResNetClassifierOptions, inputChannels: Int = 3) -> Graph {
    let design = ResNetDesign(depth: .ten, width: options.width, stem: options.stem, start: .normalByFanIn)
    return residual(design, classes, options.classifier, inputChannels: inputChannels)
  }

  private static func residual(
    _ design: ResNetDesign, _ classes: Int, _ classifier: ClassifierOptions, inputChannels: Int = 3
  ) -> Graph {
    var graph = Graph(inputChannels: inputChannels, strideMultiple: 1)
    let stages = graph.addResNet(design, outputStride: 32, named: "", to: graph.input)
    graph.addClassifiers(
      classes, options: classifier, named: "fc", start: design.start == .normalByFanIn ? .normalByFanIn : .uniform, to: stages.last)
    return graph
  }
}

extension Check where Value == Int {
  /// What the fast kernels need.
  static var multipleOf8: Check {
    Check(range: "a multiple of 8 up to 1024") {
      (1...1024).contains($0) && $0 % 8 == 0 ? nil : "it must be a multiple of 8 up to 1024: the fast kernels work on blocks of 8 channels"
    }
  }
}
