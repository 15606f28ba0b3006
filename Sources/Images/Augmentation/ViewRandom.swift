import Foundation
import Tensors

/// The random numbers of one step of a sample's augmentation: a function of (seed, epoch, sample, view, step).
///
/// Steps and views have numbers of their own, so that a step that draws more or fewer changes no other one. 2^20 numbers a step.
package struct ViewRandom: Sendable {
  private let random: CounterRandom
  private let start: Int

  /// The numbers of a step.
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - epoch: counted from 0.
  ///   - sample: the sample's index in its split.
  ///   - view: which of several views of the sample; 0 where there is one.
  ///   - step: which step of the augmentation; 0 is left to pipelines that count draws themselves.
  package init(seed: UInt64, epoch: Int, sample: Int, view: Int = 0, step: Int = 1) {
    random = CounterRandom(seed: seed, purpose: .augmentation, epoch: epoch, sample: sample)
    start = view << 40 | step << 20
  }

  /// The numbers of a sample's augmentation from one on.
  package init(seed: UInt64, epoch: Int, sample: Int, start: Int) {
    self.init(CounterRandom(seed: seed, purpose: .augmentation, epoch: epoch, sample: sample), start: start)
  }

  /// The same numbers without the first few.
  package func after(_ count: Int) -> ViewRandom { ViewRandom(random, start: start + count) }

  private init(_ random: CounterRandom, start: Int) { (self.random, self.start) = (random, start) }

  /// Number `index`, uniform in [0, 1).
  package func uniform(_ index: Int) -> Double { random.uniform(start + index) }

  /// Number `index`, uniform in a range.
  package func uniform(_ index: Int, in range: ClosedRange<Double>) -> Double { random.uniform(start + index, in: range) }

  /// Number `index`, a whole one in `0..<upperBound`.
  package func integer(_ index: Int, below upperBound: Int) -> Int { random.integer(start + index, below: upperBound) }

  /// Block `index`: four words of 32 bits. Numbers and blocks share a stream: use one or the other of it.
  package func block(_ index: Int) -> SIMD4<UInt32> { random.block(UInt64(truncatingIfNeeded: start + index)) }

  /// Whether something of this probability happens, by number `index`.
  package func chance(_ index: Int, _ probability: Double) -> Bool { uniform(index) < probability }

  /// The numbers `0..<count` in random order, from number `index` on (Fisher and Yates).
  package func permutation(_ index: Int, count: Int) -> [Int] {
    var order = Array(0..<count)
    for place in stride(from: count - 1, to: 0, by: -1) { order.swapAt(place, integer(index + place, below: place + 1)) }
    return order
  }

  /// A number of the symmetric beta distribution with both shapes `shape`, from number `index` on.
  ///
  /// The quotient of gamma numbers by the method of Marsaglia and Tsang ("A simple method for generating gamma variables", TOMS 2000); for
  /// shape 1 it is uniform.
  package func beta(_ index: Int, shape: Double) -> Double {
    if shape == 1 { return uniform(index) }
    var next = index
    // For small shapes both may underflow to 0: logarithms tell them apart.
    let first = logGamma(&next, shape: shape)
    let second = logGamma(&next, shape: shape)
    return 1 / (1 + exp(second - first))
  }

  /// The logarithm of a gamma number of this shape.
  private func logGamma(_ next: inout Int, shape: Double) -> Double {
    let boosted = shape < 1 ? shape + 1 : shape
    let d = boosted - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      // 1 - u lies in (0, 1], where the logarithm is finite.
      let radius = (-2 * log(1 - uniform(next))).squareRoot()
      let normal = radius * cos(2 * Double.pi * uniform(next + 1))
      let u = 1 - uniform(next + 2)
      next += 3
      let cube = 1 + c * normal
      guard cube > 0 else { continue }
      let v = cube * cube * cube
      guard log(u) < 0.5 * normal * normal + d - d * v + d * log(v) else { continue }
      if shape >= 1 { return log(d * v) }
      let boost = 1 - uniform(next)
      next += 1
      return log(d * v) + log(boost) / shape
    }
  }
}
