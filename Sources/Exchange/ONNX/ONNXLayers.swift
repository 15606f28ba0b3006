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
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let inputs = [try onnx.input(0, of: node)] + (try onnx.parameters(of: node))
    let output = onnx.outputName(node)
    onnx.add(
      "Conv", inputs, output: output,
      [
        "kernel_shape": .ints(geometry.kernel), "strides": .ints(geometry.strides), "pads": .ints(geometry.onnxPads),
        "dilations": .ints(geometry.dilation), "group": .int(geometry.groups),
      ])
    onnx.define(node, as: output)
  }
}

extension TransposedConvolution: ONNXLayer {
  /// `ConvTranspose`.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let inputs = [try onnx.input(0, of: node)] + (try onnx.parameters(of: node))
    let output = onnx.outputName(node)
    onnx.add(
      "ConvTranspose", inputs, output: output,
      [
        "kernel_shape": .ints(geometry.kernel), "strides": .ints(geometry.strides), "pads": .ints(geometry.onnxPads),
        "dilations": .ints(geometry.dilation), "group": .int(geometry.groups),
      ])
    onnx.define(node, as: output)
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
  /// `Add`.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let inputs = try node.inputs.indices.map { try onnx.input($0, of: node) }
    let output = onnx.outputName(node)
    onnx.add("Add", inputs, output: output)
    onnx.define(node, as: output)
  }
}

extension Dropout: ONNXLayer {
  /// Nothing: it acts in training alone.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws { onnx.define(node, as: try onnx.input(0, of: node)) }
}

extension BilinearResampling: ONNXLayer {
  /// `Resize`, linear with half-pixel centres: to the rows and columns of a second input where there is one, else by the layer's factor.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let input = try onnx.input(0, of: node)
    let output = onnx.outputName(node)
    var inputs = [input, ""]
    if node.inputs.count > 1 {
      inputs += ["", try onnx.addExtents(of: onnx.input(1, of: node), keepingChannelsOf: input, named: output)]
    } else {
      let factor = try onnx.factor(of: node)
      inputs.append(onnx.constant("\(output).scales", shape: [4], [1, 1, factor, factor]))
    }
    onnx.add("Resize", inputs, output: output, ["mode": .text("linear"), "coordinate_transformation_mode": .text("half_pixel")])
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

  /// By how much a layer enlarges rows, found at one size of images.
  /// - Throws: `LongtailError` where the layer's inputs do not fit.
  func factor(of node: Graph.Node) throws -> Float {
    let extent = 8 * graph.strideMultiple
    let shapes = try graph.shapes(height: extent, width: extent)
    guard let place = graph.nodes.firstIndex(where: { $0.output == node.output }) else { return 1 }
    // Activations stand in the order of the nodes, the network's input before them.
    let source = graph.nodes.firstIndex { $0.output == node.inputs[0] }.map { $0 + 1 } ?? 0
    return Float(shapes[place + 1].height) / Float(shapes[source].height)
  }
}
