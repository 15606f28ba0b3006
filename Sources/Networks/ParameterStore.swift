import Kernels
import Tensors

/// Where the parameters of a network lie in its flat buffers.
///
/// The order is that of the backward pass, so that gradients are complete from the front; the layouts are those that the forward
/// kernels prefer. All ranks arrive at the same plan, which `digest` proves.
final class ParameterStore {
  /// One parameter.
  final class Entry {
    let name: String
    let specification: ParameterSpecification
    let layout: TensorLayout
    /// The first float in the flat buffers; known once all entries are.
    fileprivate(set) var offset = 0

    init(name: String, specification: ParameterSpecification, layout: TensorLayout) {
      self.name = name
      self.specification = specification
      self.layout = layout
    }
  }

  /// One kept statistic.
  struct Statistic {
    let name: String
    let specification: StatisticSpecification
    let offset: Int
  }

  private(set) var entries: [String: Entry] = [:]
  private(set) var ordered: [Entry] = []
  private(set) var statistics: [Statistic] = []
  private(set) var statisticIndex: [String: Int] = [:]
  private(set) var floatCount = 0
  private(set) var statisticCount = 0
  private(set) var isComplete = false

  /// Statistics depend on the graph alone.
  init(_ graph: Graph) {
    for node in graph.nodes {
      for specification in node.layer.statistics(node.inputs.map(graph.channels(of:))) {
        let name = "\(node.name).\(specification.name)"
        statisticIndex[name] = statistics.count
        statistics.append(Statistic(name: name, specification: specification, offset: statisticCount))
        statisticCount += (specification.count + 15) / 16 * 16
      }
    }
  }

  /// The entry for a parameter, made with the given layout when it is new.
  func entry(_ name: String, _ specification: ParameterSpecification, preferred: () throws -> TensorLayout) throws -> Entry {
    if let found = entries[name] { return found }
    guard !isComplete else { throw LongtailError(.internalError, "parameter \(name) appears in one plan of the network only") }
    let entry = Entry(name: name, specification: specification, layout: try preferred())
    entries[name] = entry
    return entry
  }

  /// Fixes the order and the offsets after the first plan was compiled.
  func complete(_ graph: Graph) {
    guard !isComplete else { return }
    for node in graph.nodes.reversed() {
      for specification in node.layer.parameters(node.inputs.map(graph.channels(of:))).reversed() {
        guard let entry = entries["\(node.name).\(specification.name)"] else { continue }
        entry.offset = floatCount
        floatCount += (entry.layout.floatCount + 15) / 16 * 16
        ordered.append(entry)
      }
    }
    isComplete = true
  }

  /// Text that is equal exactly where the flat buffers have the same meaning.
  var digest: String { ordered.map { "\($0.name)@\($0.offset):\($0.layout)" }.joined(separator: ";") }
}
