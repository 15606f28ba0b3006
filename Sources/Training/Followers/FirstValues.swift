import Networks
import Tensors

/// Puts the first values of a layer back when a stage begins, after the numbers of the stage before were loaded: a layer that is trained
/// anew.
///
/// A resumed run takes its own numbers instead. Nothing moves in steps.
final class FirstValues: Follower {
  let name: String
  private let network: Network
  private let tensors: [(tensor: FlatTensor, values: [Float])]

  /// Remembers the layer's numbers as they are: those that the network was made with.
  /// - Throws: `LongtailError` from the conversion.
  init(of network: Network, layer: String, named name: String) throws {
    (self.network, self.name) = (network, name)
    tensors = try network.parameterTensors.filter { $0.name.hasPrefix("\(layer).") }.map { ($0, try $0.read(network.parameters)) }
  }

  func begin() {
    // What was read can be written.
    for (tensor, values) in tensors { try? tensor.write(values, network.parameters) }
  }

  func follow(_ step: AcceptedStep) {}

  func describeState(in tree: inout StateTree) {}
}
