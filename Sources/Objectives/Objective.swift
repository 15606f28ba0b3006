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

/// A loss over rows of logits, in two halves with one sum over the ranks between them.
///
/// `measure` reads this rank's rows once and leaves the gradient without its global denominator; the packed vectors of all ranks are added;
/// `finish` turns the sum into the loss and a factor for each class; `complete` applies the factors to the gradient.
/// Every denominator is therefore global, whatever share of the batch a rank holds, none included.
///
/// A loss whose pixels depend on the rest of the global batch (how often each class occurs in it, which pixels are the hardest, how much
/// two areas overlap) takes one more sum before: where `preparationCount` is not 0, a training step begins with `prepare`, a sum over the
/// ranks, and `acceptPreparation`. Evaluation does not prepare: `measure` then does without, as the loss's page says.
public protocol Objective: AnyObject {
  /// The name under which the registry knows it.
  var name: String { get }
  /// Numbers that it adds to the packed vector.
  var packedCount: Int { get }
  /// Whether `setClassifierGram` must be called before each `measure`, because the statistic is taken at the classifier's input.
  var needsClassifierGram: Bool { get }

  /// Hands over W W', the products of the classifier's weight vectors, C x C row-major, of the parameters of this step.
  /// - Throws: `LongtailError` if the size is wrong. Without `needsClassifierGram` the call changes nothing.
  func setClassifierGram(_ gram: [Double]) throws

  /// Numbers of a vector that is summed over the ranks before `measure` in training steps; 0 where none is needed.
  var preparationCount: Int { get }

  /// What is added to the logits of each class before the best class is taken, at evaluation and prediction; nil for nothing.
  var predictionOffsets: [Double]? { get }

  /// Collects what the loss has to know of the global batch before `measure`. Reads, and changes nothing but `packed`.
  /// - Parameters:
  ///   - logits: the rows of scores.
  ///   - labels: a class index for each row; negative = ignored.
  ///   - packed: `preparationCount` numbers from `offset` on are overwritten.
  ///   - offset: where this objective's numbers begin.
  ///   - step: the step at hand.
  /// - Throws: `LongtailError` for a label that is no class, or for views that do not fit.
  func prepare(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, into packed: inout [Double], at offset: Int, step: StepContext) throws

  /// Takes the sum of the prepared vectors of all ranks, the same on every rank; holds until `finish`.
  /// - Throws: `LongtailError` if the vector is too short.
  func acceptPreparation(packed: [Double], at offset: Int, step: StepContext) throws

  /// One pass over this rank's rows: writes the gradient of the sum of pixel losses and this rank's sums.
  ///
  /// The gradient is not divided by anything yet and class weights are not applied; rows with ignored labels are exactly 0,
  /// and so is the padding of channel blocks. No buffer is allocated once the largest shape was seen. Cost: one read and one write of the rows.
  /// - Parameters:
  ///   - logits: the rows of scores, in any layout.
  ///   - labels: a class index for each row in the order of the rows; negative = ignored.
  ///   - gradient: where dS/dlogits goes; may have another layout than `logits`, or be the same memory; nil to only measure.
  ///     A weighted sum keeps its terms' gradients to itself until `complete`.
  ///   - packed: the vector that is summed over the ranks; `packedCount` numbers from `offset` on are overwritten.
  ///   - offset: where this objective's numbers begin.
  ///   - step: the step at hand.
  /// - Throws: `LongtailError` for a label that is no class, or for views that do not fit each other.
  func measure(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, gradient: RowsView?, into packed: inout [Double], at offset: Int,
    step: StepContext) throws

  /// Interprets the sum of the packed vectors of all ranks; the same on every rank. Advances running state if `step.isTraining`.
  func finish(packed: [Double], at offset: Int, step: StepContext) throws -> StepResult

  /// Turns what `measure` left in `gradient` into dL/dlogits of the global loss.
  ///
  /// Multiplies each row by `result.factorPerClass` of its class (`RowScaler`). Weighted sums add the rows of their terms here.
  func complete(gradient: RowsView, logits: RowsView, labels: UnsafeBufferPointer<Int32>, result: StepResult) throws

  /// Running state by name, as checkpoints keep it; empty for objectives without.
  var state: [String: [Double]] { get }

  /// Takes over what `state` gave.
  /// - Throws: `LongtailError` if names or sizes do not fit; nothing is changed then.
  func restore(state: [String: [Double]]) throws
}

extension Objective {
  /// No statistic at the classifier's input.
  public var needsClassifierGram: Bool { false }

  /// Ignored where it is not needed.
  public func setClassifierGram(_ gram: [Double]) throws {}

  /// No sum before `measure`.
  public var preparationCount: Int { 0 }

  /// Predictions are made from the logits as they are.
  public var predictionOffsets: [Double]? { nil }

  /// Nothing to collect.
  public func prepare(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {}

  /// Nothing to take.
  public func acceptPreparation(packed: [Double], at offset: Int, step: StepContext) throws {}

  /// No running state.
  public var state: [String: [Double]] { [:] }

  /// Accepts only the empty state.
  public func restore(state: [String: [Double]]) throws {
    if let name = state.keys.min() {
      throw LongtailError(.mismatch, "the checkpoint holds state '\(name)' for objective \(self.name), which keeps none")
    }
  }
}
