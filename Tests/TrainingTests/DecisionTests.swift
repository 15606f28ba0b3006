import BuiltInTasks
import Collectives
import Configuration
import Foundation
import Images
import Networks
import Objectives
import Segmentation
import Tasks
import TestSupport
import Testing

@testable import Training

/// How classes are chosen, in evaluation and in prediction alike.
@Suite(.computePool) struct DecisionTests {
  init() throws { try BuiltInParts.register() }

  private struct Judged {
    let experiment: Experiment
    let statistics: ClassStatistics
    let network: Network
    let objective: any Objective

    func report(companions: [InferenceNetwork] = []) throws -> EvaluationReport {
      try Evaluator(experiment, groups: statistics.groups, communicator: SingleProcess(), companions: companions)
        .evaluate(network, objective: objective, step: 0, epoch: 0)
    }

    var inference: InferenceNetwork { experiment.inference(network, offsets: objective.predictionOffsets) }

    var predictor: Predictor {
      let evaluation = experiment.configuration.evaluation
      return Predictor(inference, views: evaluation.views, decision: evaluation.decision)
    }
  }

  /// The mean score of each class over an image.
  private func means(_ experiment: Experiment, _ network: Network) throws -> [Double] {
    let inference = experiment.inference(network)
    let image = try experiment.task.figure(experiment.evaluationSplit, index: 0, inference).input
    let rows = try inference.forward(inference.pipeline.prepared(image)).plan.logits()
    return rows.buffer.withFloats { floats in
      (0..<rows.classes).map { k in
        (0..<rows.rowsPerImage).reduce(0.0) { $0 + Double(floats[rows.index(image: 0, row: $1, class: k)]) } / Double(rows.rowsPerImage)
      }
    }
  }

