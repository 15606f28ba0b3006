import Tensors

/// What a sigmoid loss hands its pass: numbers for each class, and which class stands for background.
struct SigmoidParameters {
  /// Added to the logits of pixels that are not background, or of all.
  var offsets: UnsafePointer<Float>
  /// Weight of the term of the label's class.
  var positiveWeights: UnsafePointer<Float>
  /// Weight of the terms of the other classes.
  var negativeWeights: UnsafePointer<Float>
  /// The same on pixels of background.
  var backgroundWeights: UnsafePointer<Float>
  /// Whether the logits of background have the offsets, too.
  var shiftsBackground = false
  /// The background class, or the number of classes, which is the label of rows of background without a column.
  var background: Int32
  /// Whether the sums of |gradient| of each class are collected.
  var collects: Bool
}

/// The loss and its gradient as functions of a binary cross-entropy and its gradient. Known when a pass is compiled.
protocol SigmoidCurve {
  /// - Parameters:
  ///   - entropy: -log of the probability of what is right.
  ///   - slope: sigmoid(z) - y.
  ///   - opposite: -log of the probability of what is wrong.
  func evaluate(entropy: Lanes, slope: Lanes, opposite: Lanes) -> (loss: Lanes, slope: Lanes)
}

/// The cross-entropy itself.
struct PlainCurve: SigmoidCurve {
  @inline(__always)
  func evaluate(entropy: Lanes, slope: Lanes, opposite: Lanes) -> (loss: Lanes, slope: Lanes) { (entropy, slope) }
}

/// Focal: with q the probability of what is right, (1 - q)^g (-log q). Gradient: (1 - q)^g (1 - g q log q / (1 - q)) (sigmoid(z) - y).
struct FocalCurve: SigmoidCurve {
  let gamma: Float

  @inline(__always)
  func evaluate(entropy: Lanes, slope: Lanes, opposite: Lanes) -> (loss: Lanes, slope: Lanes) {
    let zero = Lanes(repeating: 0)
    let power = (zero - Lanes(repeating: gamma) * opposite).exponentialOfNonPositive()
    let right = (zero - entropy).exponentialOfNonPositive()
    // |slope| is 1 - q: its sign carries the rest.
    let sign = Lanes(repeating: 1).replacing(with: Lanes(repeating: -1), where: slope .< zero)
    return (power * entropy, power * slope.addingProduct(sign, Lanes(repeating: gamma) * right * entropy))
  }
}

/// Binary cross-entropy of every class of eight rows: sum_k w_k (softplus(z_k) - y_k z_k), gradient w_k (sigmoid(z_k) - y_k); or a curve of
/// it.
///
/// Sums: losses, pixels, squared gradient norms by the label's class, background after the classes; then for each class |gradient| where it
/// is the label, and elsewhere.
struct SigmoidKernel<Curve: SigmoidCurve>: TileKernel {
  let parameters: SigmoidParameters
  let curve: Curve
  let classes: Int
  /// W W', if norms are taken at the classifier's input.
  let gram: UnsafePointer<Float>?

  var slots: Int { 5 * classes + 3 }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    let (zero, one) = (Lanes(repeating: 0), Lanes(repeating: 1))
    let values = tile.values
    let room = LaneNumbers(tile.room)
    for lane in 0..<8 {
      room[lane] = Float(tile.labels[lane])
      room[8 &+ lane] = tile.labels[lane] == parameters.background ? 0 : 1
    }
    let label = tile.room[0]
    let isBackground = tile.room[1] .== zero
    let isShifted = parameters.shiftsBackground ? one : tile.room[1]
    let ignored = label .< zero
    let rowWeight = tile.rowWeight
    var loss = zero
    var squared = zero
    for k in 0..<classes {
      let z = values[k].addingProduct(isShifted, Lanes(repeating: parameters.offsets[k]))
      let isLabel = label .== Lanes(repeating: Float(k))
      let isNegative = z .< zero
      let magnitude = z.replacing(with: zero - z, where: isNegative)
      let power = (zero - magnitude).exponentialOfNonPositive()
      let sum = one + power
      let inverse = one / sum
      let probability = inverse.replacing(with: power * inverse, where: isNegative)
      let above = zero.maximumKeepingNaN(z)
      let below = zero.maximumKeepingNaN(zero - z)
      let logarithm = sum.naturalLogarithm()
      let weight = Lanes(repeating: parameters.negativeWeights[k])
        .replacing(with: Lanes(repeating: parameters.backgroundWeights[k]), where: isBackground)
        .replacing(with: Lanes(repeating: parameters.positiveWeights[k]), where: isLabel)
      let (entropy, slope) = curve.evaluate(
        entropy: above.replacing(with: below, where: isLabel) + logarithm,
        slope: probability - zero.replacing(with: one, where: isLabel),
        opposite: below.replacing(with: above, where: isLabel) + logarithm)
      let gradient = (weight * slope).replacing(with: zero, where: ignored) * rowWeight
      loss.addProduct(weight, entropy)
      squared.addProduct(gradient, gradient)
      values[k] = gradient
      if parameters.collects {
        let positive = (zero - gradient).replacing(with: zero, where: .!isLabel)
        sums[3 &* classes &+ 3 &+ k] += Double(positive.sum())
        sums[4 &* classes &+ 3 &+ k] += Double((gradient + positive).sum())
      }
    }
    if let gram { squared = quadraticForm(values, gram, classes: classes) }
    tile.room[2] = loss
    tile.room[3] = squared
    for lane in 0..<8 {
      let label = Int(tile.labels[lane])
      if label < 0 { continue }
      sums[label] += Double(room[16 &+ lane]) * Double(tile.weights[lane])
      sums[classes &+ 1 &+ label] += Double(tile.weights[8 &+ lane])
      sums[2 &* classes &+ 2 &+ label] += Double(room[24 &+ lane])
    }
  }
}
