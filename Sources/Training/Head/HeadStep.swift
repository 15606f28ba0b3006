import Collectives
import Objectives
import Optimizers
import Tensors

/// The second kind of step: it trains a linear head on given rows of features, without images and without a network.
///
/// Decoupled training, banks of features and samplers that learn stand on it. A step that is not finite changes nothing. Head, optimizer,
/// objective and number of steps are leaves of the state.
package final class HeadStep: Stateful {
  /// What one step did; equal on all ranks.
  package struct Report: Sendable {
    /// What the objective knows of the rows of all ranks.
    package var result: StepResult
    /// The rate of the update.
    package var learningRate: Double
    /// The norm of the gradient, before clipping.
    package var gradientNorm: Double
  }

  /// What is trained.
  package var head: LinearHead { gradient.head }
  /// The gradient of the last step: its errors and its matrix.
  package let gradient: HeadGradient
  /// Steps done so far.
  package private(set) var stepCount = 0

  private let optimizer: any Optimizer
  private let schedule: LearningRateSchedule
  private let clipping: GradientClipping?

  /// - Parameter optimizer: made for as many floats as the head has.
  /// - Throws: `LongtailError` for an optimizer of another size.
  package init(
    _ gradient: HeadGradient, optimizer: any Optimizer, schedule: LearningRateSchedule, clipping: GradientClipping? = nil
  ) throws {
    guard optimizer.parameterCount == gradient.head.parameters.floatCount else {
      throw LongtailError(
        .internalError, "an optimizer of \(optimizer.parameterCount) floats cannot move a head of \(gradient.head.parameters.floatCount)")
    }
    (self.gradient, self.optimizer, self.schedule, self.clipping) = (gradient, optimizer, schedule, clipping)
  }

  /// The rate of the next step.
  package var learningRate: Double { schedule.rate(atStep: stepCount) }

  /// Moves the head by this rank's rows and those of all others. Collective.
  /// - Parameter given: the rate, where it is not that of the head's own schedule.
  /// - Throws: `LongtailError` with code `notFinite` where loss or gradient are not finite, with everything as it was; or from MPI.
  package func step(_ rows: FeatureRows, epoch: Int = 0, learningRate given: Double? = nil) throws -> Report {
    let context = StepContext(epoch: epoch, step: stepCount, samples: rows.samples, isTraining: true)
    let (result, sums) = try gradient.compute(rows, step: context)
    let norm = result.isFinite ? globalNorm(of: gradient.matrix) : .nan
    guard norm.isFinite else {
      throw LongtailError(
        .notFinite, "the \(result.isFinite ? "gradient" : "loss") of step \(stepCount + 1) of the head is not finite",
        advice: "Lower the learning rate, set gradientClipping, or check the features.")
    }
    let rate = given ?? learningRate
    try optimizer.update(
      parameters: head.parameters, gradients: gradient.matrix, learningRate: rate, gradientScale: clipping?.scale(forNorm: norm) ?? 1)
    try gradient.objective.commit(sums, step: context)
    stepCount += 1
    return Report(result: result, learningRate: rate, gradientNorm: norm)
  }

  /// Names W, b, the optimizer's buffers, the objective's state, and the number of steps.
  package func describeState(in tree: inout StateTree) {
    tree.child("head", head)
    let tensors = [
      FlatTensor(name: "weight", shape: [head.classes, head.features], offset: 0),
      FlatTensor(name: "bias", shape: [head.classes], offset: head.classes * head.features),
    ]
    tree.child("optimizer") { optimizer.describeState(in: &$0, tensors: tensors) }
    tree.child("objective") { gradient.objective.describeState(in: &$0) }
    tree.value("stepCount", of: self, \.stepCount, title: "number of steps of the head")
  }
}
