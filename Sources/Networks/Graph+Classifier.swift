import Kernels

extension Graph {
  /// The layer that computes a port's rows by one matrix, and perhaps a bias: a linear layer or a 1x1 convolution; nil for any other.
  ///
  /// Its parameters are `weight`, whose first two extents are outputs and inputs, and `bias`.
  /// - Throws: `LongtailError` naming the ports that there are.
  package func linearLayer(at port: Port) throws -> Node? {
    guard let index = producer(of: try value(of: port)) else { return nil }
    let node = nodes[index]
    switch node.layer {
    case is Linear: return node
    case let layer as Convolution: return layer.geometry == ConvolutionGeometry(kernel: 1) ? node : nil
    default: return nil
    }
  }
}
