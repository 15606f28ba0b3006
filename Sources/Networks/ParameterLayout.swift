import Kernels
import Tensors

/// Where the parameters and running statistics of a network lie in its flat buffers: made from the graph before any plan.
///
/// The order is that of the backward pass, so that gradients are complete from the front; the layout of a parameter is the one that the
/// direct forward kernel prefers, whichever algorithm is chosen later. It is a function of graph, batch shape, and options, so all ranks
/// arrive at the same one, which `digest` proves.
public final class ParameterLayout {
  /// One parameter.
  package struct Entry {
    /// Its name, such as `down.0.0.weight`.
    package let name: String
    let specification: ParameterSpecification
    let layout: TensorLayout
    /// The first float in the flat buffers.
    let offset: Int

    /// Extents in files.
    package var shape: [Int] { specification.shape }
    /// Its floats in the flat buffers, padded lanes included.
    package var range: Range<Int> { offset..<offset + layout.floatCount }
  }

  /// One kept statistic.
  package struct Statistic {
    /// Its name, such as `down.0.1.running_mean`.
    package let name: String
    let specification: StatisticSpecification
    let offset: Int

    /// Its floats in the buffer of statistics.
    package var range: Range<Int> { offset..<offset + specification.count }
  }

  /// The parameters in the order of the flat buffers: that of the backward pass.
  let ordered: [Entry]
  /// The statistics in the order of the graph.
  package let statistics: [Statistic]
  /// Floats of a flat buffer of parameters.
  package let floatCount: Int
  /// Floats of a buffer of running statistics.
  package let statisticCount: Int

  private let index: [String: Int]
  private let statisticIndex: [String: Int]

  /// The parameters in the order of the graph.
  package var entries: [Entry] { ordered.reversed() }

  /// Asks each layer for the layouts that it prefers. No kernel is made, none is run.
  /// - Parameters:
  ///   - graph: the network.
  ///   - shape: images, rows and columns of a rank's largest batch.
  ///   - options: those of the network's plans.
  /// - Throws: `LongtailError` when a layer cannot work on the shape.
  init(_ graph: Graph, shape: BatchShape, options: PlanOptions) throws {
    let layouts = try ActivationLayouts(graph, shape: shape, keepsForBackward: true, options: options)
    var ordered: [Entry] = []
    var floats = 0
    for (node, made) in zip(graph.nodes, layouts.layers).reversed() {
      for specification in node.layer.parameters(node.inputs.map(graph.channels(of:))).reversed() {
        guard let layout = made.parameters[specification.name] else {
          throw LongtailError(.internalError, "layer \(node.name) does not say how \(specification.name) lies in memory")
        }
        ordered.append(Entry(name: "\(node.name).\(specification.name)", specification: specification, layout: layout, offset: floats))
        floats += ParameterLayout.padded(layout.floatCount)
      }
    }
    var statistics: [Statistic] = []
    var count = 0
    for node in graph.nodes {
      for specification in node.layer.statistics(node.inputs.map(graph.channels(of:))) {
        statistics.append(Statistic(name: "\(node.name).\(specification.name)", specification: specification, offset: count))
        count += ParameterLayout.padded(specification.count)
      }
    }
    self.ordered = ordered
    self.statistics = statistics
    (floatCount, statisticCount) = (floats, count)
    index = Dictionary(ordered.enumerated().map { ($1.name, $0) }) { first, _ in first }
    statisticIndex = Dictionary(statistics.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  /// Each begins at a multiple of 64 bytes.
  private static func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  /// The parameter of a name.
  func entry(_ name: String) -> Entry? { index[name].map { ordered[$0] } }

  /// The statistic of a name.
  func statistic(_ name: String) -> Statistic? { statisticIndex[name].map { statistics[$0] } }

  /// The stretch of the flat buffers that holds all parameters which a training plan moves: what gradients and moments need memory for.
  ///
  /// Everything, where everything is trained. Heads come first in the order of the backward pass, so a trained head alone is short.
  func span(of trained: TrainedParameters) -> Range<Int> {
    guard case .only = trained else { return 0..<floatCount }
    let moved = ordered.filter { trained.contains($0.name) && !$0.specification.isFrozen }
    guard let first = moved.first, let last = moved.last else { return 0..<0 }
    return first.offset..<last.offset + ParameterLayout.padded(last.layout.floatCount)
  }

  /// Text that is equal exactly where the flat buffers have the same meaning.
  package var digest: String { ordered.map { "\($0.name)@\($0.offset):\($0.layout)" }.joined(separator: ";") }
}
