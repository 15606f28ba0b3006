import Networks
import Tensors

/// A computation of ONNX while it is put together from a network: nodes, the numbers that they use, and the names of activations.
///
/// Operators are those of operator set 13, the first with all that is needed in its present form.
public struct ONNXGraph {
  /// The operator set.
  public static let operatorSet = 13
  /// The version of the file format that goes with it.
  static let formatVersion = 7

  /// An attribute of a node.
  public enum Attribute: Sendable {
    /// A whole number.
    case int(Int)
    /// Whole numbers.
    case ints([Int])
    /// A number.
    case float(Double)
    /// A text.
    case text(String)
  }

  /// The network.
  public let graph: Graph
  private let tensors: [String: NamedTensor]
  private var names: [Graph.Value: String]
  private var taken: Set<String> = [ONNXGraph.inputName, ONNXGraph.outputName]
  private(set) var nodes: [ProtocolMessage] = []
  private(set) var constants: [ProtocolMessage] = []
  private var constantNames: Set<String> = []

  /// The name of the images.
  public static let inputName = "input"
  /// The name of the logits.
  public static let outputName = "logits"

  /// Begins with the images, and what parameters hold.
  package init(_ graph: Graph, _ tensors: [NamedTensor]) {
    self.graph = graph
    self.tensors = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    names = [graph.input: ONNXGraph.inputName]
  }

  /// The name of what a node reads.
  /// - Throws: `LongtailError(.internalError)` for an input that nothing computes.
  public func input(_ place: Int, of node: Graph.Node) throws -> String {
    guard place < node.inputs.count, let name = names[node.inputs[place]] else {
      throw LongtailError(.internalError, "layer \(node.name) has no input \(place + 1)")
    }
    return name
  }

  /// The layers that the logits depend on, in order: what serves training alone is left out.
  /// - Throws: `LongtailError` for a network without logits.
  func neededNodes() throws -> [Graph.Node] {
    var needed: Set<Graph.Value> = [try graph.value(of: .logits)]
    for node in graph.nodes.reversed() where needed.contains(node.output) { needed.formUnion(node.inputs) }
    return graph.nodes.filter { needed.contains($0.output) }
  }

  /// The name of an activation.
  /// - Throws: `LongtailError(.internalError)` for one that no layer written so far computes.
  package func name(of value: Graph.Value) throws -> String {
    guard let name = names[value] else { throw LongtailError(.internalError, "an activation of the network is not computed") }
    return name
  }

  /// Adds a node of ONNX.
  /// - Parameters:
  ///   - operation: the operator: `Conv`.
  ///   - inputs: names of what it reads; an empty one stands for an input that is left out.
  ///   - output: the name of its result; of two results the second is called the same with `.positions`.
  /// - Returns: `output`.
  @discardableResult
  public mutating func add(
    _ operation: String, _ inputs: [String], output: String, hasPositions: Bool = false,
    _ attributes: KeyValuePairs<String, Attribute> = [:]
  ) -> String {
    var node = ProtocolMessage()
    for input in inputs { node.add(1, input) }
    node.add(2, output)
    if hasPositions { node.add(2, ONNXGraph.positions(output)) }
    node.add(3, "\(operation).\(output)")
    node.add(4, operation)
    for (name, attribute) in attributes { node.add(5, ONNXGraph.message(name, attribute)) }
    nodes.append(node)
    return output
  }

  /// The name of the positions of a pooling's maxima.
  static func positions(_ output: String) -> String { "\(output).positions" }

  /// Says under which name a layer's output is found.
  public mutating func define(_ node: Graph.Node, as name: String) { names[node.output] = name }

  /// A name for a layer's output that no other has: the layer's own.
  public mutating func outputName(_ node: Graph.Node) -> String {
    var name = node.name
    while !taken.insert(name).inserted { name += "_" }
    return name
  }

  /// A parameter or running statistic of a layer, as one of the file's constants.
  /// - Parameter shape: what the layer expects.
  /// - Returns: its name.
  /// - Throws: `LongtailError(.badData)` where it is missing or has another shape.
  public mutating func parameter(_ name: String, of node: Graph.Node, shape: [Int]) throws -> String {
    let whole = "\(node.name).\(name)"
    guard let tensor = tensors[whole], tensor.shape == shape, tensor.values.count == shape.reduce(1, *) else {
      throw LongtailError(
        .badData, "tensor \(whole) is missing or not of shape \(shape)", advice: "Check the model's name, width and number of classes.")
    }
    return constant(whole, shape: shape, tensor.values)
  }

  /// Parameters of a layer by name, with the shapes that it specifies.
  /// - Throws: as `parameter(_:of:shape:)`.
  public mutating func parameters(of node: Graph.Node) throws -> [String] {
    try node.layer.parameters(node.inputs.map(graph.channels(of:))).map { try parameter($0.name, of: node, shape: $0.shape) }
  }

  /// Adds float32 numbers; those of a name that is there already are kept.
  @discardableResult
  public mutating func constant(_ name: String, shape: [Int], _ values: [Float]) -> String {
    guard constantNames.insert(name).inserted else { return name }
    var message = ProtocolMessage()
    for extent in shape { message.add(1, Int64(extent)) }
    message.add(2, Int64(1))
    message.add(8, name)
    message.add(9, raw: values)
    constants.append(message)
    return name
  }

  /// Adds whole numbers in a row; those of a name that is there already are kept.
  @discardableResult
  public mutating func constant(_ name: String, _ values: [Int64]) -> String {
    guard constantNames.insert(name).inserted else { return name }
    var message = ProtocolMessage()
    message.add(1, Int64(values.count))
    message.add(2, Int64(7))
    for value in values { message.add(7, value) }
    message.add(8, name)
    constants.append(message)
    return name
  }

  private static func message(_ name: String, _ attribute: Attribute) -> ProtocolMessage {
    var message = ProtocolMessage()
    message.add(1, name)
    switch attribute {
    case .float(let value):
      message.add(2, Float(value))
      message.add(20, Int64(1))
    case .int(let value):
      message.add(3, Int64(value))
      message.add(20, Int64(2))
    case .text(let value):
      message.add(4, value)
      message.add(20, Int64(3))
    case .ints(let values):
      for value in values { message.add(8, Int64(value)) }
      message.add(20, Int64(7))
    }
    return message
  }
}
