import Tensors

/// Products of the rows of the terms' gradients, by the label's class: one sum for each pair of terms and class.
struct TermProductsKernel: TileKernel {
  let planes: UnsafePointer<TermPlanes>
  let terms: Int
  let classes: Int

  var slots: Int { terms * (terms + 1) / 2 * classes }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    var slot = 0
    for i in 0..<terms {
      for j in 0...i {
        // PCLA's rows may be as large as float32 goes: products are formed in float64.
        var product = SIMD8<Double>(repeating: 0)
        for k in 0..<classes { product += SIMD8<Double>(planes[i].load(tile, k)) * SIMD8<Double>(planes[j].load(tile, k)) }
        for lane in 0..<8 where tile.labels[lane] >= 0 { sums[slot &+ Int(tile.labels[lane])] += product[lane] }
        slot &+= classes
      }
    }
  }
}

/// Adds the terms' gradients, each times the factor of the row's class.
struct TermSumKernel: TileKernel {
  let planes: UnsafePointer<TermPlanes>
  /// One a class and one for background, term after term.
  let factors: UnsafePointer<Float>
  let terms: Int
  let classes: Int

  var slots: Int { 0 }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    let zero = Lanes(repeating: 0)
    let room = LaneNumbers(tile.room)
    for k in 0..<classes { tile.values[k] = zero }
    for term in 0..<terms {
      for lane in 0..<8 {
        let label = Int(tile.labels[lane])
        room[lane] = label < 0 ? 0 : factors[term &* (classes &+ 1) &+ label]
      }
      let factor = tile.room[0]
      // A factor of 0 clears the row even where it holds infinities.
      let cleared = factor .== zero
      for k in 0..<classes { tile.values[k] += (planes[term].load(tile, k) * factor).replacing(with: zero, where: cleared) }
    }
  }
}
