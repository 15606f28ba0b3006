import Networks
import Objectives
import Tensors

/// Turns ports of networks into the input of the next one, and the gradient of that input back: a crop of regions, a pooling, the identity.
///
/// A link keeps nothing from the forward to the backward pass but working memory, such as the regions that it cut out.
package protocol Link: AnyObject {
  /// The ports that are read. Those of networks that are trained get their whole gradient from the link: no term writes them.
  var ports: [PortPlace] { get }
  /// Images that the next network gets for each image of the batch, always as many; a region that is not there is zeros.
  var imagesPerImage: Int { get }

  /// Fills the next network's input, all of it. Not called on a rank without images.
  /// - Parameter input: one row of channels for each position.
  func forward(_ inputs: StepInputs, into input: RowsView) throws

  /// Leaves at the ports, all of them, what the gradient of the input makes there. Not called on a rank without images.
  func backward(_ inputs: StepInputs, gradient: RowsView) throws
}

extension Link {
  /// One image each.
  package var imagesPerImage: Int { 1 }
}

/// A network that is trained behind another one: its input is what a link makes of the other's ports.
///
/// Both are alive at once, so the activations lie in a workspace of the network's own. The passes of a step run front to back, and back to
/// front; each network has one flat sum of gradients, the student's first, then those of the chain in order.
package final class ChainedNetwork {
  /// The name in `PortPlace` and in checkpoints.
  package let name: String
  /// What is computed.
  package let network: Network
  /// What fills its input.
  package let link: any Link
  /// Rows of an input image.
  package let height: Int
  /// Columns of an input image.
  package let width: Int
  private var memory = HostBuffer(floatCount: 0)

  /// Describes a link of the chain.
  package init(_ name: String, _ network: Network, behind link: any Link, height: Int, width: Int) {
    (self.name, self.network, self.link, self.height, self.width) = (name, network, link, height, width)
  }

  /// The memory of the input, as rows of channels.
  func input(images: Int) -> RowsView {
    let one = network.inputRows(memory, images: images, height: height, width: width)
    let needed = images * one.imageStride
    guard needed > memory.floatCount else { return one }
    memory = HostBuffer(floatCount: needed)
    return network.inputRows(memory, images: images, height: height, width: width)
  }
}
