/// A network behind another one, as a value: its input is made of ports of the first, such as the regions that a detector looks at again.
///
/// How the input is made is said by whoever runs both: a link in training, a task's tally in prediction. Its parameters belong to the first
/// network's model: they are saved, averaged, loaded and published with it, under names of their own.
public struct Continuation: Sendable {
  /// The name in `PortPlace`, and in checkpoints that of its optimizer.
  public let name: String
  /// What is computed. Its output is not continued further.
  public let graph: Graph
  /// Rows of an input image.
  public let height: Int
  /// Columns of an input image.
  public let width: Int
  /// Input images for each image of a batch in training; prediction may take other numbers.
  public let imagesPerImage: Int

  /// Describes a network behind another one.
  public init(_ name: String, _ graph: Graph, height: Int, width: Int, imagesPerImage: Int) {
    (self.name, self.graph, self.height, self.width, self.imagesPerImage) = (name, graph, height, width, imagesPerImage)
  }
}

extension Graph {
  /// The names of all parameters, those of networks behind it included.
  package var allParameterNames: [String] { parameterNames + continuations.flatMap(\.graph.parameterNames) }

  /// Whether the logits are those of a network behind this one.
  public var hasContinuedLogits: Bool { continuations.contains { $0.graph.ports.contains { $0.port == .logits } } }
}
