/// How often classes are expected to be seen with a sampler: exact expectations from the counts, in shares of 1.
package struct ClassFrequencies: Sendable, Equatable {
  /// Of all that is labelled in the samples drawn (images, pixels or objects), the share of each class.
  package var shares: [Double]
  /// Of the samples drawn, the share that shows each class. Adds up to 1 only where each sample has one label.
  package var shareOfSamples: [Double]

  /// Frequencies over some epochs of a sampler.
  ///
  ///     share of class c = sum_i k_i n_ic / sum_i sum_j k_i n_ij,   k_i = expected copies of sample i, n_ic = its count of class c
  ///
  /// Costs a pass over samples and classes, and for a sampler that changes one over the samples for each epoch.
  /// - Parameters:
  ///   - epochs: the epochs that are averaged, for a sampler that changes; others are asked for the first.
  ///   - classes: the classes of the samples that the sampler chooses from, equally many.
  package init(of sampler: any Sampler, epochs: Range<Int>, classes: SampleClasses) {
    var copies = sampler.expectedCopies(epoch: epochs.lowerBound)
    if sampler.changesOverEpochs {
      for epoch in epochs.dropFirst() {
        for (sample, number) in sampler.expectedCopies(epoch: epoch).enumerated() { copies[sample] += number }
      }
    }
    self.init(copies: copies, classes: classes)
  }

  /// Frequencies of samples that are there this many times each.
  package init(copies: [Double], classes: SampleClasses) {
    shares = [Double](repeating: 0, count: classes.classCount)
    shareOfSamples = shares
    for (sample, number) in copies.enumerated() where sample < classes.count {
      for entry in classes[sample] {
        shares[entry.classIndex] += number * Double(entry.count)
        shareOfSamples[entry.classIndex] += number
      }
    }
    let (all, drawn) = (shares.reduce(0, +), copies.reduce(0, +))
    shares = shares.map { all > 0 ? $0 / all : 0 }
    shareOfSamples = shareOfSamples.map { drawn > 0 ? $0 / drawn : 0 }
  }

  /// The frequencies in samples that were drawn.
  package init(of samples: [Int], classes: SampleClasses) {
    var copies = [Double](repeating: 0, count: classes.count)
    for sample in samples { copies[sample] += 1 }
    self.init(copies: copies, classes: classes)
  }
}
