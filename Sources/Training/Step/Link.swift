import Datasets
import Networks
import Objectives
import Tensors

/// Turns ports of networks into the input of the next one, and the gradient of that input back: a crop of regions, a pooling, the identity.
///
/// A link keeps nothing from the forward to the backward pass but working memory, such as the regions that it cut out.
public protocol Link: AnyObject {
  /// The ports that are read. Those of networks that are trained get their whole gradient from the link: no term writes them.
  var ports: [PortPlace] { get }
  /// Images that the next network gets for each image of the batch, always as many; a region that is not there is zeros.
  var imagesPerImage: Int { get }

  /// Looks at a batch before any network runs, also at one without images: boxes that regions are matched with.
  func prepare(_ batch: Batch) throws

  /// Fills the next network's input, all of it. Not called on a rank without images.
  /// - Parameter input: one row of channels for each position.
  func forward(_ inputs: StepInputs, into input: RowsView) throws

  /// Leaves at the ports, all of them, what the gradient of the input makes there. Not called on a rank without images.
  func backward(_ inputs: StepInputs, gradient: RowsView) throws
}

extension Link {
  /// One image each.
  public var imagesPerImage: Int { 1 }
  /// Nothing but the ports counts.
  public func prepare(_ batch: Batch) throws {}
}

/// A link whose work has parts that are worth timing.
package protocol TimedLink: Link {
  /// Times the parts; nil outside of benchmarks.
  var clock: PartClock? { get set }
}

/// A network that is trained behind another one: its input is what a link makes of the other's ports.
///
/// Both are alive at once, so the activations lie in a workspace of the network's own. The passes of a step run front to back, and back to
/// front; each network has one flat sum of gradients, the student's first, then those of the chain in order.
public final class ChainedNetwork {
  /// What fills its input.
  public let link: any Link
  /// Whether it belongs to the student's model, and is published with it; other networks are for training alone.
  public let isPublished: Bool
  private let part: ContinuedNetwork

  /// The name in `PortPlace` and in checkpoints.
  public var name: String { part.name }
  /// What is computed.
  public var network: Network { part.network }
  /// Rows of an input image.
  public var height: Int { part.height }
  /// Columns of an input image.
  public var width: Int { part.width }

  /// Describes a network that is for training alone.
  public init(_ name: String, _ network: Network, behind link: any Link, height: Int, width: Int) {
    part = ContinuedNetwork(name, network, height: height, width: width, imagesPerImage: link.imagesPerImage)
    (self.link, isPublished) = (link, false)
  }

  /// Takes a network that the student's graph has behind it.
  package init(_ part: ContinuedNetwork, behind link: any Link) {
    (self.part, self.link, isPublished) = (part, link, true)
  }

  /// The memory of the input, as rows of channels.
  func input(images: Int) -> RowsView { part.input(images: images) }
}
