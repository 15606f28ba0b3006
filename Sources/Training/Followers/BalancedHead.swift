import Collectives
import Datasets
import Objectives
import Optimizers
import Tensors

/// A second classifier, which is trained on stored features in which all classes have as many rows: the classifier of Breadcrumb.
///
/// At the beginning of an epoch the rows of each class are gathered from the newest complete epochs, moved to the newest mean
/// (`FeatureQueue`), and shuffled; each step takes a slice of a global batch. No gradient reaches the network. State: the classifier with
/// its optimizer; the rows follow from the bank. Cost: C d B products a step, and the rows of an epoch in memory.
/// Source: Liu, Li, Kang, Hua, Vasconcelos, "Breadcrumbs: adversarial class-balanced sampling for long-tailed recognition", ECCV 2022,
/// arXiv:2105.00127.
final class BalancedHead: Follower {
  /// The name in checkpoints.
  static let stateName = "balancedHead"
  let name = stateName
  private let bank: FeatureBank
  private let step: HeadStep
  private let counts: [Int]
  private let batch: Int
  private let stepsPerEpoch: Int
  private let startup: FeatureQueue.Startup
  private let seed: UInt64
  private let communicator: any Communicator
  /// The rows of an epoch in the order in which steps take them; nil where there are none.
  private var prepared: (epoch: Int, rows: DenseRows, labels: [Int32])?

  /// - Parameters:
  ///   - bank: takes in each step before this does.
  ///   - counts: training images of each class.
  ///   - batch: images of a global batch.
  init(
    _ bank: FeatureBank, _ step: HeadStep, counts: [Int], batch: Int, stepsPerEpoch: Int, startup: FeatureQueue.Startup, seed: UInt64,
    communicator: any Communicator
  ) {
    (self.bank, self.step, self.counts, self.batch) = (bank, step, counts, batch)
    (self.stepsPerEpoch, self.startup, self.seed, self.communicator) = (stepsPerEpoch, startup, seed, communicator)
  }

  func follow(_ accepted: AcceptedStep) throws {
    let (epoch, place) = (accepted.context.epoch, accepted.context.step % stepsPerEpoch)
    if prepared?.epoch != epoch { prepared = prepare(epoch) }
    guard let prepared else { return }
    let slice = place * batch..<min(prepared.rows.count, (place + 1) * batch)
    guard !slice.isEmpty else { return }
    let share = BatchDivision.shard(of: slice.count, ranks: communicator.size, rank: communicator.rank)
    let own = slice.lowerBound + share.lowerBound..<slice.lowerBound + share.upperBound
    let rows = FeatureRows(values: own.flatMap { prepared.rows[$0] }, labels: Array(prepared.labels[own]))
    _ = try step.step(rows, epoch: epoch, learningRate: accepted.learningRate)
  }

  /// The balanced rows of an epoch, if the bank has enough.
  private func prepare(_ epoch: Int) -> (epoch: Int, rows: DenseRows, labels: [Int32])? {
    var queue = FeatureQueue(counts: counts, batch: batch)
    for features in bank.completeEpochs { queue.store(features) }
    guard let rows = queue.balanced(startup: startup) else { return nil }
    let order = CounterRandom(seed: seed, purpose: .order, epoch: epoch, sample: 1 << 20).permutation(of: rows.count)
    let taken = Array(order.prefix(queue.batches * batch))
    return (epoch, rows.selecting(taken), taken.map { Int32($0 / queue.rowsPerClass) })
  }

  /// Names the classifier, its optimizer and its objective. Rows are prepared anew from what is read.
  func describeState(in tree: inout StateTree) {
    step.describeState(in: &tree)
  }
}
