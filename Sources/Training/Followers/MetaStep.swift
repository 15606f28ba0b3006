import Networks
import Objectives
import Tensors

/// Learns the rates of a `MetaStepSampler` from what a step has done to a linear classifier: the outer problem of Balanced Meta-Softmax.
///
/// The step that was done is the inner one. With its errors e_b, the gradients of the slots' own losses at the scores, and M, the gradient
/// of the meta batch's mean cross-entropy at the classifier that the step has left, the loss of the meta batch grows with the weight of
/// slot b by a_b = -(eta / B) e_b.(M x_b): momentum and weight decay do not change that, because the classifier is affine in the gradient
/// of the step. Collective: sums of C (d + 1) and of C numbers. It remembers nothing: rates and moments are the sampler's.
final class MetaStep: Follower {
  let name = "meta"
  private let sampler: MetaStepSampler
  private let head: ClassifierTensors
  private let student: Network
  private let features: PortPlace
  private let logits = PortPlace(port: Port.logits.name)
  private let rate: Double

  /// - Parameter rate: Adam's.
  init(_ sampler: MetaStepSampler, _ head: ClassifierTensors, of student: Network, features: PortPlace, rate: Double) {
    (self.sampler, self.head, self.student, self.features, self.rate) = (sampler, head, student, features, rate)
  }

  var reads: [PortPlace] { [features, logits] }
  var needsPlaces: Bool { true }

  func follow(_ step: AcceptedStep) throws {
    let places = try step.places().own
    let drawn = places.indices.filter { places[$0] < sampler.drawnCount }
    let outer = places.indices.filter { places[$0] >= sampler.drawnCount }
    let rows = DenseRows(try step.values(features))
    let metaGradient = try metaGradient(rows.selecting(outer), labels: outer.map { step.ownLabels[$0] }, step)
    // The gradient at the scores is that of the mean over all slots.
    var errors = DenseRows(try step.gradient(logits)).selecting(drawn)
    for index in errors.values.indices { errors.values[index] *= Float(sampler.drawnCount) }
    let slopes = MetaSampler.slotGradients(
      errors: errors, features: rows.selecting(drawn).withOnes, metaGradient: metaGradient, rate: step.learningRate,
      batch: sampler.drawnCount)
    let draws = sampler.draws(step: step.context.step)
    var gradient = sampler.rates(forStep: step.context.step).gradient(
      draws: drawn.map { draws[places[$0]] }, slotGradients: slopes)
    try step.sum(&gradient)
    sampler.learn(gradient: gradient, rate: rate, fromStep: step.context.step)
  }

  func describeState(in tree: inout StateTree) {}

  /// M with its bias column, over the meta batches of all ranks.
  private func metaGradient(_ rows: DenseRows, labels: [Int32], _ step: AcceptedStep) throws -> DenseRows {
    let weights = DenseRows(count: head.classes, width: head.features, values: try head.weights(student.parameters))
    let biases = try head.biases(student.parameters)
    var scores = rows.products(with: weights)
    for row in 0..<scores.count { for k in 0..<scores.width { scores[row, k] += biases[k] } }
    let errors = scores.crossEntropyGradient(labels, divisor: Float(sampler.metaCount))
    var sums = errors.collecting(rows.withOnes).values.map { Double($0) }
    if !head.hasBias { for k in 0..<head.classes { sums[k * (head.features + 1) + head.features] = 0 } }
    try step.sum(&sums)
    return DenseRows(count: head.classes, width: head.features + 1, values: sums.map { Float($0) })
  }
}
