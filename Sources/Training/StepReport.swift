/// What one step did, equal on all ranks but for the times.
public struct StepReport: Sendable {
  /// Steps done so far, this one included.
  public var step = 0
  /// The epoch, counted from 0.
  public var epoch = 0
  /// Images of the global batch.
  public var images = 0
  /// Images so far, over all ranks and epochs.
  public var consumedSamples = 0
  /// The objective over the global batch.
  public var loss = 0.0
  /// The weighted cross-entropy of the auxiliary outputs, which is minimized beside the objective; nil where the network has none.
  public var auxiliaryLoss: Double?
  /// Labelled pixels of the global batch.
  public var validPixels = 0
  /// Labelled pixels by class.
  public var pixelsPerClass: [Int] = []
  /// Norm of the gradient at the logits (or features) by class, before scaling.
  public var gradientNormPerClass: [Double] = []
  /// The factor of homogenization by class; 1 without it.
  public var scalePerClass: [Double] = []
  /// The learning rate of the update.
  public var learningRate = 0.0
  /// Norm of the gradient of all parameters, before clipping.
  public var gradientNorm = 0.0
  /// Whether the step changed nothing, because something about it was wrong.
  public var isSkipped = false
  /// What was not finite, and where, when the step was left out for that.
  public var nonFinite: NonFiniteReport?
  /// Ranks that could not take part in the step, which is then left out and not counted.
  package var failedRanks = 0
  /// What is requested from outside, as all ranks have agreed on it.
  public var requests = Requests()
  /// Loss and gradient norm where they are far above those of the steps before.
  public var spikes: [Spike] = []
  /// Bytes that this rank's gradient reduction moved in this step.
  public var bytesReduced = 0
  /// Seconds of each phase on this rank, by name, in order.
  public var phases: [(name: String, seconds: Double)] = []
  /// Seconds of the whole step on this rank, the wait for data included.
  public var seconds: Double { phases.reduce(0) { $0 + $1.seconds } }

  /// An empty report.
  public init() {}
}
