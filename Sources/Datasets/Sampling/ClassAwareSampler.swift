import Tensors

/// Classes in turn, some samples of a class in a row.
///
/// A round has each class once, in random order, and from each class the next m of its samples; a class's samples are shuffled anew
/// whenever all have come. This goes on without end, and epochs are cut from it. So in each round every class comes exactly m times,
/// between two shuffles of a class each of its samples comes once, and rare classes repeat. A sample with several classes is in the list of
/// each. Position g of the whole run is drawn from g alone: nothing before it is gone through.
/// Expected copies in an epoch of L positions: L / C times the sum over a sample's classes of 1 / N_c.
/// Source: Shen, Lin, Huang, "Relay backpropagation", ECCV 2016, arXiv:1512.05830; four in a row as in Kang et al., ICLR 2020.
/// Costs 8 bytes a sample and class, and one shuffle of a class's list each time that it is used up.
package struct ClassAwareSampler: Sampler {
  /// The number of samples.
  package let sampleCount: Int
  /// Positions of an epoch.
  package let epochLength: Int
  /// Samples of a class in a row, m.
  package let samplesPerClass: Int
  /// All classes alike.
  package let classDraw: ClassDraw?
  private let seed: UInt64
  private let lists: [[Int]]
  private let isShuffled: Bool

  /// Describes a sampler.
  /// - Throws: `.badData` where no sample has a class.
  package init(seed: UInt64, classes: SampleClasses, samplesPerClass: Int, epochLength: Int) throws {
    try self.init(seed: seed, classes: classes, samplesPerClass: samplesPerClass, epochLength: epochLength, isShuffled: true)
  }

  /// - Parameter isShuffled: whether classes and samples are shuffled; tests compare the plain order with a known one.
  package init(seed: UInt64, classes: SampleClasses, samplesPerClass: Int, epochLength: Int, isShuffled: Bool) throws {
    try ClassWeighting.requireClasses(classes.sampleCounts)
    self.seed = seed
    self.isShuffled = isShuffled
    self.samplesPerClass = max(1, samplesPerClass)
    self.epochLength = max(0, epochLength)
    sampleCount = classes.count
    classDraw = ClassDraw(alike: classes)
    lists = classes.samplesByClass.filter { !$0.isEmpty }
  }

  /// The epoch's stretch of the endless order.
  package func samples(epoch: Int) -> [Int] {
    let roundLength = lists.count * samplesPerClass
    var turns: (round: Int, order: [Int]) = (-1, [])
    var shuffled = [(cycle: Int, order: [Int])](repeating: (-1, []), count: lists.count)
    return (epoch * epochLength..<(epoch + 1) * epochLength).map { position in
      let round = position / roundLength
      if turns.round != round { turns = (round, permutation(of: lists.count, stream: 0, number: round)) }
      let place = position % roundLength
      let turn = turns.order[place / samplesPerClass]
      // How many of this class have come before in the whole run.
      let draw = round * samplesPerClass + place % samplesPerClass
      let list = lists[turn]
      let cycle = draw / list.count
      if shuffled[turn].cycle != cycle { shuffled[turn] = (cycle, permutation(of: list.count, stream: 1 + turn, number: cycle)) }
      return list[shuffled[turn].order[draw % list.count]]
    }
  }

  private func permutation(of count: Int, stream: Int, number: Int) -> [Int] {
    guard isShuffled else { return Array(0..<count) }
    return CounterRandom(seed: seed, purpose: .sampling, epoch: number, sample: stream).permutation(of: count)
  }

  /// Each class has the same share at each position, and each of its samples the same share of that.
  package func expectedCopies(epoch: Int) -> [Double] {
    var copies = [Double](repeating: 0, count: sampleCount)
    for list in lists {
      for sample in list { copies[sample] += Double(epochLength) / Double(lists.count) / Double(list.count) }
    }
    return copies
  }
}
