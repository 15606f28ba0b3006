import Tensors

/// Changes parameters by their gradients. Works on flat float32 buffers and does not care what lies where in them.
///
/// Rates, moments and decay are elementwise, so that layout does not matter: only whoever writes checkpoints converts `state` to the
/// canonical one. A step allocates nothing beyond what a parallel loop needs, and gives the same bits at any number of threads.
public protocol Optimizer: AnyObject {
  /// The name in the registry.
  var name: String { get }
  /// Number of floats in the buffers.
  var parameterCount: Int { get }
  /// Updates done. Set it when resuming: bias correction depends on it.
  var stepCount: Int { get set }
  /// The buffers that have to survive a restart, laid out as the parameters are. Empty where there are none.
  var state: [(name: String, buffer: HostBuffer)] { get }

  /// Does one update.
  /// - Parameters:
  ///   - parameters: changed in place.
  ///   - gradients: not changed.
  ///   - learningRate: this step's rate.
  ///   - gradientScale: multiplies every gradient first, as `GradientClipping` wants it.
  /// - Throws: `LongtailError` with code `internalError` where a buffer's length differs from `parameterCount`; nothing is changed then.
  func update(parameters: HostBuffer, gradients: HostBuffer, learningRate: Double, gradientScale: Double) throws
}

extension Optimizer {
  /// Does one update with the gradients as they are.
  public func update(parameters: HostBuffer, gradients: HostBuffer, learningRate: Double) throws {
    try update(parameters: parameters, gradients: gradients, learningRate: learningRate, gradientScale: 1)
  }

  func checkLengths(parameters: HostBuffer, gradients: HostBuffer) throws {
    if parameters.floatCount != parameterCount || gradients.floatCount != parameterCount {
      throw LongtailError(
        .internalError,
        "optimizer '\(name)' was made for \(parameterCount) parameters, got \(parameters.floatCount) and \(gradients.floatCount) gradients")
    }
  }
}
