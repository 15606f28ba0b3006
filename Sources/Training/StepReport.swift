/// What one step did, equal on all ranks but for the times.
package struct StepReport: Sendable {
  /// Steps done so far, this one included.
  package var step = 0
  /// The epoch, counted from 0.
  package var epoch = 0
  /// Images of the global batch.
  package var images = 0
  /// Images so far, over all ranks and epochs.
  package var consumedSamples = 0
  /// The objective over the global batch.
  package var loss = 0.0
  /// The weighted cross-entropy of the auxiliary outputs, which is minimized beside the objective; nil where the network has none.
  package var auxiliaryLoss: Double?
  /// Labelled pixels of the global batch.
  package var validPixels = 0
  /// Labelled pixels by class.
  package var pixelsPerClass: [Int] = []
  /// Norm of the gradient at the logits (or features) by class, before scaling.
  package var gradientNormPerClass: [Double] = []
  /// The factor of homogenization by class; 1 without it.
  package var scalePerClass: [Double] = []
  /// The learning rate of the update.
  package var learningRate = 0.0
  /// Norm of the gradient of all parameters, before clipping.
  package var gradientNorm = 0.0
  /// Whether the step changed nothing, because something about it was wrong.
  package var isSkipped = false
  /// What was not finite, and where, when the step was left out for that.
  package var nonFinite: NonFiniteReport?
  /// Ranks that could not take part in the step, which is then left out and not counted.
  package var failedRanks = 0
  /// What is requested from outside, as all ranks have agreed on it.
  package var requests = Requests()
  /// Loss and gradient norm where they are far above those of the steps before.
  package var spikes: [Spike] = []
  /// Bytes that this rank's gradient reduction moved in this step.
  package var bytesReduced = 0
  /// Seconds of each phase on this rank, by name, in order.
  package var phases: [(name: String, seconds: Double)] = []
  /// Seconds of the whole step on this rank, the wait for data included.
  package var seconds: Double { phases.reduce(0) { $0 + $1.seconds } }

  /// An empty report.
  package init() {}
}
