import Datasets
import Foundation
import Objectives
import Tensors

/// Draws the images of each step by rates of classes that are learned, and behind them a meta batch in which all classes are alike.
///
/// The first `drawnCount` places of a global batch are drawn with replacement over the whole training split, see `MetaSampler`; the others
/// go through the classes in turn. What a step consists of is a function of the rates that there were `staleness` steps before, of seed,
/// step and place: the same on every rank. State: rates of the last steps and Adam's moments. Cost: a logarithm for each image of the split
/// and place. Source: Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020, arXiv:2007.10740, section 3.3.
package final class MetaStepSampler: StepwiseSampler, Stateful, @unchecked Sendable {
  /// Images of the split.
  package let sampleCount: Int
  /// Positions of an epoch: whole steps, in which about as many images are drawn as an epoch of the usual sampler has.
  package let epochLength: Int
  /// Drawn images of a step.
  package let drawnCount: Int
  /// Images of the meta batch.
  package let metaCount: Int
  private let staleness: Int
  private let seed: UInt64
  /// The samples that have a class, and their classes.
  private let samples: [Int]
  private let labels: [Int32]
  private let counts: [Double]
  private let balanced: ClassAwareSampler
  private let lock = NSLock()
  private var meta: MetaSampler
  /// theta after the last steps, the newest last; `staleness + 1` of them.
  private var history: [[Double]]
  private var publishedStep = 0
  /// What steps drew that nothing was learned from yet.
  private var drawn: [Int: [MetaSampler.Draw]] = [:]

  /// - Parameters:
  ///   - classes: of each image.
  ///   - drawnCount: at least 1.
  ///   - metaCount: at least 1.
  ///   - samplesPerClass: images of a class in a row in the meta batch.
  ///   - rho: the power of class shares that first rates are the inverse of.
  ///   - staleness: steps by which rates may be older than the newest.
  ///   - imagesPerEpoch: images that an epoch draws, rounded down to whole steps.
  /// - Throws: `.badData` where no image has a class.
  package init(
    seed: UInt64, classes: SampleClasses, drawnCount: Int, metaCount: Int, samplesPerClass: Int, rho: Double, staleness: Int,
    imagesPerEpoch: Int
  ) throws {
    (self.seed, self.drawnCount, self.metaCount, self.staleness) = (seed, drawnCount, metaCount, staleness)
    sampleCount = classes.count
    epochLength = max(1, imagesPerEpoch / drawnCount) * (drawnCount + metaCount)
    samples = (0..<classes.count).filter { !classes[$0].isEmpty }
    labels = samples.map { Int32(classes[$0].first?.classIndex ?? 0) }
    var counts = [Double](repeating: 0, count: classes.classCount)
    for label in labels { counts[Int(label)] += 1 }
    self.counts = counts
    balanced = try ClassAwareSampler(seed: seed, classes: classes, samplesPerClass: samplesPerClass, epochLength: metaCount)
    // A class without images is never drawn, whatever its rate.
    meta = MetaSampler(counts: counts.map { max(1, $0) }, rho: rho)
    history = [[Double]](repeating: meta.theta, count: staleness + 1)
  }

  /// Whether the rates of `staleness` steps before are there.
  package func canDraw(step: Int) -> Bool { lock.withLock { step - staleness <= publishedStep } }

  /// Draws a step.
  package func samples(step: Int, count: Int) -> [Int] {
    let draws = draws(step: step)
    lock.withLock { drawn[step] = draws }
    return Array((draws.map { samples[$0.index] } + balanced.samples(epoch: step)).prefix(count))
  }

  /// What a step has drawn.
  package func draws(step: Int) -> [MetaSampler.Draw] {
    if let found = lock.withLock({ drawn[step] }) { return found }
    let rates = rates(forStep: step)
    return (0..<drawnCount).map { rates.draw(labels: labels, seed: seed, step: step, slot: $0) }
  }

  /// The rates that a step is drawn with.
  package func rates(forStep step: Int) -> MetaSampler {
    lock.withLock {
      MetaSampler(theta: history[min(staleness, max(0, max(0, step - staleness) - (publishedStep - staleness)))])
    }
  }

  /// Learns from a step.
  /// - Parameters:
  ///   - gradient: of theta, over all ranks.
  ///   - rate: Adam's.
  ///   - step: the step that was drawn, counted from 0.
  package func learn(gradient: [Double], rate: Double, fromStep step: Int) {
    lock.withLock {
      meta.step(gradient: gradient, rate: rate)
      drawn[step] = nil
    }
    advance(to: step + 1)
  }

  /// The rates hold from now on.
  package func advance(to steps: Int) {
    lock.withLock {
      while publishedStep < steps {
        drawn[publishedStep] = nil
        publishedStep += 1
        history = Array(history.dropFirst()) + [meta.theta]
      }
    }
  }

  /// The chance of each class in a draw by the newest rates.
  package var classProbabilities: [Double] { lock.withLock { meta }.classProbabilities(counts: counts) }

  /// What an epoch would be if the newest rates stayed.
  package func samples(epoch: Int) -> [Int] {
    let rates = lock.withLock { meta }
    return (0..<epochLength / (drawnCount + metaCount)).flatMap { place -> [Int] in
      let step = epoch * (epochLength / (drawnCount + metaCount)) + place
      let draws = (0..<drawnCount).map { samples[rates.draw(labels: labels, seed: seed, step: step, slot: $0).index] }
      return draws + balanced.samples(epoch: step)
    }
  }

  /// With the newest rates.
  package func expectedCopies(epoch: Int) -> [Double] {
    let probabilities = classProbabilities
    let steps = Double(epochLength / (drawnCount + metaCount))
    var copies = balanced.expectedCopies(epoch: epoch).map { $0 * steps }
    for (sample, label) in zip(samples, labels) {
      copies[sample] += steps * Double(drawnCount) * probabilities[Int(label)] / counts[Int(label)]
    }
    return copies
  }

  /// Names theta of the last steps, Adam's moments, and the numbers of steps.
  package func describeState(in tree: inout StateTree) {
    let classes = counts.count
    tree.row("theta", count: history.count * classes, title: "rates of the sampler") { [self] in
      lock.withLock { history.flatMap { $0 } }
    } set: { [self] numbers in
      lock.withLock {
        history = (0...staleness).map { Array(numbers[$0 * classes..<($0 + 1) * classes]) }
        replace(theta: history[staleness])
      }
    }
    tree.row("firstMoments", count: classes, title: "first moments of the sampler") { [self] in
      lock.withLock { meta.firstMoments }
    } set: { [self] numbers in
      lock.withLock { replace(firstMoments: numbers) }
    }
    tree.row("secondMoments", count: classes, title: "second moments of the sampler") { [self] in
      lock.withLock { meta.secondMoments }
    } set: { [self] numbers in
      lock.withLock { replace(secondMoments: numbers) }
    }
    tree.row("steps", count: 2, title: "steps of the sampler") { [self] in
      lock.withLock { [Double(meta.steps), Double(publishedStep)] }
    } set: { [self] numbers in
      lock.withLock {
        replace(steps: Int(numbers[0]))
        publishedStep = Int(numbers[1])
      }
    }
  }

  /// Changes parts of the learned state. Under the lock.
  private func replace(theta: [Double]? = nil, firstMoments: [Double]? = nil, secondMoments: [Double]? = nil, steps: Int? = nil) {
    meta = MetaSampler(
      theta: theta ?? meta.theta, firstMoments: firstMoments ?? meta.firstMoments, secondMoments: secondMoments ?? meta.secondMoments,
      steps: steps ?? meta.steps)
    drawn = [:]
  }
}
