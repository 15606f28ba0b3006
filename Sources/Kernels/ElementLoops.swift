import Threading

/// Loops over runs of floats, eight at a time: what compares and selects does not become vector instructions by itself.
enum ElementLoops {
  typealias Lanes = SIMD8<Float>

  /// Calls `body` for the first of every eight floats, and `rest` for each one that is left over.
  @inline(__always)
  static func forEach(_ count: Int, _ body: (Int) -> Void, rest: (Int) -> Void) {
    ComputePool.forEachRange(of: count, minimum: 4096, alignment: 16) { range in
      var i = range.lowerBound
      while i &+ 8 <= range.upperBound {
        body(i)
        i &+= 8
      }
      while i < range.upperBound {
        rest(i)
        i &+= 1
      }
    }
  }

  /// Numbers where others are positive, else 0.
  @inline(__always)
  static func masked(_ value: Lanes, by mask: Lanes) -> Lanes {
    Lanes(repeating: 0).replacing(with: value, where: mask .> Lanes(repeating: 0))
  }
}
