import Kernels
import Networks
import Tensors

/// A layer that can be written as nodes of ONNX. A network can be exported where all of its layers can.
public protocol ONNXLayer: Layer {
  /// Adds what computes the layer's output in inference, and defines the output's name.
  /// - Throws: `LongtailError` where parameters are missing or have another shape.
  func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws
}

extension ConvolutionGeometry {
  /// The padding of ONNX: at the beginning of both dimensions, then at their ends.
  var onnxPads: [Int] { padding + padding }
}

extension Convolution: ONNXLayer {
  /// `Conv`.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws { try onnx.addConvolution("Conv", geometry, node) }
}

extension TransposedConvolution: ONNXLayer {
  /// `ConvTranspose`.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws { try onnx.addConvolution("ConvTranspose", geometry, node) }
}

extension ONNXGraph {
  fileprivate mutating func addConvolution(_ operation: String, _ geometry: ConvolutionGeometry, _ node: Graph.Node) throws {
    let inputs = [try input(0, of: node)] + (try parameters(of: node))
    let output = outputName(node)
    add(
      operation, inputs, output: output,
      [
        "kernel_shape": .ints(geometry.kernel), "strides": .ints(geometry.strides), "pads": .ints(geometry.onnxPads),
        "dilations": .ints(geometry.dilation), "group": .int(geometry.groups),
      ])
    define(node, as: output)
  }
}

extension BatchNormalization: ONNXLayer {
  /// `BatchNormalization` with the running statistics, and `Relu` where one follows.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    var inputs = [try onnx.input(0, of: node)] + (try onnx.parameters(of: node))
    for statistic in statistics(node.inputs.map(onnx.graph.channels(of:))) {
      inputs.append(try onnx.parameter(statistic.name, of: node, shape: [statistic.count]))
    }
    let output = onnx.outputName(node)
    let normalized = rectified ? "\(output).normalized" : output
    onnx.add("BatchNormalization", inputs, output: normalized, ["epsilon": .float(epsilon)])
    if rectified { onnx.add("Relu", [normalized], output: output) }
    onnx.define(node, as: output)
  }
}

extension Rectifier: ONNXLayer {
  /// `Relu`.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let output = onnx.outputName(node)
    onnx.add("Relu", [try onnx.input(0, of: node)], output: output)
    onnx.define(node, as: output)
  }
}

extension Pooling: ONNXLayer {
  /// `MaxPool`, with the positions where an unpooling needs them, or `AveragePool` over the positions inside the image.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let input = try onnx.input(0, of: node)
    let output = onnx.outputName(node)
    let (kernel, strides, pads) = (ONNXGraph.Attribute.ints(geometry.kernel), ONNXGraph.Attribute.ints(geometry.strides), geometry.onnxPads)
    switch pooling {
    case .maximum:
      let isUnpooled = onnx.graph.nodes.contains { $0.layer is MaximumUnpooling && $0.inputs.last == node.output }
      onnx.add(
        "MaxPool", [input], output: output, hasPositions: isUnpooled, ["kernel_shape": kernel, "strides": strides, "pads": .ints(pads)])
    case .average:
      onnx.add(
        "AveragePool", [input], output: output,
        ["kernel_shape": kernel, "strides": strides, "pads": .ints(pads), "count_include_pad": .int(0)])
    }
    onnx.define(node, as: output)
  }
}

extension MaximumUnpooling: ONNXLayer {
  /// `MaxUnpool` with the positions of the pooling that the second input names.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let pooled = try onnx.input(1, of: node)
    let output = onnx.outputName(node)
    onnx.add(
      "MaxUnpool", [try onnx.input(0, of: node), ONNXGraph.positions(pooled)], output: output,
      ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
    onnx.define(node, as: output)
  }
}

extension Concatenation: ONNXLayer {
  /// `Concat` along channels.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let inputs = try node.inputs.indices.map { try onnx.input($0, of: node) }
    let output = onnx.outputName(node)
    onnx.add("Concat", inputs, output: output, ["axis": .int(1)])
    onnx.define(node, as: output)
  }
}

extension Addition: ONNXLayer {
  /// `Add`, and `Relu` where one follows.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let inputs = try node.inputs.indices.map { try onnx.input($0, of: node) }
    let output = onnx.outputName(node)
    let sum = onnx.add("Add", inputs, output: rectified ? "\(output).sum" : output)
    if rectified { onnx.add("Relu", [sum], output: output) }
    onnx.define(node, as: output)
  }
}

extension Dropout: ONNXLayer {
  /// Nothing: it acts in training alone.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws { onnx.define(node, as: try onnx.input(0, of: node)) }
}

extension BilinearResampling: ONNXLayer {
  /// `Resize` to the rows and columns of the second input, linear with half-pixel centres.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let (input, reference) = (try onnx.input(0, of: node), try onnx.input(1, of: node))
    let output = onnx.outputName(node)
    let extents = onnx.addExtents(of: reference, keepingChannelsOf: input, named: output)
    onnx.add(
      "Resize", [input, "", "", extents], output: output,
      ["mode": .text("linear"), "coordinate_transformation_mode": .text("half_pixel")])
    onnx.define(node, as: output)
  }
}

extension NearestResampling: ONNXLayer {
  /// `Resize` to the rows and columns of the second input: source index floor(i x in / out).
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let (input, reference) = (try onnx.input(0, of: node), try onnx.input(1, of: node))
    let output = onnx.outputName(node)
    let extents = onnx.addExtents(of: reference, keepingChannelsOf: input, named: output)
    onnx.add(
      "Resize", [input, "", "", extents], output: output,
      ["mode": .text("nearest"), "coordinate_transformation_mode": .text("asymmetric"), "nearest_mode": .text("floor")])
    onnx.define(node, as: output)
  }
}

extension GlobalAveragePooling: ONNXLayer {
  /// `GlobalAveragePool`.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let output = onnx.outputName(node)
    onnx.add("GlobalAveragePool", [try onnx.input(0, of: node)], output: output)
    onnx.define(node, as: output)
  }
}

extension ONNXGraph {
  /// Adds what computes the extents of an output: images and channels of one activation, rows and columns of another.
  /// - Returns: the name of the four numbers.
  mutating func addExtents(of reference: String, keepingChannelsOf input: String, named name: String) -> String {
    let zero = constant("extents.0", [0])
    let two = constant("extents.2", [2])
    let four = constant("extents.4", [4])
    let own = add("Shape", [input], output: "\(name).shape")
    let other = add("Shape", [reference], output: "\(name).referenceShape")
    let front = add("Slice", [own, zero, two], output: "\(name).front")
    let back = add("Slice", [other, two, four], output: "\(name).back")
    return add("Concat", [front, back], output: "\(name).extents", ["axis": .int(0)])
  }
}
