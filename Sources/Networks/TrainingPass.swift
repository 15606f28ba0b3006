import Kernels
import Tensors

/// One rank's part of a training batch on its way through a network: at once (`Plan`), or in micro-batches (`MicroBatchedPlan`).
///
/// Use: fill `withInput`, call `forward`, read `logits`, write `logitsGradient`, call `backward`; then the network's flat gradient buffer
/// holds this rank's gradients.
public protocol TrainingPass: AnyObject {
  /// Number of images; may be zero.
  var images: Int { get }
  /// Where the class scores of all images lie after `forward`.
  var logits: RowsView { get }
  /// Where the gradient of the class scores has to be before `backward`. Padded classes are zero and must stay so.
  var logitsGradient: RowsView { get }
  /// Logits of auxiliary outputs, whose gradients have to be there before `backward` too.
  var auxiliary: [AuxiliaryRows] { get }
  /// Calls `body` with the memory of the images: N,C,H,W.
  func withInput<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows -> Result
  /// Computes the logits.
  func forward() throws
  /// Computes the gradients of all parameters from `logitsGradient`.
  func backward() throws
  /// Runs the forward pass once more and looks at each layer's output; see `Plan.firstNonFiniteOutput`.
  func firstNonFiniteOutput() throws -> (place: Int, layer: String)?
}

extension Plan: TrainingPass {}

/// The logits of an auxiliary output, as many rows and classes as the logits have.
public struct AuxiliaryRows {
  /// Where the class scores lie after `forward`.
  public internal(set) var logits: RowsView
  /// Where their gradient has to be before `backward`, weight included. Padded classes are zero and must stay so.
  public let gradient: RowsView
  /// What the loss of these logits is multiplied by.
  public let weight: Double
}
