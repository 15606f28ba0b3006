import Networks
import Settings

/// Settings of the networks for CIFAR.
public struct CIFARResNetOptions: Sendable, Equatable {
  /// Channels of the first stage.
  public var width = 16
  /// What stands behind the features.
  public var classifier = ClassifierOptions()

  /// Those of the paper.
  public init() {}
}

extension CIFARResNetOptions: Section {
  /// Shows every key.
  public mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key("width", &width, "channels of the first stage; the other two have 2 and 4 times as many", .multipleOf8)
    classifier.visit(&visitor)
  }

  /// What does not fit together.
  public func contradictions() -> [Contradiction] { classifier.contradictions() }
}

extension Graph {
  /// A ResNet for images of some 32 pixels: a 3x3 convolution and three stages of basic blocks, the last two begun with stride 2.
  ///
  /// Shortcuts have no parameters: every second position, and zeros in the new channels. Weights begin normal by the fan-in. Parameter
  /// names: `conv1`, `bn1`, `layer1.0.conv1`, …, `linear`, as work on long tails has them. Of 32 layers and width 16 it has 463,504
  /// parameters without the classifier.
  /// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2.
  /// - Parameter layers: 6 n + 2: n blocks a stage.
  public static func cifarResNet(layers: Int, classes: Int, options: CIFARResNetOptions = CIFARResNetOptions()) -> Graph {
    var graph = Graph(inputChannels: 3, strideMultiple: 1)
    let start = Convolution.Start.normalByFanIn
    var x = graph.addNormalizedConvolution(options.width, kernel: 3, start: start, named: "conv1", norm: "bn1", to: graph.input)
    for stage in 0..<3 {
      let width = options.width << stage
      for place in 0..<(layers - 2) / 6 {
        let changes = stage > 0 && place == 0
        let block = ResidualBlock(
          inner: width, outputs: width, step: changes ? 2 : 1, shortcut: changes ? .padded : .identity, start: start)
        x = graph.addBasicBlock(block, named: "layer\(stage + 1).\(place)", to: x)
      }
    }
    graph.addClassifiers(classes, options: options.classifier, named: "linear", start: .normalByFanIn, to: x)
    return graph
  }
}
