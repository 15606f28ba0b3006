import Networks

/// A residual network by its number of layers, as torchvision defines it: version 1.5, where the 3x3 convolution of a bottleneck has the
/// stride.
///
/// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016; ten layers are of work on long tails.
public enum ResNetDepth: Int, Sendable, CaseIterable {
  /// Two 3x3 convolutions a block; one block a stage.
  case ten = 10
  /// Two 3x3 convolutions a block; 2, 2, 2, 2 blocks.
  case eighteen = 18
  /// Two 3x3 convolutions a block; 3, 4, 6, 3 blocks.
  case thirtyFour = 34
  /// Bottlenecks; 3, 4, 6, 3 blocks.
  case fifty = 50
  /// Bottlenecks; 3, 4, 23, 3 blocks.
  case oneHundredOne = 101
  /// Bottlenecks; 3, 8, 36, 3 blocks.
  case oneHundredFiftyTwo = 152

  /// Blocks of each of the four stages.
  var blocks: [Int] {
    switch self {
    case .ten: [1, 1, 1, 1]
    case .eighteen: [2, 2, 2, 2]
    case .thirtyFour, .fifty: [3, 4, 6, 3]
    case .oneHundredOne: [3, 4, 23, 3]
    case .oneHundredFiftyTwo: [3, 8, 36, 3]
    }
  }

  /// Whether a block is 1x1, 3x3, 1x1.
  var hasBottlenecks: Bool { rawValue >= 50 }
}

/// What residual networks of four stages differ in, beside their depth.
struct ResNetDesign {
  var depth: ResNetDepth
  /// Channels of the first stage's 3x3 convolutions; those of the next stages have 2, 4 and 8 times as many.
  var width = 64
  /// Groups of a bottleneck's 3x3 convolution.
  var groups = 1
  /// Channels of a group in the first stage, for 64 channels of the first stage.
  var widthPerGroup = 64
  var stem = ResNetStem.large
  var start = Convolution.Start.normal

  /// How many times wider a block's output is than its stage's number of channels.
  var expansion: Int { depth.hasBottlenecks ? 4 : 1 }
  /// Channels of a block's 3x3 convolution: more than the stage's number where there are groups.
  func inner(_ channels: Int) -> Int { depth.hasBottlenecks ? channels * widthPerGroup / 64 * groups : channels }
}

extension Graph {
  /// The outputs of a ResNet's four stages, the finest first.
  struct BackboneLevels {
    let levels: [Value]
    var last: Value { levels[3] }
  }

  /// A ResNet without its classifier; see `addResNet(_:outputStride:named:to:)` for a design.
  mutating func addResNet(
    _ depth: ResNetDepth, outputStride: Int, named name: String = "backbone", to image: Value
  ) -> BackboneLevels {
    addResNet(ResNetDesign(depth: depth), outputStride: outputStride, named: name, to: image)
  }

  /// A ResNet without its classifier, under the name `backbone`: `backbone.conv1`, `backbone.layer1.0.conv1`, …, as torchvision has it.
  ///
  /// - Parameters:
  ///   - outputStride: how many pixels a position of the last stage stands for: 32 as it was published; with 16 the last stage, with 8 the
  ///     last two have dilation instead of stride (`replace_stride_with_dilation`). Of two 3x3 convolutions the first has the dilation of
  ///     the stage before in a stage's first block, both have that of the stage in all others.
  ///   - name: what the names of parameters begin with; empty for nothing.
  mutating func addResNet(_ design: ResNetDesign, outputStride: Int, named name: String, to image: Value) -> BackboneLevels {
    let prefix = name.isEmpty ? "" : "\(name)."
    var x = addStem(design, prefix: prefix, to: image)
    var levels: [Value] = []
    var (stride, dilation) = (design.stem.stride, 1)
    for (stage, count) in design.depth.blocks.enumerated() {
      let width = design.width << stage
      let former = dilation
      var step = stage > 0 ? 2 : 1
      if stride * step > outputStride {
        dilation *= step
        step = 1
      }
      stride *= step
      for block in 0..<count {
        let place = "\(prefix)layer\(stage + 1).\(block)"
        let changes = block == 0 && (step != 1 || width * design.expansion != channels(of: x))
        let block = ResidualBlock(
          inner: design.inner(width), outputs: width * design.expansion, step: block == 0 ? step : 1,
          firstDilation: block == 0 ? former : dilation, dilation: dilation, groups: design.groups,
          shortcut: changes ? .projected : .identity,
          start: design.start)
        x = design.depth.hasBottlenecks ? addBottleneck(block, named: place, to: x) : addBasicBlock(block, named: place, to: x)
      }
      levels.append(x)
    }
    return BackboneLevels(levels: levels)
  }

  private mutating func addStem(_ design: ResNetDesign, prefix: String, to image: Value) -> Value {
    let (kernel, stride) = design.stem == .large ? (7, 2) : (3, 1)
    let x = addNormalizedConvolution(
      design.width, kernel: kernel, step: stride, start: design.start, named: "\(prefix)conv1", norm: "\(prefix)bn1", to: image)
    guard design.stem == .large else { return x }
    return add(Pooling(.maximum, kernel: 3, stride: 2, padding: 1), named: "\(prefix)maxpool", to: x)
  }
}
