import Networks

/// A residual network by its number of layers, as torchvision defines it: version 1.5, where the 3x3 convolution of a bottleneck has the stride.
///
/// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016.
public enum ResNetDepth: Int, Sendable, CaseIterable {
  /// Two 3x3 convolutions a block; 2, 2, 2, 2 blocks.
  case eighteen = 18
  /// Two 3x3 convolutions a block; 3, 4, 6, 3 blocks.
  case thirtyFour = 34
  /// Bottlenecks; 3, 4, 6, 3 blocks.
  case fifty = 50
  /// Bottlenecks; 3, 4, 23, 3 blocks.
  case oneHundredOne = 101

  /// Blocks of each of the four stages.
  var blocks: [Int] {
    switch self {
    case .eighteen: [2, 2, 2, 2]
    case .thirtyFour, .fifty: [3, 4, 6, 3]
    case .oneHundredOne: [3, 4, 23, 3]
    }
  }

  /// Whether a block is 1x1, 3x3, 1x1.
  var hasBottlenecks: Bool { self == .fifty || self == .oneHundredOne }
  /// How many times wider a block's output is than its 3x3 convolution.
  var expansion: Int { hasBottlenecks ? 4 : 1 }
}

extension Graph {
  /// The outputs of a ResNet's four stages, the finest first.
  struct BackboneLevels {
    let levels: [Value]
    var last: Value { levels[3] }
  }

  /// A ResNet without its classifier, under the name `backbone`: `backbone.conv1`, `backbone.layer1.0.conv1`, …, as torchvision has it.
  ///
  /// - Parameters:
  ///   - outputStride: how many pixels a position of the last stage stands for: 32 as it was published; with 16 the last stage, with 8 the
  ///     last two have dilation instead of stride (`replace_stride_with_dilation`). Of two 3x3 convolutions the first has the dilation of the
  ///     stage before in a stage's first block, both have that of the stage in all others.
  ///   - first: channels of the first stage; 64 as published.
  ///   - name: what the names of parameters begin with.
  mutating func addResNet(
    _ depth: ResNetDepth, outputStride: Int, width first: Int = 64, named name: String = "backbone", to image: Value
  ) -> BackboneLevels {
    let stem = Convolution(filters: first, kernel: 7, stride: 2, padding: 3, bias: false, start: .normal)
    var x = add(stem, named: "\(name).conv1", to: image)
    x = add(BatchNormalization(rectified: true), named: "\(name).bn1", to: x)
    x = add(Pooling(.maximum, kernel: 3, stride: 2, padding: 1), named: "\(name).maxpool", to: x)
    var levels: [Value] = []
    var (stride, dilation) = (4, 1)
    for (stage, count) in depth.blocks.enumerated() {
      let width = first << stage
      let former = dilation
      var step = stage > 0 ? 2 : 1
      if stride * step > outputStride {
        dilation *= step
        step = 1
      }
      stride *= step
      for block in 0..<count {
        let place = "\(name).layer\(stage + 1).\(block)"
        let block = ResidualBlock(
          width: width, step: block == 0 ? step : 1, firstDilation: block == 0 ? former : dilation, dilation: dilation,
          expansion: depth.expansion, hasProjection: block == 0 && (step != 1 || width * depth.expansion != channels(of: x)))
        x = depth.hasBottlenecks ? addBottleneck(block, named: place, to: x) : addBasicBlock(block, named: place, to: x)
      }
      levels.append(x)
    }
    return BackboneLevels(levels: levels)
  }

  private struct ResidualBlock {
    let width: Int
    let step: Int
    let firstDilation: Int
    let dilation: Int
    let expansion: Int
    let hasProjection: Bool
  }

  private mutating func addBottleneck(_ block: ResidualBlock, named name: String, to input: Value) -> Value {
    let width = block.width
    var x = addConvolution(width, kernel: 1, named: "\(name).conv1", norm: "\(name).bn1", to: input)
    x = addConvolution(
      width, kernel: 3, step: block.step, dilation: block.firstDilation, named: "\(name).conv2", norm: "\(name).bn2", to: x)
    x = addConvolution(width * block.expansion, kernel: 1, rectified: false, named: "\(name).conv3", norm: "\(name).bn3", to: x)
    return addShortcut(block, named: name, from: input, to: x)
  }

  private mutating func addBasicBlock(_ block: ResidualBlock, named name: String, to input: Value) -> Value {
    var x = addConvolution(
      block.width, kernel: 3, step: block.step, dilation: block.firstDilation, named: "\(name).conv1", norm: "\(name).bn1", to: input)
    x = addConvolution(
      block.width, kernel: 3, dilation: block.dilation, rectified: false, named: "\(name).conv2", norm: "\(name).bn2", to: x)
    return addShortcut(block, named: name, from: input, to: x)
  }

  /// The block's input, projected where its shape changes, added to what was computed from it.
  private mutating func addShortcut(_ block: ResidualBlock, named name: String, from input: Value, to x: Value) -> Value {
    var shortcut = input
    if block.hasProjection {
      shortcut = addConvolution(
        block.width * block.expansion, kernel: 1, step: block.step, rectified: false, named: "\(name).downsample.0",
        norm: "\(name).downsample.1", to: input)
    }
    return add(Addition(rectified: true), named: "\(name).add", to: x, shortcut)
  }

  private mutating func addConvolution(
    _ filters: Int, kernel: Int, step: Int = 1, dilation: Int = 1, rectified: Bool = true, named name: String, norm: String, to x: Value
  ) -> Value {
    let layer = Convolution(
      filters: filters, kernel: kernel, stride: step, padding: kernel / 2 * dilation, dilation: dilation, bias: false, start: .normal)
    return add(BatchNormalization(rectified: rectified), named: norm, to: add(layer, named: name, to: x))
  }
}
