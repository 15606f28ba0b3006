import Collectives
import Testing

@Suite struct SliceTests {
  /// More than 2^31 elements, and more than 2^32.
  @Test(arguments: [0, 1, 15, 17, 1003, 2_147_483_649, 5_000_000_003], [1, 2, 3, 7, 1024])
  func slicesCoverEverythingOnce(count: Int, ranks: Int) {
    let parts = slices(of: count, ranks: ranks)
    #expect(parts.count == ranks)
    #expect(parts.first?.lowerBound == 0 && parts.last?.upperBound == count)
    for (part, next) in zip(parts, parts.dropFirst()) { #expect(part.upperBound == next.lowerBound) }
    let lengths = parts.map(\.count)
    #expect((lengths.max() ?? 0) - (lengths.min() ?? 0) <= 32)
    #expect(parts.dropLast().allSatisfy { $0.upperBound % 16 == 0 || $0.upperBound == count })
  }

  @Test func bfloat16RoundsToTheNearest() {
    func rounded(_ value: Float) -> Float { bfloat16Value(bfloat16Bits(value)) }
    for value: Float in [0, -0.0, 1, -2.5, 0x1.02p-100, .infinity, -.infinity] { #expect(rounded(value).bitPattern == value.bitPattern) }
    #expect(rounded(.nan).isNaN)
    // A NaN whose bits are all in the lower half.
    #expect(rounded(Float(bitPattern: 0x7F80_0001)).isNaN)
    // Ties go to the even neighbour; anything more goes up.
    #expect(rounded(0x1.01p0) == 1)
    #expect(rounded(0x1.03p0) == 0x1.04p0)
    #expect(rounded(0x1.010002p0) == 0x1.02p0)
    #expect(rounded(.greatestFiniteMagnitude) == .infinity)
    var bits: UInt32 = 12345
    for _ in 0..<10_000 {
      bits = bits &* 1_664_525 &+ 1_013_904_223
      let value = Float(bitPattern: bits)
      guard value.isFinite, value.isNormal, rounded(value).isFinite else { continue }
      #expect(abs(rounded(value) - value) <= abs(value) * 0x1p-8)
    }
  }
}