  /// A network with random weights, on images whose size its stride does not divide.
  /// - Parameter isLevel: whether scores are shifted so that no class is ahead everywhere, as one is with random weights.
  private func judged(_ overrides: [String], isLevel: Bool = true, _ body: (Judged) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      let path = try TinyExperiment.camVid(in: directory)
      let configuration = try Configuration(yaml: String(contentsOfFile: path, encoding: .utf8), overrides: overrides)
      let experiment = try Experiment(configuration)
      let size = experiment.paddedEvaluationSize
      let network = try Network(
        graph: experiment.graph, images: 1, height: size.height, width: size.width, seed: 3,
        options: PlanOptions(algorithms: .fixed(.direct)))
      let statistics = try ClassStatistics.collect(experiment, communicator: SingleProcess(), record: nil, threads: 1)
      var objective = try statistics.objective(configuration)
      if isLevel {
        // As if classes were as frequent as their mean scores say.
        let counts = try means(experiment, network).map { exp($0) * 1e9 }
        objective = ShiftedPredictions(objective, pixelCounts: counts, strength: 1)
      }
      try body(Judged(experiment: experiment, statistics: statistics, network: network, objective: objective))
    }
  }

  /// The classes of a prediction of every image, counted by hand.
  private func counts(_ judged: Judged) throws -> [Int] {
    let split = judged.experiment.evaluationSplit
    var counts = [Int](repeating: 0, count: judged.experiment.classNames.count)
    for index in 0..<judged.experiment.dataset.count(of: split) {
      guard case .labels(let truth) = try judged.experiment.task.figure(split, index: index, judged.inference).truth else { continue }
      let image = try judged.experiment.task.figure(split, index: index, judged.inference).input
      let predicted = try judged.predictor.predict(image)
      for (label, own) in zip(truth.labels, predicted.labels) where label != LabelImage.ignored { counts[Int(own)] += 1 }
    }
    return counts
  }

  @Test(arguments: ["argmax", "rank"], ["network", "label"])
  func batchesAreDecidedAsSingleImagesAre(decision: String, resolution: String) throws {
    let settings = ["evaluation.decision=\(decision)", "evaluation.resolution=\(resolution)", "evaluation.rankScore=dice"]
    try judged(settings) { judged in
      #expect(!judged.experiment.task.judgesSingleImages(ofSize: judged.experiment.evaluationSize))
      let report = try judged.report()
      let expected = try counts(judged)
      #expect(expected.count { $0 > 0 } > 3, "classes that are predicted")
      // Probabilities of batches and of single images may differ in their last bits.
      for (own, count) in zip(report.evaluation.classes, expected) { #expect(abs(own.predictedCount - count) <= 2) }
      #expect(report.evaluation.figures.map(\.title) == ["Calibration", "Calibration of classes"])
    }
  }

  @Test func rankIsAnotherDecisionThanTheLargestScore() throws {
    var largest: [Int] = []
    try judged([]) { largest = try $0.report().evaluation.classes.map(\.predictedCount) }
    try judged(["evaluation.decision=rank"]) { judged in
      let ranked = try judged.report().evaluation.classes.map(\.predictedCount)
      #expect(ranked != largest)
    }
    // A temperature changes no largest score.
    try judged(["evaluation.temperature=3"]) { judged in
      let tempered = try judged.report().evaluation.classes.map(\.predictedCount)
      #expect(tempered == largest)
    }
  }

  @Test func aShiftTakesThePlaceOfTheObjectivesOwn() throws {
    let own = ["objective.name=logitAdjustment", "objective.settings={form: postHoc, temperature: 2}"]
    try judged(own + ["evaluation.decision=shift", "evaluation.shiftStrength=0.5"], isLevel: false) { judged in
      let counts = judged.statistics.pixelCounts.map { Double(max(1, $0)) }
      let total = counts.reduce(0, +)
      let offsets = try #require(judged.objective.predictionOffsets)
      #expect(zip(offsets, counts).allSatisfy { abs($0 + 0.5 * log($1 / total)) < 1e-12 })
    }
    var reports: [[Int]] = []
    for strength in ["0", "10", "-10"] {
      try judged(["evaluation.decision=shift", "evaluation.shiftStrength=\(strength)"], isLevel: false) {
        reports.append(try $0.report().evaluation.classes.map(\.predictedCount))
      }
    }
    try judged([], isLevel: false) { judged in
      let plain = try judged.report().evaluation.classes.map(\.predictedCount)
      #expect(reports[0] == plain)
      // So strong a shift leaves the rarest class alone, or the most frequent one.
      let counts = judged.statistics.pixelCounts
      #expect(reports[1].enumerated().allSatisfy { $1 == 0 || counts[$0] == counts.min() })
      #expect(reports[2].enumerated().allSatisfy { $1 == 0 || counts[$0] == counts.max() })
    }
  }

  @Test func aNetworkAveragedWithItselfIsItself() throws {
    try judged([]) { judged in
      var network = judged.inference
      let image = try judged.experiment.task.figure(judged.experiment.evaluationSplit, index: 0, network).input
      let one = try MultiViewInference(network, views: .init()).probabilities(of: image)
      network.companions = [judged.inference, judged.inference]
      let three = try MultiViewInference(network, views: .init()).probabilities(of: image)
      #expect(zip(one.values, three.values).allSatisfy { abs($0 - $1) < 1e-6 })
      let (alone, together) = (try judged.report(), try judged.report(companions: [judged.inference]))
      #expect(together.loss == nil, "the loss of an average is not taken")
      for (a, b) in zip(alone.evaluation.classes, together.evaluation.classes) { #expect(abs(a.predictedCount - b.predictedCount) <= 2) }
      // Images that are judged one by one tell how sure the network is of each class, as batches do.
      #expect(alone.confidencePerClass.contains { $0 != nil })
      #expect(alone.confidencePerClass.count == together.confidencePerClass.count)
      for (a, b) in zip(alone.confidencePerClass, together.confidencePerClass) {
        #expect((a == nil) == (b == nil) && abs((a ?? 0) - (b ?? 0)) < 1e-5)
      }
    }
  }

  @Test func temperaturesAreFittedOnAnotherSplit() throws {
    try judged([]) { judged in
      let evaluator = Evaluator(judged.experiment, groups: judged.statistics.groups, communicator: SingleProcess(), split: .train)
      let fitted = try #require(try evaluator.temperature(judged.network, objective: judged.objective))
      #expect(fitted >= 0.125 && fitted <= 8)
    }
  }
}
