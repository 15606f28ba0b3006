import Networks
import Tensors

/// What a network has computed for a batch, and what networks behind it compute from that.
public struct NetworkOutputs {
  /// What is added to the scores of each class, as an objective with post-hoc adjustment asks for, where it was not added already: to the
  /// logits of a network behind the first.
  public var offsets: [Double]?

  private let find: (Port) throws -> RowsView
  private let run: (String, Int, (RowsView) throws -> Void) throws -> NetworkOutputs

  /// - Parameter find: looks up the rows of a port.
  public init(_ find: @escaping (Port) throws -> RowsView) {
    self.find = find
    run = { name, _, _ in throw LongtailError.unknownName("network behind the first one", name, known: []) }
  }

  /// What a plan has computed, until it runs again.
  /// - Parameters:
  ///   - network: whose plan it is.
  ///   - parameters: the numbers that it computed with.
  ///   - offsets: what the scores of a network behind it still need.
  public init(of plan: Plan, _ network: Network, _ parameters: ParameterSet, offsets: [Double]? = nil) {
    self.offsets = offsets
    find = { try plan.rows($0).values }
    run = { name, images, fill in
      guard let place = network.continuations.firstIndex(where: { $0.name == name }), place < parameters.further.count else {
        throw LongtailError.unknownName("network behind the first one", name, known: network.continuations.map(\.name))
      }
      let set = parameters.further[place]
      let plan = try network.continuations[place].predict(set, images: images, fill)
      return NetworkOutputs { try plan.rows($0).values }
    }
  }

  /// The rows of a port.
  /// - Throws: `LongtailError` for a port that the network does not have.
  public func rows(_ port: Port) throws -> RowsView { try find(port) }

  /// Runs a network that stands behind the first.
  /// - Parameters:
  ///   - name: its name.
  ///   - images: images of its input.
  ///   - fill: writes all of its input.
  /// - Returns: what it has computed, until it runs again.
  /// - Throws: `LongtailError` for a name that there is not, and what `fill` throws.
  public func run(_ name: String, images: Int, fill: (RowsView) throws -> Void) throws -> NetworkOutputs {
    try run(name, images, fill)
  }
}
