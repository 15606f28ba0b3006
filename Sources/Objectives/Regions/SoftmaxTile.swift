import Tensors

extension Tile {
  /// Turns the logits of the tile into probabilities, in place.
  @inline(__always)
  func softmax() {
    var largest = values[0]
    for k in 1..<max(1, classes) { largest = largest.maximum(values[k]) }
    var sum = Lanes(repeating: 0)
    for k in 0..<classes {
      let power = (values[k] - largest).exponentialOfNonPositive()
      values[k] = power
      sum += power
    }
    let inverse = Lanes(repeating: 1) / sum
    for k in 0..<classes { values[k] *= inverse }
  }

  /// Adds pixels and squared gradient norms of the eight rows to the sums of their labels' classes.
  @inline(__always)
  func count(squares: Lanes, pixels: UnsafeMutablePointer<Double>, norms: UnsafeMutablePointer<Double>) {
    room[0] = squares
    let numbers = LaneNumbers(room)
    for lane in 0..<8 where labels[lane] >= 0 {
      pixels[Int(labels[lane])] += Double(weights[8 &+ lane])
      norms[Int(labels[lane])] += Double(numbers[lane])
    }
  }
}
