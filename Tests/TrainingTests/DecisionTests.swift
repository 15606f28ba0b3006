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
@Suite struct DecisionTests {
  private struct Judged {
    let experiment: Experiment
    let statistics: ClassStatistics
    let network: Network

    func report(companions: [InferenceNetwork] = []) throws -> EvaluationReport {
      try Evaluator(experiment, groups: statistics.groups, communicator: SingleProcess(), companions: companions)
        .evaluate(network, objective: try statistics.objective(experiment.configuration), step: 0, epoch: 0)
    }

    func inference() throws -> InferenceNetwork {
      experiment.inference(network, offsets: try statistics.objective(experiment.configuration).predictionOffsets)
    }

    var predictor: Predictor {
      get throws {
        let evaluation = experiment.configuration.evaluation
        return Predictor(try inference(), views: evaluation.views, decision: evaluation.decision)
      }
    }
  }

  /// A network with random weights, on images whose size its stride does not divide.
  private func judged(_ overrides: [String], _ body: (Judged) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      let path = try TinyExperiment.camVid(in: directory)
      let configuration = try Configuration(yaml: String(contentsOfFile: path, encoding: .utf8), overrides: overrides)
      let experiment = try Experiment(configuration)
      let size = experiment.paddedEvaluationSize
      let network = try Network(
        graph: experiment.graph, images: 1, height: size.height, width: size.width, seed: 3,
        options: PlanOptions(algorithms: .fixed(.direct)))
      let statistics = try ClassStatistics.collect(experiment, communicator: SingleProcess(), record: nil, threads: 1)
      try body(Judged(experiment: experiment, statistics: statistics, network: network))
    }
  }

  /// The classes of a prediction of every image, counted by hand.
  private func counts(_ judged: Judged) throws -> [Int] {
    let split = judged.experiment.evaluationSplit
    var counts = [Int](repeating: 0, count: judged.experiment.classNames.count)
    for index in 0..<judged.experiment.dataset.count(of: split) {
      guard case .labels(let truth) = try judged.experiment.task.figure(split, index: index, try judged.inference()).truth else { continue }
      let image = try judged.experiment.task.figure(split, index: index, try judged.inference()).input
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
      #expect(report.evaluation.classes.reduce(0) { $0 + $1.count } > 0)
      // Probabilities of batches and of single images may differ in their last bits.
      for (own, count) in zip(report.evaluation.classes, expected) { #expect(abs(own.predictedCount - count) <= 2) }
      #expect(report.evaluation.figures.map(\.title) == ["Calibration", "Calibration of classes"])
    }
  }

  @Test func rankIsAnotherDecisionThanTheLargestScore() throws {
    var largest: [Int] = []
    try judged([]) { largest = try $0.report().evaluation.classes.map(\.predictedCount) }
    try judged(["evaluation.decision=rank"]) { #expect(try $0.report().evaluation.classes.map(\.predictedCount) != largest) }
    // A temperature changes no largest score.
    try judged(["evaluation.temperature=3"]) { #expect(try $0.report().evaluation.classes.map(\.predictedCount) == largest) }
  }

  @Test func aShiftTakesThePlaceOfTheObjectivesOwn() throws {
    let own = ["objective.name=logitAdjustment", "objective.settings={form: postHoc, temperature: 2}"]
    try judged(own + ["evaluation.decision=shift", "evaluation.shiftStrength=0.5"]) { judged in
      let counts = judged.statistics.pixelCounts.map { Double(max(1, $0)) }
      let total = counts.reduce(0, +)
      let offsets = try #require(try judged.statistics.objective(judged.experiment.configuration).predictionOffsets)
      #expect(zip(offsets, counts).allSatisfy { abs($0 + 0.5 * log($1 / total)) < 1e-12 })
    }
    var reports: [[Int]] = []
    for settings in [["evaluation.decision=shift", "evaluation.shiftStrength=0"], [], ["evaluation.decision=shift"]] {
      try judged(settings) { reports.append(try $0.report().evaluation.classes.map(\.predictedCount)) }
    }
    #expect(reports[0] == reports[1] && reports[1] != reports[2])
  }

  @Test func aNetworkAveragedWithItselfIsItself() throws {
    try judged([]) { judged in
      var network = try judged.inference()
      let image = try judged.experiment.task.figure(judged.experiment.evaluationSplit, index: 0, network).input
      let one = try MultiViewInference(network, views: .init()).probabilities(of: image)
      network.companions = [try judged.inference(), try judged.inference()]
      let three = try MultiViewInference(network, views: .init()).probabilities(of: image)
      #expect(zip(one.values, three.values).allSatisfy { abs($0 - $1) < 1e-6 })
      let (alone, together) = (try judged.report(), try judged.report(companions: [try judged.inference()]))
      #expect(together.loss == nil, "the loss of an average is not taken")
      for (a, b) in zip(alone.evaluation.classes, together.evaluation.classes) { #expect(abs(a.predictedCount - b.predictedCount) <= 2) }
    }
  }

  @Test func temperaturesAreFittedOnAnotherSplit() throws {
    try judged([]) { judged in
      let evaluator = Evaluator(judged.experiment, groups: judged.statistics.groups, communicator: SingleProcess(), split: .train)
      let objective = try judged.statistics.objective(judged.experiment.configuration)
      let fitted = try #require(try evaluator.temperature(judged.network, objective: objective))
      #expect(fitted >= 0.125 && fitted <= 8)
    }
  }
}
