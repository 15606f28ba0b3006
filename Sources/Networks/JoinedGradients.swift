/// Which gradients lie in the same memory, because a sum hands its gradient on to both of its inputs as it is.
///
/// The gradient of x + y is that of x and that of y. Instead of copying it, all three are one tensor, so that in a residual network the
/// gradient runs down the shortcuts without being moved, and each block adds its own part to it. That is right where
/// - nothing has been written to either input's gradient before the sum runs backward: the sum is the last layer that reads them;
/// - one of the inputs, the *read* one, is used by the sum alone, and its producer reads the gradient before anything else changes it: it runs
///   backward before the producer and the other consumers of the other input, the *home*, and does not work in place.
///
/// Gradients of ports have memory of their own and take no part.
struct JoinedGradients {
  /// By value: the value in whose gradient's memory its own lies.
  private var homes: [Int: Graph.Value] = [:]
  /// Values whose producer has to leave the gradient of its output as it is.
  private var readOnly: Set<Int> = []

  /// Looks at every sum of a graph.
  init(_ graph: Graph, _ extent: BackwardExtent) {
    let ports = Set(graph.ports.map(\.value.index))
    func contributors(_ value: Graph.Value) -> [Int] { graph.consumers(of: value).filter { extent.runs[$0] } }
    for (index, node) in graph.nodes.enumerated() where node.layer is Addition && extent.runs[index] && node.inputs.count == 2 {
      let values = node.inputs + [node.output]
      guard node.inputs[0] != node.inputs[1],
        values.allSatisfy({ extent.needsGradient[$0.index] && $0 != graph.input && !ports.contains($0.index) }),
        node.inputs.allSatisfy({ contributors($0).last == index })
      else { continue }
      // The producer of the later input runs backward first.
      let (home, read) = node.inputs[0].index < node.inputs[1].index ? (node.inputs[0], node.inputs[1]) : (node.inputs[1], node.inputs[0])
      guard let reader = graph.producer(of: read), contributors(read) == [index],
        contributors(home).allSatisfy({ $0 == index || $0 < reader })
      else { continue }
      homes[read.index] = home
      homes[node.output.index] = home
      readOnly.insert(read.index)
    }
  }

  /// The value in whose gradient's memory that of another lies; nil where it has memory of its own.
  func home(of value: Graph.Value) -> Graph.Value? { homes[value.index] }

  /// Whether others read the gradient of a value after its producer's backward pass.
  func isReadOnly(_ value: Graph.Value) -> Bool { readOnly.contains(value.index) }
}
