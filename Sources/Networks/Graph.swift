import Tensors

/// Extents of one image's activation: channels, rows, columns.
public struct FeatureShape: Hashable, Sendable {
  /// Channels.
  public var channels: Int
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// Names the extents.
  public init(channels: Int, height: Int, width: Int) {
    self.channels = channels
    self.height = height
    self.width = width
  }

  /// The extents with the number of images in front: N,C,H,W.
  public func extents(images: Int) -> [Int] { [images, channels, height, width] }
}

/// A network as a value: layers and how they are connected. It has no numbers and no batch size.
///
/// Nodes stand in the order in which they are computed. What others read or give gradients to are its ports; without further words the
/// last node's output is the port `logits`.
public struct Graph: Sendable {
  /// An activation: the network's input or the output of a node.
  public struct Value: Hashable, Sendable {
    let index: Int
  }

  /// A layer with its connections.
  public struct Node: Sendable {
    /// The name that parameters take as their prefix, in torchvision's style: `down.0.0`.
    public let name: String
    /// What is computed.
    public let layer: any Layer
    /// What it is computed from.
    public let inputs: [Value]
    /// What it computes.
    public let output: Value
  }

  /// The network's input: images as N,C,H,W.
  public let input = Value(index: 0)
  /// Channels of the input.
  public let inputChannels: Int
  /// Image sizes must divide by this, because that often they are halved.
  public let strideMultiple: Int
  /// The nodes, in order.
  public private(set) var nodes: [Node] = []
  /// The last node's output.
  public var output: Value { nodes.last?.output ?? input }
  /// Activations that have a name for those outside, beside the output.
  private var namedPorts: [(port: Port, value: Value)] = []
  /// What the loss of each auxiliary output is multiplied by, in the order of the ports `auxiliary.0`, `auxiliary.1`, …
  public private(set) var auxiliaryWeights: [Double] = []
  /// How the network's input lies in memory.
  public var inputOrder = InputOrder.planes

  /// Networks behind this one, whose parameters belong to its model.
  public var continuations: [Continuation] = []

  /// How an input lies in memory.
  public enum InputOrder: Sendable {
    /// N,C,H,W: images as loaders write them.
    case planes
    /// Channels in blocks of 8: what another network of the step leaves.
    case channelBlocks
  }

  /// All ports, the logits first.
  public var ports: [(port: Port, value: Value)] {
    (namedPorts.contains { $0.port == .logits } ? [] : [(.logits, output)]) + namedPorts
  }

  /// What a loss needs: the logits, and those of auxiliary heads, with their gradients.
  public var lossPorts: [Port: PortUse] {
    var ports = [Port.logits: PortUse.gradient]
    for index in auxiliaryWeights.indices { ports[.auxiliary(index)] = .gradient }
    return ports
  }

  /// The activation of a port.
  /// - Throws: `LongtailError` naming the ports that there are.
  public func value(of port: Port) throws -> Value {
    guard let found = ports.first(where: { $0.port == port }) else {
      throw LongtailError.unknownName("port", port.name, known: ports.map(\.port.name))
    }
    return found.value
  }

  private var channelsOfValues: [Int]

  /// Begins a network.
  /// - Parameters:
  ///   - inputChannels: channels of the images; 3 for colour.
  ///   - strideMultiple: image sizes must divide by this; callers pad.
  public init(inputChannels: Int, strideMultiple: Int) {
    self.inputChannels = inputChannels
    self.strideMultiple = strideMultiple
    channelsOfValues = [inputChannels]
  }

  /// Channels of an activation.
  public func channels(of value: Value) -> Int { channelsOfValues[value.index] }

  /// Adds a layer.
  /// - Returns: its output.
  @discardableResult
  public mutating func add(_ layer: some Layer, named name: String, to inputs: Value...) -> Value {
    add(layer, named: name, to: inputs)
  }

  /// Adds a layer of any number of inputs.
  /// - Returns: its output.
  @discardableResult
  public mutating func add(_ layer: some Layer, named name: String, to inputs: [Value]) -> Value {
    let output = Value(index: channelsOfValues.count)
    nodes.append(Node(name: name, layer: layer, inputs: inputs, output: output))
    channelsOfValues.append(layer.outputChannels(inputs.map { channelsOfValues[$0.index] }))
    return output
  }

  /// Gives an activation a name for those outside. Inference computes it only where it is asked for.
  public mutating func addPort(_ port: Port, _ value: Value) { namedPorts.append((port, value)) }

  /// Makes logits of an earlier layer, as many channels, rows and columns as the output has, the next port `auxiliary.…`, whose loss is
  /// added in training.
  /// - Parameter weight: what the loss is multiplied by.
  public mutating func addAuxiliaryOutput(_ value: Value, weight: Double) {
    addPort(.auxiliary(auxiliaryWeights.count), value)
    auxiliaryWeights.append(weight)
  }

  /// Replaces layers by others of the same connections, channels and parameters.
  mutating func replaceLayers(_ replacement: (Node) -> (any Layer)?) {
    nodes = nodes.map { node in
      replacement(node).map { Node(name: node.name, layer: $0, inputs: node.inputs, output: node.output) } ?? node
    }
  }

  /// For each node whether one of some activations depends on it.
  func isNeeded(for values: [Value]) -> [Bool] {
    var needed = Array(repeating: false, count: nodes.count + 1)
    for value in values { needed[value.index] = true }
    for node in nodes.reversed() where needed[node.output.index] {
      for (i, value) in node.inputs.enumerated() where node.layer.readsNumbers(ofInput: i) || node.layer.needsProducer(ofInput: i) {
        needed[value.index] = true
      }
    }
    return nodes.map { needed[$0.output.index] }
  }

  /// The shapes of all activations for one image size, in the order of values.
  /// - Throws: `LongtailError` naming the layer whose inputs do not fit.
  public func shapes(height: Int, width: Int) throws -> [FeatureShape] {
    guard height % strideMultiple == 0, width % strideMultiple == 0, height > 0, width > 0 else {
      throw LongtailError(
        .internalError, "images of \(width)x\(height) do not divide by the network's stride of \(strideMultiple)",
        advice: "Pad them before they reach the network.")
    }
    var shapes = [FeatureShape(channels: inputChannels, height: height, width: width)]
    for node in nodes {
      let inputs = node.inputs.map { shapes[$0.index] }
      do {
        shapes.append(try node.layer.outputShape(inputs))
      } catch let error as LongtailError {
        throw LongtailError(error.code, "layer \(node.name): \(error.message)", advice: error.advice)
      }
    }
    return shapes
  }

  /// The nodes that read a value's numbers, in order: those that contribute to its gradient.
  func consumers(of value: Value) -> [Int] {
    nodes.indices.filter { i in
      nodes[i].inputs.indices.contains { nodes[i].inputs[$0] == value && nodes[i].layer.readsNumbers(ofInput: $0) }
    }
  }

  /// The node that computes a value; nil for the input.
  func producer(of value: Value) -> Int? { value.index == 0 ? nil : value.index - 1 }
}
