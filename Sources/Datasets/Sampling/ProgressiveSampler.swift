import Tensors

/// From instance balanced to class balanced over a run: at epoch t of T all samples alike with chance 1 - s, class-first with chance s.
///
///     w_i(t) = (1 - s) / N + s sum over its classes of 1 / (C N_c),   s = t / (T - 1)
///
/// N samples, C classes that occur, N_c samples of class c. From epoch T on it stays class balanced.
/// Source: Kang et al., "Decoupling representation and classifier for long-tailed recognition", ICLR 2020, arXiv:1910.09217.
/// Costs as ``WeightedSampler``, with its table made anew each epoch.
package struct ProgressiveSampler: Sampler {
  /// The number of samples.
  package var sampleCount: Int { balanced.count }
  /// Positions of an epoch.
  package let epochLength: Int
  /// Epochs from the one end to the other.
  package let epochs: Int
  private let seed: UInt64
  private let balanced: [Double]

  /// Describes a sampler.
  /// - Parameter epochs: T; with 1 it is instance balanced.
  /// - Throws: `.badData` where no sample has a class.
  package init(seed: UInt64, classes: SampleClasses, epochs: Int, epochLength: Int) throws {
    self.seed = seed
    self.epochs = max(1, epochs)
    self.epochLength = max(0, epochLength)
    balanced = try ClassWeighting.classFirst(classes, exponent: 0).sampleChances
  }

  /// True.
  package var changesOverEpochs: Bool { epochs > 1 }

  /// The share of class balanced draws in an epoch, s.
  package func classBalancedShare(epoch: Int) -> Double { epochs > 1 ? min(1, Double(epoch) / Double(epochs - 1)) : 0 }

  /// The samples drawn in an epoch.
  package func samples(epoch: Int) -> [Int] {
    let random = CounterRandom(seed: seed, purpose: .sampling, epoch: epoch)
    let table = CumulativeWeights(checked: weights(epoch: epoch))
    return (0..<epochLength).map { table.index(at: random.uniform($0)) }
  }

  /// The epoch's length times each weight.
  package func expectedCopies(epoch: Int) -> [Double] { weights(epoch: epoch).map { Double(epochLength) * $0 } }

  /// Add up to 1.
  private func weights(epoch: Int) -> [Double] {
    let share = classBalancedShare(epoch: epoch)
    return balanced.map { (1 - share) / Double(balanced.count) + share * $0 }
  }
}
