import Tensors

/// What a sigmoid loss hands its pass: numbers for each class, and which class stands for background.
struct SigmoidParameters {
  /// Added to the logits of pixels that are not background.
  var offsets: UnsafePointer<Float>
  /// Weight of the term of the label's class.
  var positiveWeights: UnsafePointer<Float>
  /// Weight of the terms of the other classes.
  var negativeWeights: UnsafePointer<Float>
  /// The background class, or the number of classes, which is the label of rows of background without a column.
  var background: Int32
  /// Whether the sums of |gradient| of each class are collected.
  var collects: Bool
}

/// Binary cross-entropy of every class of eight rows: sum_k w_k (softplus(z_k) - y_k z_k), gradient w_k (sigmoid(z_k) - y_k).
///
/// Sums: losses, pixels, squared gradient norms by the label's class, background after the classes; then for each class |gradient| where it
/// is the label, and elsewhere.
struct SigmoidKernel<Weighting: RowWeighting>: TileKernel {
  let parameters: SigmoidParameters
  let classes: Int
  /// W W', if norms are taken at the classifier's input.
  let gram: UnsafePointer<Float>?

  var slots: Int { 5 * classes + 3 }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    let (zero, one) = (Lanes(repeating: 0), Lanes(repeating: 1))
    let values = tile.values
    let room = UnsafeMutableRawPointer(tile.room).assumingMemoryBound(to: Float.self)
    for lane in 0..<8 {
      room[lane] = Float(tile.labels[lane])
      room[8 &+ lane] = tile.labels[lane] == parameters.background ? 0 : 1
    }
    let label = tile.room[0]
    let isForeground = tile.room[1]
    let ignored = label .< zero
    var loss = zero
    var squared = zero
    for k in 0..<classes {
      let z = values[k].addingProduct(isForeground, Lanes(repeating: parameters.offsets[k]))
      let isLabel = label .== Lanes(repeating: Float(k))
      let isNegative = z .< zero
      let magnitude = z.replacing(with: zero - z, where: isNegative)
      let power = (zero - magnitude).exponentialOfNonPositive()
      let sum = one + power
      let inverse = one / sum
      let probability = inverse.replacing(with: power * inverse, where: isNegative)
      let above = zero.maximumKeepingNaN(z)
      let entropy = above.replacing(with: zero.maximumKeepingNaN(zero - z), where: isLabel) + sum.naturalLogarithm()
      let weight = Lanes(repeating: parameters.negativeWeights[k])
        .replacing(with: Lanes(repeating: parameters.positiveWeights[k]), where: isLabel)
      let slope = weight * (probability - zero.replacing(with: one, where: isLabel))
      var gradient = slope.replacing(with: zero, where: ignored)
      if Weighting.isWeighted { gradient *= UnsafeRawPointer(tile.weights).load(as: Lanes.self) }
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
      if Weighting.isWeighted {
        sums[label] += Double(room[16 &+ lane]) * Double(tile.weights[lane])
        sums[classes &+ 1 &+ label] += Double(tile.weights[8 &+ lane])
      } else {
        sums[label] += Double(room[16 &+ lane])
        sums[classes &+ 1 &+ label] += 1
      }
      sums[2 &* classes &+ 2 &+ label] += Double(room[24 &+ lane])
    }
  }
}
