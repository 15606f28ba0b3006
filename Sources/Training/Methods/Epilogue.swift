import Collectives
import Datasets
import Networks
import Objectives
import Tasks
import Tensors

/// What is done to a network behind the last step, before it is judged for the last time: no gradient, no step.
///
/// The network that is trained stays as it is, so that a run can go on; what is judged and published is another one, whose tensors of the
/// same names and shapes are taken over before `apply` fills in the rest.
public protocol Epilogue {
  /// The network that is judged and published.
  /// - Parameter graph: the one that is trained, or what the epilogue before has made of it.
  /// - Throws: `LongtailError` for a network that nothing can be done to.
  func graph(_ graph: Graph) throws -> Graph

  /// Refuses a network that nothing can be done to, before anything is trained.
  /// - Parameter network: of the graph that this asked for; its numbers are not those that will be changed.
  /// - Throws: `LongtailError` that says what it needs.
  func check(_ network: Network) throws

  /// Changes the numbers of the network. Collective; the same on all ranks.
  /// - Throws: `LongtailError` from what is read, or for a network that nothing can be done to.
  func apply(_ context: EpilogueContext) throws
}

extension Epilogue {
  /// The same network.
  public func graph(_ graph: Graph) throws -> Graph { graph }
  /// Any network will do.
  public func check(_ network: Network) throws {}
}

/// What an epilogue works on.
public struct EpilogueContext {
  /// The network that is judged, of the graph that the epilogue asked for. It holds what was trained where names and shapes are the same.
  public let network: Network
  /// The network as it was trained, or what the epilogue before has made of it.
  public let trained: Network
  /// The numbers of `trained` that are judged: its own, or their average.
  public let numbers: ParameterSet
  /// Everything that the run remembers, by path: what a method has trained beside the network is found here.
  public let state: StateTree
  /// What is known of the classes of the training split.
  public let classes: ObjectiveContext
  /// The training images as evaluation sees images, each once over all ranks.
  public let images: any EpilogueImages
  /// What evaluation and prediction add to the scores of each class, whatever the epilogue does; nil for nothing.
  public let predictionOffsets: [Double]?
  /// The group.
  public let communicator: any Communicator
  /// Takes a line for people, on rank zero.
  public let note: (String) -> Void

  /// Creates a context.
  public init(
    network: Network, trained: Network, numbers: ParameterSet, state: StateTree, classes: ObjectiveContext, images: any EpilogueImages,
    predictionOffsets: [Double]? = nil, communicator: any Communicator, note: @escaping (String) -> Void = { _ in }
  ) {
    (self.network, self.trained, self.numbers, self.state) = (network, trained, numbers, state)
    (self.classes, self.images, self.communicator) = (classes, images, communicator)
    (self.predictionOffsets, self.note) = (predictionOffsets, note)
  }
}

/// Images that an epilogue looks at.
public protocol EpilogueImages {
  /// Computes a port of a network for this rank's share of the training images, batch after batch, by running statistics.
  /// - Parameter body: the rows of the port, and the label of each.
  /// - Throws: `LongtailError` from files, from the network, or from `body`.
  func forEachBatch(of port: Port, _ network: Network, _ numbers: ParameterSet, _ body: (RowsView, [Int32]) throws -> Void) throws

  /// Computes ports of a network for this rank's share of the training images, batch after batch, by running statistics.
  /// - Parameter body: the batch with its targets, and what the network and those behind it say of it.
  /// - Throws: `LongtailError` from files, from the network, or from `body`.
  func forEachBatch(
    ports: Set<Port>, _ network: Network, _ numbers: ParameterSet, _ body: (Batch, NetworkOutputs) throws -> Void) throws
}
