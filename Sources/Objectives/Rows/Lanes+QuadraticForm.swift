/// u' A u of eight rows for a symmetric matrix A, row-major C x C, clamped at 0 against rounding.
@inline(__always)
func quadraticForm(_ u: UnsafeMutablePointer<Lanes>, _ matrix: UnsafePointer<Float>, classes: Int) -> Lanes {
  var result = Lanes(repeating: 0)
  for k in 0..<classes {
    let row = matrix + k &* classes
    var inner = Lanes(repeating: 0)
    for j in 0..<k { inner = inner.addingProduct(u[j], Lanes(repeating: row[j])) }
    result = result.addingProduct(u[k], (u[k] * Lanes(repeating: row[k])).addingProduct(inner, Lanes(repeating: 2)))
  }
  return Lanes(repeating: 0).maximumKeepingNaN(result)
}

extension SIMD8 where Scalar == Float {
  /// The larger of `self` and `other`; what is not a number in `other` stays.
  @inline(__always)
  func maximumKeepingNaN(_ other: Lanes) -> Lanes { other.replacing(with: self, where: other .< self) }

  /// The smaller of `self` and `other`; what is not a number in `other` stays.
  @inline(__always)
  func minimumKeepingNaN(_ other: Lanes) -> Lanes { other.replacing(with: self, where: other .> self) }

  /// `self += a * b`.
  @inline(__always)
  mutating func addProduct(_ a: Lanes, _ b: Lanes) { self = addingProduct(a, b) }
}
