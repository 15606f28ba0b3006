import Foundation
import Tensors
import TestSupport
import Testing

@testable import Objectives

@Suite(
  "Golden values of losses for recognition", .enabled(if: DenseGolden.isThere, "the folder shared with golden values is not there"),
  .computePool)
struct RecognitionGoldenTests {
  private func batch(_ logits: DenseRows, _ labels: [Int32]) -> Batch {
    Batch(images: logits.count, rows: 1, classes: logits.width, logits: logits.values, labels: labels, samples: Array(0..<logits.count))
  }

  private func make(_ name: String, _ settings: [String: SettingValue] = [:], counts: [Double]) throws -> any Objective {
    let counts = counts.map { Int64($0) }
    return try ObjectiveRegistry.make(
      name, settings: settings,
      context: ObjectiveContext(classes: counts.count, pixelCounts: counts, imageCounts: counts, images: counts.reduce(0, +)))
  }

  @Test func balancedSoftmaxAndLogitAdjustment() throws {
    let golden = try DenseGolden("balanced_softmax")
    let rows = batch(try golden.rows("inputs/logits"), try golden.labels("inputs/labels"))
    let counts = try golden.numbers("inputs/counts")
    // Ranks of three rows and of one: the mean is that of the global batch.
    let objectives = try (0..<2).map { _ in try make("balancedSoftmax", counts: counts) }
    let outcome = try step(objectives, [rows[0..<3], rows[3..<4]])
    #expect(try agree([outcome.result.loss], [golden.number("outputs/mean")]))
    #expect(try relativeError(outcome.gradient, golden.rows("outputs/grad_of_mean").values.map(Double.init)) < 2e-5)

    let adjusted = try DenseGolden("logit_adjustment")
    let other = try step(
      [make("logitAdjustment", ["temperature": .double(adjusted.number("inputs/tau"))], counts: adjusted.numbers("inputs/counts"))],
      [batch(try adjusted.rows("inputs/logits"), try adjusted.labels("inputs/labels"))])
    #expect(try relativeError(other.gradient, adjusted.rows("outputs/grad_of_mean").values.map(Double.init)) < 2e-5)
  }

  @Test func mixedLabels() throws {
    let golden = try DenseGolden("mixup")
    let labels = try golden.labels("inputs/labels")
    let permutation = try golden.integers("inputs/permutation")
    var rows = batch(try golden.rows("inputs/logits_of_mixed"), labels)
    rows.seconds = permutation.map { labels[$0] }
    rows.shares = [Float](repeating: Float(1 - (try golden.number("inputs/lambda"))), count: 3)
    for (name, losses, gradient) in [
      ("crossEntropy", "row_losses_ce", "grad_ce"), ("balancedSoftmax", "row_losses_balanced_softmax", "grad_balanced_softmax"),
    ] {
      let outcome = try step([make(name, counts: golden.numbers("inputs/counts"))], [rows])
      #expect(try agree([outcome.result.loss], [golden.numbers("outputs/\(losses)").reduce(0, +) / 3]), "\(name)")
      #expect(try relativeError(outcome.gradient, golden.rows("outputs/\(gradient)").values.map(Double.init)) < 2e-5, "\(name)")
    }
  }

  @Test func marginsOnACosineHeadBeforeAndAfterReweighting() throws {
    let golden = try DenseGolden("ldam_drw")
    let columns = try golden.rows("inputs/weights_d_by_C")
    var weights = DenseRows(count: columns.width, width: columns.count)
    for row in 0..<columns.count { for k in 0..<columns.width { weights[k, row] = columns[row, k] } }
    let labels = try golden.labels("inputs/labels")
    // The loss multiplies by its scale itself.
    let classifier = NormalizedClassifier(.cosine, scale: 1)
    let forward = classifier.forward(try golden.rows("inputs/features"), weights: weights)
    #expect(try agree(forward.logits, golden.rows("outputs/cosines")))
    let settings: [String: SettingValue] = ["reweighting": "deferred", "fromEpoch": 5, "beta": .double(try golden.number("inputs/beta"))]
    for (epoch, name) in [(4, "before_drw"), (5, "after_drw")] {
      let objective = try make("ldam", settings, counts: golden.numbers("inputs/counts"))
      let outcome = try step([objective], [batch(forward.logits, labels)], epoch: epoch)
      #expect(try agree([outcome.result.loss], [golden.number("outputs/\(name)/loss")], 1e-4), "\(name)")
      let gradient = DenseRows(count: 3, width: 3, values: outcome.gradient)
      let gradients = classifier.backward(gradient, forward)
      #expect(try agree(gradients.features, golden.rows("outputs/\(name)/grad_features"), 1e-4), "\(name)")
      let expected = try golden.rows("outputs/\(name)/grad_weights_d_by_C")
      for k in 0..<weights.count {
        #expect(
          agree((0..<columns.count).map { Double(gradients.weights[k, $0]) }, (0..<columns.count).map { Double(expected[$0, k]) }, 2e-4))
      }
    }
  }
}
