import Tensors
import Threading

/// A stretch of the flat parameter buffer that is treated differently: no weight decay for biases and norms, a higher rate for the head.
public struct ParameterRange: Sendable, Equatable {
  /// Positions in the flat buffer, counted in floats.
  public var range: Range<Int>
  /// Multiplies the learning rate.
  public var learningRateFactor: Double
  /// Multiplies the weight decay; 0 switches it off.
  public var weightDecayFactor: Double

  /// Describes a stretch.
  public init(_ range: Range<Int>, learningRateFactor: Double = 1, weightDecayFactor: Double = 1) {
    self.range = range
    self.learningRateFactor = learningRateFactor
    self.weightDecayFactor = weightDecayFactor
  }
}

/// The whole buffer cut into stretches without gaps, ready for a step's loops.
struct ParameterSegments {
  let count: Int
  private let segments: [ParameterRange]

  /// Sorts the given stretches and fills the gaps with factors of 1.
  /// - Throws: `LongtailError` with code `internalError` where they overlap or reach beyond the end.
  init(count: Int, special: [ParameterRange]) throws {
    var segments: [ParameterRange] = []
    var position = 0
    for item in special.filter({ !$0.range.isEmpty }).sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      if item.range.lowerBound < position || item.range.upperBound > count {
        throw LongtailError(
          .internalError, "parameter range \(item.range) overlaps with another one or lies outside of the \(count) parameters")
      }
      if !(item.learningRateFactor >= 0 && item.learningRateFactor.isFinite && item.weightDecayFactor >= 0
        && item.weightDecayFactor.isFinite)
      {
        throw LongtailError(.usage, "the factors of learning rate and weight decay must be finite and not negative, got \(item)")
      }
      if item.range.lowerBound > position { segments.append(ParameterRange(position..<item.range.lowerBound)) }
      if let last = segments.last, last.range.upperBound == item.range.lowerBound,
        last.learningRateFactor == item.learningRateFactor, last.weightDecayFactor == item.weightDecayFactor
      {
        segments[segments.count - 1].range = last.range.lowerBound..<item.range.upperBound
      } else {
        segments.append(item)
      }
      position = item.range.upperBound
    }
    if position < count { segments.append(ParameterRange(position..<count)) }
    self.count = count
    self.segments = segments
  }

  /// Runs `body` in parallel on pieces that cover the buffer, each within one stretch.
  func forEachPiece(_ body: (Range<Int>, _ learningRateFactor: Double, _ weightDecayFactor: Double) -> Void) {
    ComputePool.forEachRange(of: count, minimum: 16384, alignment: 16) { range in
      segments.withUnsafeBufferPointer { segments in
        var index = first(segments, reaching: range.lowerBound)
        while index < segments.count, segments[index].range.lowerBound < range.upperBound {
          let piece = segments[index].range.clamped(to: range)
          body(piece, segments[index].learningRateFactor, segments[index].weightDecayFactor)
          index += 1
        }
      }
    }
  }

  /// The first stretch that ends behind a position.
  private func first(_ segments: UnsafeBufferPointer<ParameterRange>, reaching position: Int) -> Int {
    var low = 0
    var high = segments.count
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].range.upperBound <= position { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
