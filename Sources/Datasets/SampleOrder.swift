import Tensors

/// In which order an epoch visits the samples: a function of seed and epoch alone, whoever asks.
package struct SampleOrder: Sendable, Equatable {
  /// The run's seed.
  package let seed: UInt64
  /// Number of samples.
  package let count: Int
  /// Whether the order is shuffled; if not it is 0, 1, 2, … in every epoch.
  package let shuffled: Bool

  /// Describes an order.
  package init(seed: UInt64, count: Int, shuffled: Bool = true) {
    self.seed = seed
    self.count = max(0, count)
    self.shuffled = shuffled
  }

  /// All samples in the order of an epoch, each once (Fisher and Yates' shuffle). Costs `count` random numbers.
  package func permutation(epoch: Int) -> [Int] {
    var order = Array(0..<count)
    if !shuffled { return order }
    let random = CounterRandom(seed: seed, purpose: .order, epoch: epoch)
    for index in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(index, random.integer(index, below: index + 1))
    }
    return order
  }
}
