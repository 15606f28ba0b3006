import TestSupport
import Testing
import Threading

@Suite(.computePool) struct ComputePoolTests {
  @Test(arguments: [1, 2, 3]) func everyPartRunsOnce(_ threads: Int) {
    ComputePool.configure(threadCount: threads)
    for parts in [0, 1, 2, 7, 100] {
      let counts = UnsafeMutablePointer<Int>.allocate(capacity: 100)
      counts.initialize(repeating: 0, count: 100)
      defer { counts.deallocate() }
      ComputePool.forEach(parts: parts) { counts[$0] += 1 }
      #expect((0..<100).allSatisfy { counts[$0] == ($0 < parts ? 1 : 0) })
    }
    ComputePool.configure(threadCount: 1)
  }

  @Test(arguments: [1, 2, 3]) func rangesCoverEverythingAndAreAligned(_ threads: Int) {
    ComputePool.configure(threadCount: threads)
    for (count, minimum, alignment) in [(0, 1, 1), (1, 1, 16), (15, 1, 16), (1000, 1, 16), (1001, 64, 16), (1000, 5000, 1)] {
      let touched = UnsafeMutablePointer<UInt8>.allocate(capacity: 1024)
      touched.initialize(repeating: 0, count: 1024)
      defer { touched.deallocate() }
      let misaligned = UnsafeMutablePointer<UInt8>.allocate(capacity: 1024)
      misaligned.initialize(repeating: 0, count: 1024)
      defer { misaligned.deallocate() }
      ComputePool.forEachRange(of: count, minimum: minimum, alignment: alignment) { range in
        if range.lowerBound % alignment != 0 { misaligned[range.lowerBound] = 1 }
        for index in range { touched[index] += 1 }
      }
      #expect((0..<1024).allSatisfy { touched[$0] == ($0 < count ? 1 : 0) })
      #expect((0..<1024).allSatisfy { misaligned[$0] == 0 })
    }
    ComputePool.configure(threadCount: 1)
  }

  @Test func sumsByPartDoNotDependOnTheThreads() {
    func sum() -> Double {
      let parts = UnsafeMutablePointer<Double>.allocate(capacity: 64)
      defer { parts.deallocate() }
      ComputePool.forEach(parts: 64) { part in
        parts[part] = (0..<1000).reduce(0) { $0 + 1 / Double(part * 1000 + $1 + 1) }
      }
      return (0..<64).reduce(0) { $0 + parts[$1] }
    }
    ComputePool.configure(threadCount: 1)
    let one = sum()
    ComputePool.configure(threadCount: 2)
    #expect(sum() == one)
    ComputePool.configure(threadCount: 1)
  }

  @Test func countsAreSane() {
    #expect(ComputePool.availableProcessorCount >= 1)
    ComputePool.configure(threadCount: -3)
    #expect(ComputePool.threadCount >= 1)
  }
}
