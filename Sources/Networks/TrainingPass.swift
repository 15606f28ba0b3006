import Kernels
import Tensors

/// One rank's part of a training batch on its way through a network: at once (`Plan`), or in micro-batches (`MicroBatchedPlan`).
///
/// Use: `forward`, read the ports and write their gradients, `backward`.
package protocol TrainingPass: AnyObject {
  /// Number of images; may be zero.
  var images: Int { get }
  /// The rows of a port, of all images.
  /// - Throws: `LongtailError` for a port that was not asked for.
  func rows(_ port: Port) throws -> PortRows
  /// Computes the ports; see `Plan.forward`.
  func forward(_ set: ParameterSet, images: BatchImages, streams: [CounterRandom]) throws
  /// Computes the gradients of all trained parameters; see `Plan.backward`.
  func backward(into gradients: HostBuffer) throws
  /// Runs the forward pass once more and looks at each layer's output; see `Plan.firstNonFiniteOutput`.
  func firstNonFiniteOutput() throws -> (place: Int, layer: String)?
}

extension TrainingPass {
  /// The class scores after `forward`.
  package func logits() throws -> RowsView { try rows(.logits).values }

  /// Where the gradient of the class scores has to be before `backward`.
  package func logitsGradient() throws -> RowsView { try rows(.logits).requiredGradient(.logits) }
}

extension PortRows {
  /// The gradient, where there has to be one.
  /// - Throws: `LongtailError` where the plan was compiled to read the port alone.
  package func requiredGradient(_ port: Port) throws -> RowsView {
    guard let gradient else { throw LongtailError(.internalError, "the plan takes no gradient of port '\(port)'") }
    return gradient
  }
}

extension Plan: TrainingPass {
  /// Number of images.
  package var images: Int { shape.images }
}
