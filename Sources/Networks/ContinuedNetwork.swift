import Tensors

/// A network behind another one, with its numbers and the memory of its input: see `Continuation`.
///
/// Both are alive at once, so its activations lie in a workspace of its own.
public final class ContinuedNetwork {
  /// The name.
  public let name: String
  /// What is computed.
  public let network: Network
  /// Rows of an input image.
  public let height: Int
  /// Columns of an input image.
  public let width: Int
  /// Input images for each image of a batch in training.
  public let imagesPerImage: Int
  private var memory = HostBuffer(floatCount: 0)

  /// Gives a network its place.
  public init(_ name: String, _ network: Network, height: Int, width: Int, imagesPerImage: Int) {
    (self.name, self.network, self.height, self.width, self.imagesPerImage) = (name, network, height, width, imagesPerImage)
  }

  /// The memory of an input of this many images, as rows of channels; it begins with the buffer.
  package func input(images: Int) -> RowsView {
    let one = network.inputRows(memory, images: images, height: height, width: width)
    let needed = images * one.imageStride
    guard needed > memory.floatCount else { return one }
    memory = HostBuffer(floatCount: needed)
    return network.inputRows(memory, images: images, height: height, width: width)
  }

  /// Fills the input and predicts.
  /// - Parameters:
  ///   - set: the numbers to compute with.
  ///   - images: images of the input.
  ///   - fill: writes all of the input.
  /// - Returns: the plan, whose ports hold what was found until it runs again.
  /// - Throws: `LongtailError` from the library, and what `fill` throws.
  package func predict(_ set: ParameterSet, images: Int, _ fill: (RowsView) throws -> Void) throws -> Plan {
    let rows = input(images: images)
    try fill(rows)
    let plan = try network.inferencePlan(
      images: images, height: height, width: width, ports: Set(network.graph.ports.map(\.port)))
    try plan.forward(set, images: BatchImages(rows.buffer))
    return plan
  }
}

extension Network {
  /// This network, then those behind it: all that a model's file holds.
  public var parts: [Network] { [self] + continuations.map(\.network) }

  /// The network behind this one that has a name.
  /// - Throws: `LongtailError` naming those that there are.
  public func continuation(_ name: String) throws -> ContinuedNetwork {
    guard let found = continuations.first(where: { $0.name == name }) else {
      throw LongtailError.unknownName("network behind the first one", name, known: continuations.map(\.name))
    }
    return found
  }

  /// The networks behind a graph, with their first values.
  static func continuations(
    of graph: Graph, images: Int, seed: UInt64, options: PlanOptions, trained: TrainedParameters
  ) throws -> [ContinuedNetwork] {
    try graph.continuations.enumerated().map { place, next in
      let network = try Network(
        graph: next.graph, images: max(1, images) * next.imagesPerImage, height: next.height, width: next.width,
        seed: seed &+ UInt64(place + 1) &* 0xA24B_AED4_963E_E407, options: options, trained: trained)
      return ContinuedNetwork(next.name, network, height: next.height, width: next.width, imagesPerImage: next.imagesPerImage)
    }
  }
}
