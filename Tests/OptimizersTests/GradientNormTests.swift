import Optimizers
import Tensors
import TestSupport
import Testing
import Threading

@Suite(.computePool) struct GradientNormTests {
  private func filled(_ count: Int, _ value: (Int) -> Float) -> HostBuffer {
    let buffer = HostBuffer(floatCount: count)
    buffer.withFloats { for index in $0.indices { $0[index] = value(index) } }
    return buffer
  }

  @Test func isTheNormInDoublePrecision() {
    for count in [0, 1, 7, 8, 127, 129, 5000, 40_000] {
      let buffer = filled(count) { Float($0 % 17) - 8 }
      var expected = 0.0
      for index in 0..<count {
        let number = Double(index % 17 - 8)
        expected += number * number
      }
      #expect(sumOfSquares(of: buffer) == expected)
      #expect(globalNorm(of: buffer) == expected.squareRoot())
    }
    // The squares neither overflow nor vanish in single precision.
    #expect(abs(globalNorm(of: filled(4) { _ in 1e30 }) / 2e30 - 1) < 1e-6)
    #expect(abs(globalNorm(of: filled(4) { _ in 1e-30 }) / 2e-30 - 1) < 1e-6)
  }

  @Test func doesNotDependOnTheThreads() {
    let random = CounterRandom(seed: 5, purpose: .testing)
    for count in [1000, 32_768, 32_769, 100_003] {
      let buffer = filled(count) { Float(random.uniform($0, in: -1...1)) }
      ComputePool.configure(threadCount: 1)
      let one = sumOfSquares(of: buffer)
      for threads in [2, 3] {
        ComputePool.configure(threadCount: threads)
        #expect(sumOfSquares(of: buffer) == one)
      }
      ComputePool.configure(threadCount: 1)
    }
  }

  @Test func seesWhatIsNotFinite() {
    for count in [10, 100_000] {
      #expect(globalNorm(of: filled(count) { $0 == count - 1 ? .nan : 1 }).isNaN)
      #expect(globalNorm(of: filled(count) { $0 == 3 ? -.infinity : 1 }) == .infinity)
    }
  }

  @Test func clipsAsPyTorchDoes() throws {
    let clipping = try GradientClipping(maximumNorm: 1.5)
    let norm = globalNorm(of: filled(OracleValues.start.count) { OracleValues.start[$0] })
    #expect(abs(norm - OracleValues.clipped[0]) < 1e-12)
    for (start, expected) in zip(OracleValues.start, OracleValues.clipped.dropFirst()) {
      #expect(abs(Double(start) * clipping.scale(forNorm: norm) - expected) < 1e-12)
    }
    #expect(clipping.scale(forNorm: 1.4) == 1)
    #expect(clipping.scale(forNorm: 0) == 1)
    #expect(clipping.scale(forNorm: .nan) == 0)
    for limit in [0, -1, Double.nan, .infinity] { #expect(throws: LongtailError.self) { try GradientClipping(maximumNorm: limit) } }
  }
}
