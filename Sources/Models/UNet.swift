import Networks

extension Graph {
  /// U-Net with batch norm: five levels of two 3x3 convolutions, 2x2 pooling down, 2x2 transposed convolutions up, joined by level.
  ///
  /// Parameter names: `down.L.0/1/3/4`, `up.L`, `dec.L.0/1/3/4`, `head`. Width 32 and 12 classes give 7,763,404 parameters.
  /// Source: Ronneberger, Fischer, Brox, "U-Net", MICCAI 2015, with padded convolutions and batch norm as PAT's authors use it.
  /// - Parameters:
  ///   - width: channels of the first level; doubled at each of the five.
  ///   - classes: channels of the logits.
  public static func unet(width: Int, classes: Int, inputChannels: Int = 3) -> Graph {
    var graph = Graph(inputChannels: inputChannels, strideMultiple: 16)
    let widths = (0..<5).map { width << $0 }
    var x = graph.input
    var skips: [Graph.Value] = []
    for (level, channels) in widths.enumerated() {
      if level > 0 { x = graph.add(Pooling(.maximum, kernel: 2), named: "pool.\(level)", to: x) }
      x = graph.addConvolutionBlock(channels, count: 2, named: "down.\(level)", to: x)
      skips.append(x)
    }
    for step in 0..<4 {
      let channels = widths[3 - step]
      x = graph.add(TransposedConvolution(filters: channels, kernel: 2, stride: 2), named: "up.\(step)", to: x)
      x = graph.add(Concatenation(), named: "join.\(step)", to: skips[3 - step], x)
      x = graph.addConvolutionBlock(channels, count: 2, named: "dec.\(step)", to: x)
    }
    graph.add(Convolution(filters: classes, kernel: 1), named: "head", to: x)
    return graph
  }

  /// `count` times: 3x3 convolution without bias, batch norm, ReLU; numbered as in a PyTorch sequence of three modules each.
  mutating func addConvolutionBlock(_ channels: Int, count: Int, named name: String, to input: Graph.Value) -> Graph.Value {
    var x = input
    for i in 0..<count {
      x = add(Convolution(filters: channels, kernel: 3, padding: 1, bias: false), named: "\(name).\(3 * i)", to: x)
      x = add(BatchNormalization(rectified: true), named: "\(name).\(3 * i + 1)", to: x)
    }
    return x
  }
}
