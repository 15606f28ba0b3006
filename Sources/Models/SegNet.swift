import Networks

extension Graph {
  /// SegNet: four levels whose decoder puts values back where the encoder's pooling found its maxima.
  ///
  /// As in the PAT authors' code the last block ends with batch norm and ReLU too, so the logits are not negative.
  /// Parameter names: `enc.L.…`, `dec.L.0.…` (the block's first convolutions), `dec.L.1`, `dec.L.2`.
  /// Source: Badrinarayanan, Kendall, Cipolla, "SegNet", TPAMI 2017.
  /// - Parameters:
  ///   - width: channels of the first level; doubled at each of the four.
  ///   - classes: channels of the logits.
  public static func segnet(width: Int, classes: Int, inputChannels: Int = 3) -> Graph {
    var graph = Graph(inputChannels: inputChannels, strideMultiple: 16)
    let widths = (0..<4).map { width << $0 }
    let convolutions = [2, 2, 3, 3]
    var x = graph.input
    var pooled: [Graph.Value] = []
    for level in 0..<4 {
      x = graph.addConvolutionBlock(widths[level], count: convolutions[level], named: "enc.\(level)", to: x)
      x = graph.add(Pooling(.maximum, kernel: 2), named: "pool.\(level)", to: x)
      pooled.append(x)
    }
    for (step, level) in (0..<4).reversed().enumerated() {
      x = graph.add(MaximumUnpooling(), named: "unpool.\(step)", to: x, pooled[level])
      x = graph.addConvolutionBlock(widths[level], count: convolutions[level] - 1, named: "dec.\(step).0", to: x)
      let channels = level > 0 ? widths[level - 1] : classes
      x = graph.add(Convolution(filters: channels, kernel: 3, padding: 1, bias: false), named: "dec.\(step).1", to: x)
      x = graph.add(BatchNormalization(rectified: true), named: "dec.\(step).2", to: x)
    }
    return graph
  }
}
