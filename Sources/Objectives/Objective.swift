import Tensors

/// What an objective may know about the data set, before the first step.
public struct ObjectiveContext: Sendable {
  /// Number of classes of the network's head; at least 1.
  public var classes: Int
  /// Labelled pixels (or samples) of each class in the whole training split, if counted.
  public var pixelCounts: [Int64]?
  /// Training images that contain each class, if counted.
  public var imageCounts: [Int64]?
  /// Images of the training split, if counted.
  public var images: Int64?
  /// The run's seed, for objectives that add noise.
  public var seed: UInt64

  /// Collects what is known.
  public init(classes: Int, pixelCounts: [Int64]? = nil, imageCounts: [Int64]? = nil, images: Int64? = nil, seed: UInt64 = 0) {
    self.classes = classes
    self.pixelCounts = pixelCounts
    self.imageCounts = imageCounts
    self.images = images
    self.seed = seed
  }
}

/// What an objective may know about the step at hand.
public struct StepContext: Sendable {
  /// The epoch, from 0.
  public var epoch: Int
  /// The step since the run began, from 0.
  public var step: Int
  /// The index in the data set of each image of this rank's slice, in the order of the rows; what noise is keyed by.
  public var samples: [Int]
  /// False where a loss is only looked at, as in evaluation: then running state stays as it is.
  public var isTraining: Bool

  /// Describes a step.
  public init(epoch: Int = 0, step: Int = 0, samples: [Int] = [], isTraining: Bool = true) {
    self.epoch = epoch
    self.step = step
    self.samples = samples
    self.isTraining = isTraining
  }
}

/// A loss over labelled rows, in rounds of sums over the ranks.
///
/// A training step goes through the rounds in order: `measure` reads this rank's rows and writes its share of the round's numbers, the
/// vectors of all ranks are added, and the sums are handed to the next round. The last round leaves the gradient without its global
/// denominator; from all sums `result` makes the loss and a factor for each class, and `complete` applies the factors to the gradient.
/// Every denominator is therefore global, whatever share of the batch a rank holds, none included.
///
/// Most losses have one round. Those whose rows depend on the rest of the global batch (how often each class occurs in it, which rows are
/// the hardest, how much two areas overlap) have one more before. Evaluation measures the last round alone and without the sums of those
/// before it, as the loss's page says.
///
/// Nothing is remembered from one call to the next but working memory, among it what the last round leaves for `complete`. Running state
/// changes in `commit` alone: a step that is not committed has changed nothing.
public protocol Objective: AnyObject {
  /// The name under which the registry knows it.
  var name: String { get }
  /// How many numbers each round sums over the ranks, in order: [3C] for cross-entropy with C classes. At least one round.
  var rounds: [Int] { get }
  /// Whether rows have to come with `classifierGram`, because a statistic is taken at the classifier's input.
  var needsClassifierGram: Bool { get }
  /// What is added to the logits of each class before the best class is taken, at evaluation and prediction; nil for nothing.
  var predictionOffsets: [Double]? { get }

  /// Goes over this rank's rows for one round. Changes `packed` and, in the last round, `gradient`; twice gives the same twice.
  ///
  /// After the last round the gradient is that of the sum of row losses: not divided by anything yet, class weights not applied; rows with
  /// ignored labels are exactly 0, and so is the padding of channel blocks. No buffer is allocated once the largest shape was seen.
  /// Cost: one read and one write of the rows, twice that where rows have second labels.
  /// - Parameters:
  ///   - round: the index of the round; the last one for evaluation.
  ///   - rows: the rows and what they are measured against.
  ///   - gradient: where the last round writes dS/dlogits; may have another layout than the logits, or be the same memory; nil to only
  ///     measure. Part of the gradient may stay with the objective until `complete`.
  ///   - earlier: the sums of the rounds before this one; none for evaluation.
  ///   - packed: the vector that is summed over the ranks; `rounds[round]` numbers from `offset` on are overwritten.
  ///   - offset: where this objective's numbers begin.
  ///   - step: the step at hand.
  /// - Throws: `LongtailError` for a label that is not a class, weights or shares out of range, or views that do not fit each other.
  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext) throws

  /// Interprets the sums of all rounds (evaluation: of the last); the same on every rank. Changes nothing.
  /// - Throws: `LongtailError` if sums are missing.
  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult

  /// Turns what the last round left in `gradient` into dL/dlogits of the global loss.
  ///
  /// Multiplies each row by `result.factorPerClass` of its class (`RowScaler`). Weighted sums add the rows of their terms here.
  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws

  /// Lets running state take in a training step that is accepted. Does nothing if the sums are not finite or `step.isTraining` is false.
  /// - Throws: `LongtailError` if sums are missing.
  func commit(_ sums: PackedSums, step: StepContext) throws

  /// Hands over each part of the running state with its name, to be read or replaced. Names and sizes stay the same.
  func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows
}

extension Objective {
  /// No statistic at the classifier's input.
  public var needsClassifierGram: Bool { false }

  /// Predictions are made from the logits as they are.
  public var predictionOffsets: [Double]? { nil }

  /// No running state.
  public func commit(_ sums: PackedSums, step: StepContext) throws {}

  /// No running state.
  public func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows {}

  /// Numbers that the last round sums over the ranks, the only one of an evaluation.
  public var packedCount: Int { rounds.last ?? 0 }
}
