/// An epoch of a sampler, with how often the sample at each position came before.
struct DrawnEpoch {
  let epoch: Int
  let samples: [Int]
  /// 0 at each sample's first position.
  let occurrences: [Int]

  init(_ sampler: any Sampler, epoch: Int) {
    self.epoch = epoch
    samples = sampler.samples(epoch: epoch)
    var seen = [Int](repeating: 0, count: sampler.sampleCount)
    occurrences = samples.map { sample in
      defer { seen[sample] += 1 }
      return seen[sample]
    }
  }
}
