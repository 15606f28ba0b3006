import Tasks

/// What an evaluation over a whole split found, the same on all ranks.
package struct EvaluationReport: Sendable {
  /// Steps that the parameters have behind them.
  package var step = 0
  /// Epochs that they have behind them.
  package var epoch = 0
  /// Images, each counted once.
  package var images = 0
  /// Where predictions are compared: at the network's input size or at the annotations' own.
  package var resolution = "network"
  /// Groups from the counts of the training split.
  package var groups: ClassGroups
  /// What the task says: scores, classes, images.
  package var evaluation: Evaluation
  /// The objective over the split, at the network's resolution.
  package var loss: Double?
  /// The mean probability that the rows of each class give to it, with the predictions' offsets, of all views together; nil for a class
  /// without rows. Empty where there are no rows of labels.
  package var confidencePerClass: [Double?] = []
  /// Seconds on rank zero.
  package var seconds = 0.0

  /// What a task says.
  init(_ evaluation: Evaluation, groups: ClassGroups) { (self.evaluation, self.groups) = (evaluation, groups) }

  /// All scores, that of the loss included.
  package var scores: [Score] { evaluation.scores + [Score(.loss, loss)] }

  /// A score's value; nil where it is undefined.
  package func value(_ name: String) -> Double? { scores.value(of: name) }
}
