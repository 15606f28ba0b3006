import Networks

/// A residual block: its convolutions and how its input comes to its output.
struct ResidualBlock {
  /// How the block's input comes to its output.
  enum Shortcut {
    /// As it is.
    case identity
    /// By a 1x1 convolution and batch norm: option B.
    case projected
    /// Every second position, and zeros in the new channels: option A.
    case padded
  }

  /// Channels of the inner convolutions.
  var inner: Int
  /// Channels of the output.
  var outputs: Int
  var step = 1
  /// Dilation of the first 3x3 convolution.
  var firstDilation = 1
  /// Dilation of the second 3x3 convolution, where there is one.
  var dilation = 1
  var groups = 1
  var shortcut = Shortcut.identity
  var start = Convolution.Start.normal
}

extension Graph {
  /// 1x1, 3x3, 1x1 convolutions.
  mutating func addBottleneck(_ block: ResidualBlock, named name: String, to input: Value) -> Value {
    var x = addNormalizedConvolution(
      block.inner, kernel: 1, start: block.start, named: "\(name).conv1", norm: "\(name).bn1", to: input)
    x = addNormalizedConvolution(
      block.inner, kernel: 3, step: block.step, dilation: block.firstDilation, groups: block.groups, start: block.start,
      named: "\(name).conv2", norm: "\(name).bn2", to: x)
    x = addNormalizedConvolution(
      block.outputs, kernel: 1, rectified: false, start: block.start, named: "\(name).conv3", norm: "\(name).bn3", to: x)
    return addShortcut(block, named: name, from: input, to: x)
  }

  /// Two 3x3 convolutions.
  mutating func addBasicBlock(_ block: ResidualBlock, named name: String, to input: Value) -> Value {
    var x = addNormalizedConvolution(
      block.inner, kernel: 3, step: block.step, dilation: block.firstDilation, start: block.start, named: "\(name).conv1",
      norm: "\(name).bn1", to: input)
    x = addNormalizedConvolution(
      block.outputs, kernel: 3, dilation: block.dilation, rectified: false, start: block.start, named: "\(name).conv2",
      norm: "\(name).bn2", to: x)
    return addShortcut(block, named: name, from: input, to: x)
  }

  /// Adds the block's input to what was computed from it.
  private mutating func addShortcut(_ block: ResidualBlock, named name: String, from input: Value, to x: Value) -> Value {
    var shortcut = input
    switch block.shortcut {
    case .identity: break
    case .projected:
      shortcut = addNormalizedConvolution(
        block.outputs, kernel: 1, step: block.step, rectified: false, start: block.start, named: "\(name).downsample.0",
        norm: "\(name).downsample.1", to: input)
    case .padded: shortcut = add(PaddedShortcut(channels: block.outputs, stride: block.step), named: "\(name).shortcut", to: input)
    }
    return add(Addition(rectified: true), named: "\(name).add", to: x, shortcut)
  }

  /// A convolution without bias that keeps the extents but for its stride, batch norm, and by default a ReLU.
  mutating func addNormalizedConvolution(
    _ filters: Int, kernel: Int, step: Int = 1, dilation: Int = 1, groups: Int = 1, rectified: Bool = true, start: Convolution.Start,
    named name: String, norm: String, to x: Value
  ) -> Value {
    let layer = Convolution(
      filters: filters, kernel: kernel, stride: step, padding: kernel / 2 * dilation, dilation: dilation, groups: groups, bias: false,
      start: start)
    return add(BatchNormalization(rectified: rectified), named: norm, to: add(layer, named: name, to: x))
  }
}
