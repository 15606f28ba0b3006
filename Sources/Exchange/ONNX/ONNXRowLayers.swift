import Networks
import Tensors

extension ONNXGraph {
  /// The rows that a layer reads, N,C: the positions of an activation are flattened away.
  fileprivate mutating func rows(_ node: Graph.Node) throws -> String {
    let input = try input(0, of: node)
    return add("Flatten", [input], output: "\(node.name).rows", ["axis": .int(1)])
  }

  /// Adds a last operator that computes a layer's output.
  fileprivate mutating func finish(
    _ operation: String, _ inputs: [String], _ node: Graph.Node, _ attributes: KeyValuePairs<String, Attribute> = [:]
  ) {
    define(node, as: add(operation, inputs, output: outputName(node), attributes))
  }
}

extension Linear: ONNXLayer {
  /// `Gemm` with the transposed weights.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let inputs = [try onnx.rows(node)] + (try onnx.parameters(of: node))
    onnx.finish("Gemm", inputs, node, ["transB": .int(1)])
  }
}

extension NormalizedLinear: ONNXLayer {
  /// `Gemm` with the transposed directions of the weights, and `Mul` by the factor.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let parameters = try onnx.parameters(of: node)
    let directions = onnx.addUnitRows(parameters[0], named: "\(node.name).directions")
    let factor = learnsScale ? parameters[1] : onnx.constant("\(node.name).factor", shape: [1], [Float(scale)])
    let cosines = onnx.add("Gemm", [try onnx.rows(node), directions], output: "\(node.name).products", ["transB": .int(1)])
    onnx.finish("Mul", [cosines, factor], node)
  }
}

extension RowNormalization: ONNXLayer {
  /// `Div` by the length of the row, or by one more.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let rows = try onnx.rows(node)
    switch rule {
    case .unit: onnx.define(node, as: onnx.addUnitRows(rows, named: onnx.outputName(node)))
    case .squashed:
      let length = onnx.add("ReduceL2", [rows], output: "\(node.name).length", ["axes": .ints([1]), "keepdims": .int(1)])
      let divisor = onnx.add("Add", [length, onnx.constant("one", shape: [1], [1])], output: "\(node.name).divisor")
      onnx.finish("Div", [rows, divisor], node)
    }
  }
}

extension ColumnScaling: ONNXLayer {
  /// `Mul` by the factors.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let inputs = [try onnx.rows(node)] + (try onnx.parameters(of: node))
    onnx.finish("Mul", inputs, node)
  }
}

extension PaddedShortcut: ONNXLayer {
  /// `Slice` with steps, and `Pad` with zeros along the channels.
  public func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let far = Int64(Int32.max)
    let constants = [
      onnx.constant("shortcut.starts", [0, 0]), onnx.constant("shortcut.ends", [far, far]), onnx.constant("shortcut.axes", [2, 3]),
      onnx.constant("shortcut.steps.\(stride)", [Int64(stride), Int64(stride)]),
    ]
    let taken = onnx.add("Slice", [try onnx.input(0, of: node)] + constants, output: "\(node.name).taken")
    let side = Int64((channels - onnx.graph.channels(of: node.inputs[0])) / 2)
    let padding = onnx.constant("shortcut.padding.\(side)", [0, side, 0, 0, 0, side, 0, 0])
    onnx.finish("Pad", [taken, padding], node, ["mode": .text("constant")])
  }
}

extension ONNXGraph {
  /// Adds what brings rows to length one: division by their length, or by 1e-12 where they are shorter.
  fileprivate mutating func addUnitRows(_ rows: String, named name: String) -> String {
    let length = add("ReduceL2", [rows], output: "\(name).length", ["axes": .ints([1]), "keepdims": .int(1)])
    let divisor = add("Max", [length, constant("leastLength", shape: [1], [1e-12])], output: "\(name).divisor")
    return add("Div", [rows, divisor], output: name)
  }
}
