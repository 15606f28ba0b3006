import Threading

/// Adds up vectors of several ranks element by element, `(s0[i] + s1[i]) + s2[i] ...`, and writes the result to each destination.
///
/// A destination may be one of the sources. Goes through blocks that stay in the first-level cache, spread over the compute threads.
func addInRankOrder(_ sources: [UnsafePointer<Float>], into destinations: [UnsafeMutablePointer<Float>], count: Int) {
  let block = 2048
  ComputePool.forEachRange(of: count, minimum: 1 << 14, alignment: 16) { range in
    withUnsafeTemporaryAllocation(byteCount: block * 4, alignment: 64) { memory in
      let total = memory.bindMemory(to: Float.self)
      guard let total = total.baseAddress else { return }
      for lower in stride(from: range.lowerBound, to: range.upperBound, by: block) {
        let length = min(block, range.upperBound - lower)
        total.update(from: sources[0] + lower, count: length)
        for source in sources.dropFirst() { add(source + lower, to: total, count: length) }
        for destination in destinations { (destination + lower).update(from: total, count: length) }
      }
    }
  }
}

@inline(__always)
private func add(_ source: UnsafePointer<Float>, to total: UnsafeMutablePointer<Float>, count: Int) {
  for index in 0..<count { total[index] += source[index] }
}

/// Adds up bfloat16 vectors in float32, in the order given, and rounds the sum: `destination` may be one of the sources.
func addInRankOrder(_ sources: [UnsafePointer<UInt16>], into destination: UnsafeMutablePointer<UInt16>, count: Int) {
  let block = 2048
  ComputePool.forEachRange(of: count, minimum: 1 << 14, alignment: 32) { range in
    withUnsafeTemporaryAllocation(byteCount: block * 4, alignment: 64) { memory in
      guard let total = memory.bindMemory(to: Float.self).baseAddress else { return }
      for lower in stride(from: range.lowerBound, to: range.upperBound, by: block) {
        let length = min(block, range.upperBound - lower)
        expand(sources[0] + lower, to: total, count: length)
        for source in sources.dropFirst() {
          for index in 0..<length { total[index] += bfloat16Value(source[lower + index]) }
        }
        round(total, to: destination + lower, count: length)
      }
    }
  }
}

/// Rounds floats to bfloat16, spread over the compute threads.
func roundToBFloat16(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<UInt16>, count: Int) {
  ComputePool.forEachRange(of: count, minimum: 1 << 15, alignment: 32) { range in
    round(source + range.lowerBound, to: destination + range.lowerBound, count: range.count)
  }
}

/// Writes bfloat16 numbers as floats, spread over the compute threads.
func expandFromBFloat16(_ source: UnsafePointer<UInt16>, to destination: UnsafeMutablePointer<Float>, count: Int) {
  ComputePool.forEachRange(of: count, minimum: 1 << 15, alignment: 32) { range in
    expand(source + range.lowerBound, to: destination + range.lowerBound, count: range.count)
  }
}

@inline(__always)
private func round(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<UInt16>, count: Int) {
  for index in 0..<count { destination[index] = bfloat16Bits(source[index]) }
}

@inline(__always)
private func expand(_ source: UnsafePointer<UInt16>, to destination: UnsafeMutablePointer<Float>, count: Int) {
  for index in 0..<count { destination[index] = bfloat16Value(source[index]) }
}

/// Copies floats, spread over the compute threads.
func copyFloats(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>, count: Int) {
  ComputePool.forEachRange(of: count, minimum: 1 << 15, alignment: 16) { range in
    (destination + range.lowerBound).update(from: source + range.lowerBound, count: range.count)
  }
}

/// Cuts `count` elements into one slice a rank, as even as whole cache lines (16 floats) allow; slices may be empty.
package func slices(of count: Int, ranks: Int) -> [Range<Int>] {
  let lines = (count + 15) / 16
  return (0..<ranks).map { rank in
    min(count, lines * rank / ranks * 16)..<min(count, lines * (rank + 1) / ranks * 16)
  }
}
