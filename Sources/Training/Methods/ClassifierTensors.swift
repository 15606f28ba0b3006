import Networks
import Tensors

/// The tensors of the layer that computes a network's class scores from features, where it is linear: W, C x d, and its bias.
///
/// They are read and written in canonical order, whatever the layout in the flat buffers.
public struct ClassifierTensors {
  /// The layer's name.
  public let layer: String
  /// C.
  public let classes: Int
  /// d.
  public let features: Int
  /// Whether there is a bias.
  public var hasBias: Bool { bias != nil }
  private let weight: FlatTensor
  private let bias: FlatTensor?

  /// Looks them up.
  /// - Parameters:
  ///   - port: where the layer's output is.
  ///   - part: who needs them, for the message.
  /// - Throws: `LongtailError` where no linear layer computes the scores.
  public init(of network: Network, at port: Port = .logits, for part: String) throws {
    let graph = network.graph
    let value = try graph.value(of: port)
    guard let node = graph.nodes.first(where: { $0.output == value }), ["convolution", "linear"].contains(node.layer.kind),
      let weight = network.parameterTensors.first(where: { $0.name == "\(node.name).weight" }),
      weight.shape.prefix(2) == [graph.channels(of: value), graph.channels(of: node.inputs[0])],
      weight.shape.dropFirst(2).allSatisfy({ $0 == 1 })
    else {
      throw LongtailError(
        .usage, "\(part) needs a linear classifier at port '\(port)', which this network does not have",
        advice: "Choose a network of task recognition, with the head linear.")
    }
    (self.layer, self.weight) = (node.name, weight)
    (classes, features) = (weight.shape[0], weight.shape[1])
    bias = network.parameterTensors.first { $0.name == "\(node.name).bias" }
  }

  /// W, row-major.
  public func weights(_ values: HostBuffer) throws -> [Float] { try weight.read(values) }

  /// The bias; zeros where there is none.
  public func biases(_ values: HostBuffer) throws -> [Float] { try bias?.read(values) ?? Array(repeating: 0, count: classes) }

  /// Replaces W.
  public func write(weights: [Float], to values: HostBuffer) throws { try weight.write(weights, values) }

  /// Replaces the bias, where there is one.
  public func write(biases: [Float], to values: HostBuffer) throws { try bias?.write(biases, values) }
}
