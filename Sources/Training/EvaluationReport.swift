import Metrics

/// What an evaluation over a whole split found: one integer confusion matrix, the same on all ranks.
public struct EvaluationReport: Sendable {
  /// Steps that the parameters have behind them.
  public var step = 0
  /// Epochs that they have behind them.
  public var epoch = 0
  /// Images, each counted once.
  public var images = 0
  /// Where predictions are compared: at the network's input size or at the label's own.
  public var resolution = "network"
  /// Rows are the truth.
  public var matrix: ConfusionMatrix
  /// Groups from the counts of the training split.
  public var groups: ClassGroups
  /// Each image of the split, in its order.
  public var imageScores: [ImageScore] = []
  /// The objective over the split, at the network's resolution.
  public var loss: Double?
  /// Seconds on rank zero.
  public var seconds = 0.0

  /// A metric's value; nil where it is undefined.
  public func value(_ metric: MetricName) -> Double? { metric.value(of: matrix, groups: groups, loss: loss) }
}
