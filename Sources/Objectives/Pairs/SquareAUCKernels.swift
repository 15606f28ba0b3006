import Tensors

extension Tile {
  /// Turns the logits of the tile into sigmoids, in place. What is not finite becomes not a number.
  @inline(__always)
  func sigmoid() {
    let (zero, one) = (Lanes(repeating: 0), Lanes(repeating: 1))
    for k in 0..<classes {
      let z = values[k]
      let isPositive = z .>= zero
      let power = z.replacing(with: zero - z, where: isPositive).exponentialOfNonPositive()
      let inverse = one / (one + power)
      values[k] = (power * inverse).replacing(with: inverse, where: isPositive) + (z - z)
    }
  }

  /// Takes the scores of the rows' own classes out of the tile, into the first vector of `room`, and adds up first and second moments:
  /// of each class's own rows, then of the rows of other classes.
  /// - Parameters:
  ///   - shares: what a row counts for other classes, by its label: 1 / n.
  ///   - sums: 4C numbers.
  /// - Returns: what each row counts for other classes, its weight included; 0 for ignored rows.
  @inline(__always)
  func addMoments(shares: UnsafePointer<Float>, sums: UnsafeMutablePointer<Double>) -> Lanes {
    let numbers = LaneNumbers(values)
    let room = LaneNumbers(room)
    for lane in 0..<8 {
      let label = Int(labels[lane])
      (room[lane], room[8 &+ lane]) = (0, 0)
      if label < 0 { continue }
      let own = numbers[label &* 8 &+ lane]
      let weight = weights[lane]
      room[lane] = own
      room[8 &+ lane] = weight * shares[label]
      numbers[label &* 8 &+ lane] = 0
      sums[label] += Double(own) * Double(weight)
      sums[classes &+ label] += Double(own) * Double(own) * Double(weight)
    }
    let share = self.room[1]
    for k in 0..<classes {
      let part = share * values[k]
      sums[2 &* classes &+ k] += Double(part.sum())
      sums[3 &* classes &+ k] += Double((part * values[k]).sum())
    }
    return share
  }
}

/// First and second moments of the scores.
struct SquareAUCMomentsKernel: TileKernel {
  let classes: Int
  let shares: UnsafePointer<Float>

  var slots: Int { 4 * classes }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    tile.sigmoid()
    _ = tile.addMoments(shares: shares, sums: sums)
  }
}

/// The gradient of the square AUC loss by the logits, and the moments once more.
///
/// Every slope is linear in the score: weight / n (a_k + b_k s) s (1 - s), with one a and b for the rows of other classes and one for own
/// ones.
struct SquareAUCGradientKernel: TileKernel {
  let classes: Int
  let shares: UnsafePointer<Float>
  /// a and b of other classes' rows, a and b of own rows: 4C numbers.
  let slopes: UnsafePointer<Float>

  /// Pixels and squared gradient norms by the label's class; moments.
  var slots: Int { 6 * classes }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    tile.sigmoid()
    let share = tile.addMoments(shares: shares, sums: sums + 2 &* classes)
    let one = Lanes(repeating: 1)
    let values = tile.values
    let numbers = LaneNumbers(values)
    let room = LaneNumbers(tile.room)
    for k in 0..<classes {
      let s = values[k]
      let slope = Lanes(repeating: slopes[k]).addingProduct(Lanes(repeating: slopes[classes &+ k]), s)
      values[k] = share * slope * (s * (one - s))
    }
    for lane in 0..<8 where tile.labels[lane] >= 0 {
      let label = Int(tile.labels[lane])
      let own = room[lane]
      let slope = slopes[2 &* classes &+ label] + slopes[3 &* classes &+ label] * own
      numbers[label &* 8 &+ lane] = room[8 &+ lane] * slope * (own * (1 - own))
    }
    var squared = Lanes(repeating: 0)
    for k in 0..<classes { squared.addProduct(values[k], values[k]) }
    tile.count(squares: squared, pixels: sums, norms: sums + classes)
  }
}
