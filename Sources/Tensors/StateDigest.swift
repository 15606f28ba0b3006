/// A fast 64-bit fingerprint of raw bits, to see whether two ranks or two runs hold the same numbers.
///
/// Sixteen independent lanes take one 64-bit word each, `lane = (rotate(lane, 29) xor word) * odd constant`, and are mixed at the end with
/// the length. Every bit counts, those of a NaN and the sign of zero included. It protects against accidents, not against intent:
/// for files use `SHA256Digest`. Cost: one pass at about the speed of memory.
public struct StateDigest: Sendable, Hashable, CustomStringConvertible {
  /// The fingerprint.
  public let value: UInt64

  private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
  private static let laneCount = 16

  /// Takes a fingerprint that was computed before.
  public init(value: UInt64) { self.value = value }

  /// Digests bytes.
  public init(bytes: UnsafeRawBufferPointer) {
    var lanes = SIMD16<UInt64>()
    for lane in 0..<Self.laneCount { lanes[lane] = Self.mix(UInt64(lane) &+ 1) }
    let stride = Self.laneCount * 8
    let whole = bytes.count / stride * stride
    if let base = bytes.baseAddress {
      var position = 0
      while position < whole {
        let words = base.loadUnaligned(fromByteOffset: position, as: SIMD16<UInt64>.self)
        lanes = Self.step(lanes, words)
        position += stride
      }
      if whole < bytes.count {
        var tail = SIMD16<UInt64>()
        for offset in whole..<bytes.count {
          let place = offset - whole
          tail[place / 8] |= UInt64(bytes[offset]) << UInt64(8 * (place % 8))
        }
        lanes = Self.step(lanes, tail)
      }
    }
    var folded = UInt64(bytes.count)
    for lane in 0..<Self.laneCount { folded = Self.mix(folded ^ lanes[lane]) &+ UInt64(lane) }
    value = Self.mix(folded)
  }

  /// Digests the bits of floats.
  public init(floats: [Float]) {
    self = floats.withUnsafeBytes { StateDigest(bytes: $0) }
  }

  /// Digests a whole buffer.
  public init(_ buffer: HostBuffer) {
    self = buffer.withBytes { StateDigest(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// One fingerprint over several, each folded with its position.
  public init(combining digests: [StateDigest]) {
    var folded = Self.mix(UInt64(digests.count) &+ Self.multiplier)
    for (index, digest) in digests.enumerated() {
      folded = Self.mix(folded ^ Self.mix(digest.value &+ UInt64(index) &* Self.multiplier))
    }
    value = folded
  }

  /// Sixteen hexadecimal digits.
  public var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  @inline(__always)
  private static func step(_ lanes: SIMD16<UInt64>, _ words: SIMD16<UInt64>) -> SIMD16<UInt64> {
    // Without the rotation two flips of a sign bit in one lane would cancel: a product moves bits upward only.
    let rotated = (lanes &<< 29) | (lanes &>> 35)
    return (rotated ^ words) &* multiplier
  }

  @inline(__always)
  private static func mix(_ word: UInt64) -> UInt64 {
    var word = word
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
