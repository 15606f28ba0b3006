/// Eight rows side by side: the unit in which every pass over logits computes.
package typealias Lanes = SIMD8<Float>

/// The bits of `Lanes`.
package typealias LaneBits = SIMD8<Int32>

extension SIMD8 where Scalar == Float {
  /// Adding and subtracting this rounds a float below 2^22 to a whole number and leaves that number in the low bits.
  @inline(__always)
  private static var rounder: Lanes { Lanes(repeating: 12_582_912) }

  /// The larger of two, lane by lane; a lane of `self` that is not a number stays.
  @inline(__always)
  func maximum(_ other: Lanes) -> Lanes {
    replacing(with: other, where: other .> self)
  }

  /// e^x on [-ln(2)/2, ln(2)/2], with the coefficients of Cephes' `expf`.
  @inline(__always)
  private static func reducedExponential(_ r: Lanes) -> Lanes {
    var p = Lanes(repeating: 1.987_569_15e-4)
    p = Lanes(repeating: 1.398_199_950_7e-3).addingProduct(p, r)
    p = Lanes(repeating: 8.333_451_907_3e-3).addingProduct(p, r)
    p = Lanes(repeating: 4.166_579_589_4e-2).addingProduct(p, r)
    p = Lanes(repeating: 1.666_666_545_9e-1).addingProduct(p, r)
    p = Lanes(repeating: 5.000_000_120_1e-1).addingProduct(p, r)
    return (r + 1).addingProduct(p, r * r)
  }

  /// e^x for x <= 0, with a relative error of about 2^-23; below -87 the result is 0. Not-a-number stays.
  @inline(__always)
  package func exponentialOfNonPositive() -> Lanes {
    let lowest = Lanes(repeating: -87)
    let x = replacing(with: lowest, where: self .< lowest)
    let shifted = Lanes.rounder.addingProduct(x, Lanes(repeating: 1.442_695_04))
    let n = shifted - Lanes.rounder
    var r = x.addingProduct(n, Lanes(repeating: -0.693_359_375))
    r = r.addingProduct(n, Lanes(repeating: 2.121_944_4e-4))
    let exponent = (unsafeBitCast(shifted, to: LaneBits.self) &<< 23) &+ LaneBits(repeating: 127 << 23)
    let result = Lanes.reducedExponential(r) * unsafeBitCast(exponent, to: Lanes.self)
    return result.replacing(with: Lanes(repeating: 0), where: self .< lowest)
  }

  /// e^x / 2 for x <= 89.4, with a relative error of about 2^-23; below -87 it stays at e^-87 / 2. Not-a-number stays.
  ///
  /// Half, because pixel weights are 0.5 e^x, and the largest of them is finite where e^x is not.
  @inline(__always)
  package func halfExponential() -> Lanes {
    let lowest = Lanes(repeating: -87)
    let x = replacing(with: lowest, where: self .< lowest)
    let shifted = Lanes.rounder.addingProduct(x, Lanes(repeating: 1.442_695_04))
    let n = shifted - Lanes.rounder
    var r = x.addingProduct(n, Lanes(repeating: -0.693_359_375))
    r = r.addingProduct(n, Lanes(repeating: 2.121_944_4e-4))
    // 2^(n - 1) in two factors, each of which is a normal number.
    let whole = unsafeBitCast(shifted, to: LaneBits.self) &- LaneBits(repeating: 0x4B40_0000)
    let first = whole &>> 1
    let second = whole &- first &- LaneBits(repeating: 1)
    let bias = LaneBits(repeating: 127)
    let a = unsafeBitCast((first &+ bias) &<< 23, to: Lanes.self)
    let b = unsafeBitCast((second &+ bias) &<< 23, to: Lanes.self)
    return Lanes.reducedExponential(r) * a * b
  }

  /// ln(x) for positive normal x, with a relative error of about 2^-23; not-a-number and infinity give not-a-number.
  ///
  /// The coefficients are those of Cephes' `logf`.
  @inline(__always)
  package func naturalLogarithm() -> Lanes {
    let bits = unsafeBitCast(self, to: LaneBits.self)
    let exponent = (bits &- LaneBits(repeating: 0x3F35_04F3)) &>> 23
    let mantissa = unsafeBitCast(bits &- (exponent &<< 23), to: Lanes.self)
    let e = unsafeBitCast(exponent &+ LaneBits(repeating: 0x4B40_0000), to: Lanes.self) - Lanes.rounder
    let x = mantissa - 1
    let z = x * x
    var p = Lanes(repeating: 7.037_683_629_2e-2)
    p = Lanes(repeating: -1.151_461_031e-1).addingProduct(p, x)
    p = Lanes(repeating: 1.167_699_874e-1).addingProduct(p, x)
    p = Lanes(repeating: -1.242_014_084_6e-1).addingProduct(p, x)
    p = Lanes(repeating: 1.424_932_278_7e-1).addingProduct(p, x)
    p = Lanes(repeating: -1.666_805_766_5e-1).addingProduct(p, x)
    p = Lanes(repeating: 2.000_071_476_5e-1).addingProduct(p, x)
    p = Lanes(repeating: -2.499_999_399_3e-1).addingProduct(p, x)
    p = Lanes(repeating: 3.333_333_117_4e-1).addingProduct(p, x)
    var y = p * x * z
    y = y.addingProduct(e, Lanes(repeating: -2.121_944_4e-4))
    y = y.addingProduct(z, Lanes(repeating: -0.5))
    let result = (x + y).addingProduct(e, Lanes(repeating: 0.693_359_375))
    return result + (self - self)
  }
}
