/// The error of a number that is squared where it is small: d^2 / (2 beta) below beta, |d| - beta / 2 from there on. Beta 0 is |d|.
///
/// Gradient by d: d / beta, or the sign of d.
package struct SmoothL1: Sendable, Equatable {
  /// Where the square ends.
  package var beta: Double

  /// 1/9, of both stages of Faster R-CNN in torchvision.
  package static let torchvision = SmoothL1(beta: 1.0 / 9)

  /// Sets beta, from 0 on.
  package init(beta: Double) { self.beta = beta }

  /// Loss and gradient.
  @inline(__always)
  package func callAsFunction(_ difference: Double) -> (loss: Double, gradient: Double) {
    let size = abs(difference)
    if size < beta { return (difference * difference / (2 * beta), difference / beta) }
    return (size - beta / 2, difference > 0 ? 1 : difference < 0 ? -1 : difference)
  }

  /// Loss over the four numbers of a code, and the gradient by each.
  package func callAsFunction(_ code: SIMD4<Float>, target: SIMD4<Float>) -> (loss: Double, gradient: SIMD4<Float>) {
    var loss = 0.0
    var gradient = SIMD4<Float>.zero
    for number in 0..<4 {
      let part = self(Double(code[number]) - Double(target[number]))
      loss += part.loss
      gradient[number] = Float(part.gradient)
    }
    return (loss, gradient)
  }
}
