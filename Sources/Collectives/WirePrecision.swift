/// How numbers of a gradient are written in messages between nodes. They are added in float32 either way, and nothing changes on a node.
public enum WirePrecision: String, CaseIterable, Sendable {
  /// As they are.
  case float32
  /// The upper half of a float32, rounded to the nearest, ties to even: half the bytes on the wire.
  ///
  /// Each node's contribution x_j is rounded once, and so is the sum S of the rounded ones: the result is off by at most
  /// u (sum |x_j| + |S|) with u = 2^-8, beside the rounding of float32. All ranks still get the same bits.
  case bfloat16
}

/// Rounds to bfloat16: nearest, ties to even. Infinities stay, a NaN stays one, the largest finite numbers round to infinity.
@inline(__always)
package func bfloat16Bits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  let rounded = bits &+ 0x7FFF &+ ((bits >> 16) & 1)
  let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
  return UInt16(truncatingIfNeeded: (isNaN ? bits | 0x0040_0000 : rounded) >> 16)
}

/// The number that sixteen bits of bfloat16 stand for.
@inline(__always)
package func bfloat16Value(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
