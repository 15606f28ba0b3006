import Tensors

/// Which region each image and class has.
struct RegionTable {
  /// Regions of the image with most of them.
  let largest: Int
  /// The region of each class, image after image; -1 where an image does not show a class.
  let regions: UnsafePointer<Int32>
}

extension Tile {
  /// Whether all eight rows have the same label, as in the inside of objects.
  @inline(__always)
  var isUniform: Bool {
    let own = UnsafeRawPointer(labels).loadUnaligned(as: LaneBits.self)
    return own[0] >= 0 && own == LaneBits(repeating: own[0])
  }
}

/// Sums of the logits over the pixels of each region of an image, and of the pixels' weights: C + 1 numbers a region.
struct RegionSumsKernel: TileKernel {
  let classes: Int
  let table: RegionTable

  var slots: Int { table.largest * (classes + 1) }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    let own = table.regions + tile.image &* classes
    if tile.isUniform {
      let region = sums + Int(own[Int(tile.labels[0])]) &* (classes &+ 1)
      let weight = tile.rowWeight
      for k in 0..<classes { region[k] += Double((tile.values[k] * weight).sum()) }
      for lane in 0..<8 { region[classes] += Double(tile.weights[lane]) }
      return
    }
    let numbers = LaneNumbers(tile.values)
    for lane in 0..<8 where tile.labels[lane] >= 0 {
      let region = sums + Int(own[Int(tile.labels[lane])]) &* (classes &+ 1)
      let weight = Double(tile.weights[lane])
      for k in 0..<classes { region[k] += Double(numbers[k &* 8 &+ lane]) * weight }
      region[classes] += weight
    }
  }
}

/// Writes each pixel's gradient: that of its region, times the pixel's weight.
struct RegionGradientKernel: TileKernel {
  let classes: Int
  let table: RegionTable
  /// C numbers a region, `table.largest` regions an image.
  let gradients: UnsafePointer<Float>
  /// Squared norms of these, one a region.
  let squares: UnsafePointer<Float>

  /// Pixels and squared gradient norms by the label's class.
  var slots: Int { 2 * classes }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    let own = table.regions + tile.image &* classes
    let first = tile.image &* table.largest
    let numbers = LaneNumbers(tile.values)
    if tile.isUniform {
      let gradient = gradients + (first &+ Int(own[Int(tile.labels[0])])) &* classes
      for k in 0..<classes { tile.values[k] = Lanes(repeating: gradient[k]) }
    } else {
      for lane in 0..<8 {
        let label = Int(tile.labels[lane])
        if label < 0 {
          for k in 0..<classes { numbers[k &* 8 &+ lane] = 0 }
        } else {
          let gradient = gradients + (first &+ Int(own[label])) &* classes
          for k in 0..<classes { numbers[k &* 8 &+ lane] = gradient[k] }
        }
      }
    }
    let weight = tile.rowWeight
    for k in 0..<classes { tile.values[k] *= weight }
    for lane in 0..<8 where tile.labels[lane] >= 0 {
      let label = Int(tile.labels[lane])
      let square = Double(squares[first &+ Int(own[label])])
      sums[label] += Double(tile.weights[8 &+ lane])
      sums[classes &+ label] += square * Double(tile.weights[lane]) * Double(tile.weights[lane])
    }
  }
}
