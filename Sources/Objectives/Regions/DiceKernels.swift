import Tensors

/// Sums of one image for Dice: sum p_k y_k, sum p_k^e, pixels with label k, for each class; each pixel times its weight.
struct DiceSumsKernel: TileKernel {
  let classes: Int
  let squares: Bool

  var slots: Int { 3 * classes }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    tile.softmax()
    let numbers = LaneNumbers(tile.values)
    for lane in 0..<8 where tile.labels[lane] >= 0 {
      let label = Int(tile.labels[lane])
      sums[label] += Double(numbers[label &* 8 &+ lane]) * Double(tile.weights[lane])
      sums[2 &* classes &+ label] += Double(tile.weights[lane])
    }
    let ignored = tile.validity .== Lanes(repeating: 0)
    let weight = tile.rowWeight
    for k in 0..<classes {
      let p = tile.values[k].replacing(with: Lanes(repeating: 0), where: ignored)
      sums[classes &+ k] += Double(((squares ? p * p : p) * weight).sum())
    }
  }
}

/// The gradient of Dice by the logits: p_k (d_k - sum_j d_j p_j) with d_k = a_k y_k + b_k p_k^(e-1).
struct DiceGradientKernel: TileKernel {
  let classes: Int
  let squares: Bool
  /// a and b of each class, image after image or once for all.
  let coefficients: UnsafePointer<Float>
  /// Floats from one image's coefficients to the next; 0 if they are common.
  let stride: Int

  /// Pixels and squared norms by the label's class.
  var slots: Int { 2 * classes }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    tile.softmax()
    let own = coefficients + tile.image &* stride
    let values = tile.values
    let numbers = LaneNumbers(values)
    let room = LaneNumbers(tile.room)
    var inner = Lanes(repeating: 0)
    for k in 0..<classes {
      let area = squares ? values[k] * values[k] : values[k]
      inner.addProduct(area, Lanes(repeating: own[classes &+ k]))
    }
    for lane in 0..<8 {
      let label = Int(max(0, tile.labels[lane]))
      // a_y p_y: in the inner product, and once more at the label itself.
      room[lane] = own[label] * numbers[label &* 8 &+ lane]
    }
    inner += tile.room[0]
    let ignored = tile.validity .== Lanes(repeating: 0)
    for k in 0..<classes {
      let b = Lanes(repeating: own[classes &+ k])
      let slope = (squares ? b * values[k] : b) - inner
      values[k] = (values[k] * slope).replacing(with: Lanes(repeating: 0), where: ignored)
    }
    var squared = Lanes(repeating: 0)
    for lane in 0..<8 where tile.labels[lane] >= 0 {
      numbers[Int(tile.labels[lane]) &* 8 &+ lane] += room[lane]
    }
    let weight = tile.rowWeight
    for k in 0..<classes {
      values[k] *= weight
      squared.addProduct(values[k], values[k])
    }
    tile.count(squares: squared, pixels: sums, norms: sums + classes)
  }
}
