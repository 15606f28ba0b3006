import Synchronization
import Tensors

/// Draws with replacement by weights of classes that are learned meanwhile: a sample weighs the sum of its classes' weights.
///
/// For samples with one label, class c is drawn with the chance n_c w_c / sum n w. Whoever learns the weights publishes them after each
/// step; step t is drawn with those of step t - staleness, and the loader reads ahead by as many steps. It begins with the first weights.
/// This is the door for the meta sampler: Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020,
/// arXiv:2007.10740. A method that needs more from a draw than its samples conforms to ``StepwiseSampler`` itself.
/// Costs 8 bytes a sample and class, (staleness + 1) C numbers of state, and C additions a step.
package final class MovingWeightSampler: StepwiseSampler, Stateful, Sendable {
  /// The number of samples.
  package let sampleCount: Int
  /// Positions of an epoch.
  package let epochLength: Int
  /// By how many steps the weights that a step is drawn with may be older than the newest.
  package let staleness: Int
  private let seed: UInt64
  private let lists: [[Int]]
  private let published = Mutex(Published())

  private struct Published {
    /// Steps that the newest weights have behind them.
    var step = 0
    /// The weights after the last steps, the newest last; `staleness + 1` of them.
    var history: [[Double]] = []

    mutating func append(_ weights: [Double]) {
      step += 1
      history = Array(history.dropFirst()) + [weights]
    }
  }

  /// Describes a sampler.
  /// - Parameter weights: of each class, before the first step.
  /// - Throws: `.badData` where no sample has a class; `.usage` for weights that cannot be drawn by.
  package init(seed: UInt64, classes: SampleClasses, weights: [Double], staleness: Int, epochLength: Int) throws {
    try ClassWeighting.requireClasses(classes.sampleCounts)
    self.seed = seed
    self.staleness = max(0, staleness)
    self.epochLength = max(0, epochLength)
    sampleCount = classes.count
    lists = classes.samplesByClass
    try require(weights)
    let count = self.staleness + 1
    published.withLock { $0.history = [[Double]](repeating: weights, count: count) }
  }

  private func require(_ weights: [Double]) throws {
    guard weights.count == lists.count else {
      throw LongtailError(.usage, "\(weights.count) weights were given to a sampler of \(lists.count) classes")
    }
    _ = try CumulativeWeights(chances(weights))
  }

  /// Takes over the weights that there are after this many steps.
  /// - Throws: `.usage` for weights that are negative, not finite or leave nothing to draw; `.internalError` for a step out of turn.
  package func publish(_ weights: [Double], afterSteps steps: Int) throws {
    try require(weights)
    try published.withLock { published in
      guard steps == published.step + 1 else {
        throw LongtailError(.internalError, "weights of a sampler after step \(steps) came after those of step \(published.step)")
      }
      published.append(weights)
    }
  }

  /// Steps after which nothing was published, because they were left out, keep the weights of the step before.
  package func advance(to steps: Int) {
    published.withLock { published in
      while published.step < steps { published.append(published.history[staleness]) }
    }
  }

  /// Whether the weights of `staleness` steps before are there.
  package func canDraw(step: Int) -> Bool { published.withLock { step - staleness <= $0.step } }

  /// Draws a step.
  package func samples(step: Int, count: Int) -> [Int] {
    draw(weights(forStep: step), CounterRandom(seed: seed, purpose: .sampling, epoch: step), count)
  }

  /// What an epoch would be if the newest weights stayed.
  package func samples(epoch: Int) -> [Int] {
    draw(newestWeights, CounterRandom(seed: seed, purpose: .sampling, epoch: epoch, sample: 1), epochLength)
  }

  /// With the newest weights.
  package func expectedCopies(epoch: Int) -> [Double] {
    let weights = newestWeights
    let sum = chances(weights).reduce(0, +)
    var copies = [Double](repeating: 0, count: sampleCount)
    for (list, weight) in zip(lists, weights) { for sample in list { copies[sample] += Double(epochLength) * weight / sum } }
    return copies
  }

  /// The weights that were published last.
  package var newestWeights: [Double] { published.withLock { $0.history[staleness] } }

  private func weights(forStep step: Int) -> [Double] {
    published.withLock { $0.history[min(staleness, max(0, max(0, step - staleness) - ($0.step - staleness)))] }
  }

  private func draw(_ weights: [Double], _ random: CounterRandom, _ count: Int) -> [Int] {
    let table = CumulativeWeights(checked: chances(weights))
    return (0..<count).map { place in
      let list = lists[table.index(at: random.uniform(2 * place))]
      return list[random.integer(2 * place + 1, below: list.count)]
    }
  }

  /// Of each class, up to a factor.
  private func chances(_ weights: [Double]) -> [Double] { zip(weights, lists).map { $0 * Double($1.count) } }

  /// Names the weights of the last steps, and how many steps they have behind them.
  package func describeState(in tree: inout StateTree) {
    tree.row(
      "weights", count: (staleness + 1) * lists.count, title: "weights of the sampler",
      get: { [self] in published.withLock { $0.history.flatMap(\.self) } },
      set: { [self] numbers in
        let rows = (0...staleness).map { Array(numbers[$0 * lists.count..<($0 + 1) * lists.count]) }
        published.withLock { $0.history = rows }
      })
    tree.row(
      "publishedStep", count: 1, title: "steps behind the weights of the sampler",
      get: { [self] in published.withLock { [Double($0.step)] } },
      set: { [self] numbers in published.withLock { $0.step = Int(numbers[0]) } })
  }
}
