import BuiltInTasks
import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Tensors
import TestSupport
import Testing
import Training

/// Settings of fine-tuning, in one process: averages of the weights, the backbone's learning rate, frozen batch norm, auxiliary heads.
@Suite(.computePool) struct LearnerSettingsTests {
  init() throws { try BuiltInParts.register() }

  /// A learner that is fed with noise, which is a function of the step.
  private struct Run {
    let experiment: Experiment
    let learner: Learner
    private let batch: Batch

    init(_ directory: String, _ overrides: [String]) throws {
      experiment = try Experiment(try Configuration.load(TinyExperiment.folder(in: directory), overrides: overrides))
      let communicator = SingleProcess()
      let statistics = try ClassStatistics.collect(experiment, communicator: communicator, record: nil, threads: 1)
      learner = try Learner(experiment, statistics: statistics, communicator: communicator, totalSteps: 100, stepsPerEpoch: 3)
      let size = experiment.paddedSize
      batch = Batch(noiseCapacity: 4, height: size.height, width: size.width)
    }

    @discardableResult
    func step() throws -> StepReport {
      try batch.fillWithNoise(samples: 0..<4, step: learner.stepCount, classes: 4, ignoredShare: 0.1, seed: 3)
      return try learner.step(batch)
    }

    func state() throws -> CheckpointContents { try #require(try learner.checkpoint(RunRecord(experiment))) }

    /// Parameters and running statistics as they are trained.
    func numbers() throws -> [String: [Float]] {
      let tensors = try learner.network.canonicalTensors(of: learner.network.parameters) + learner.network.runningStatistics
      return Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.values) })
    }
  }

  private static let average = "training.exponentialMovingAverage.decay=0.75"
  private static let onResNet = ["model={name: fcn-resnet18}", "objective={name: crossEntropy}", "data.size={width: 48, height: 40}"]

  @Test func averageFollowsItsEquation() throws {
    try withTemporaryDirectory { directory in
      let run = try Run(directory, [Self.average])
      var expected = try run.numbers()
      for _ in 0..<4 {
        try run.step()
        let live = try run.numbers()
        for (name, values) in live {
          expected[name] = zip(expected[name] ?? [], values).map { $0 + 0.25 * ($1 - $0) }
        }
        let state = try run.state()
        for tensor in state.model {
          let values = try #require(expected[tensor.name])
          #expect(zip(tensor.values, values).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($1)) }, "\(tensor.name)")
        }
        let kept = state.optimizer.filter { $0.name.hasPrefix("live.") }
        #expect(kept.count == live.count)
        for tensor in kept { #expect(tensor.values == live[String(tensor.name.dropFirst(5))]) }
        // Taking a checkpoint leaves the network as it was.
        let after = try run.numbers()
        #expect(after == live)
      }
    }
  }

  @Test func averageIsResumedExactly() throws {
    try withTemporaryDirectory { directory in
      let whole = try Run(directory, [Self.average])
      for _ in 0..<3 { try whole.step() }
      let saved = try whole.state()
      for _ in 0..<3 { try whole.step() }
      let resumed = try Run(directory, [Self.average])
      try resumed.learner.restore(saved)
      for _ in 0..<3 { try resumed.step() }
      #expect(try resumed.state().digest() == whole.state().digest())
      // The average makes a difference to what is saved, and none to training.
      let plain = try Run(directory, [])
      for _ in 0..<6 { try plain.step() }
      let (averaged, live) = (try whole.state(), try plain.state())
      #expect(averaged.model != live.model)
      let trained = try (whole.numbers(), plain.numbers())
      #expect(trained.0 == trained.1)
      let error = #expect(throws: LongtailError.self) { try resumed.learner.restore(live) }
      #expect(error?.message.contains("average") == true)
    }
  }

  @Test func backboneLearnsAtItsOwnRate() throws {
    try withTemporaryDirectory { directory in
      func moved(_ factor: String) throws -> (backbone: [Float], head: [Float]) {
        let run = try Run(
          directory,
          Self.onResNet + [
            "optimizer={name: sgd, learningRate: 0.5}", "schedule.name=constant", "optimizer.backboneLearningRateFactor=\(factor)",
          ])
        let before = try run.numbers()
        try run.step()
        let after = try run.numbers()
        func difference(_ name: String) throws -> [Float] {
          zip(try #require(after[name]), try #require(before[name])).map { $0 - $1 }
        }
        return (try difference("backbone.layer1.0.conv1.weight"), try difference("classifier.4.weight"))
      }
      let (whole, tenth, none) = (try moved("1"), try moved("0.125"), try moved("0"))
      #expect(whole.backbone.contains { abs($0) > 1e-5 })
      #expect(zip(whole.backbone, tenth.backbone).allSatisfy { abs($0 / 8 - $1) < 1e-6 })
      #expect(none.backbone.allSatisfy { $0 == 0 })
      #expect(whole.head == tenth.head && whole.head == none.head)
      let error = #expect(throws: LongtailError.self) { try Run(directory, ["optimizer.backboneLearningRateFactor=0.1"]) }
      #expect(error?.code == .usage && error?.message.contains("backbone") == true)
    }
  }

  @Test func frozenBatchNormStays() throws {
    try withTemporaryDirectory { directory in
      let run = try Run(
        directory, Self.onResNet + ["model.batchNorm=frozen", "optimizer={name: adamw, learningRate: 0.01, weightDecay: 0.1}"])
      let before = try run.numbers()
      for _ in 0..<2 { try run.step() }
      let after = try run.numbers()
      for (name, values) in after {
        let isNorm = name.contains(".bn") || name.contains("downsample.1")
        #expect((values == before[name]) == (name.hasPrefix("backbone.") && isNorm), "\(name)")
      }
    }
  }

  /// Masks differ from seed to seed, and are the same in each run of a seed.
  @Test func dropoutFollowsTheSeed() throws {
    try withTemporaryDirectory { directory in
      let settings = Self.onResNet + ["model.settings={dropout: 0.5, auxiliaryWeight: 0}"]
      let saved = try Run(directory, settings).state()
      func loss(_ more: [String]) throws -> Double {
        let run = try Run(directory, settings + more)
        try run.learner.restore(saved)
        return try run.step().loss
      }
      let (first, again, other) = (try loss(["seed=1"]), try loss(["seed=1"]), try loss(["seed=2"]))
      #expect(first == again && first != other)
      let none = ["model.settings={dropout: 0, auxiliaryWeight: 0}"]
      let (plain, same) = (try loss(none + ["seed=1"]), try loss(none + ["seed=2"]))
      #expect(plain == same, "nothing else in a step of cross-entropy depends on the seed")
    }
  }

  /// The gradient of both outputs arrives, in one pass and in micro-batches, and is that of both losses.
  @Test func auxiliaryHeadLearns() throws {
    try withTemporaryDirectory { directory in
      let common = Self.onResNet + ["model.batchNorm=local", "schedule.name=constant", "optimizer={name: sgd, learningRate: 0.25}"]
      func moved(_ settings: [String]) throws -> (report: StepReport, change: [String: [Float]]) {
        let run = try Run(directory, common + settings)
        let before = try run.numbers()
        let report = try run.step()
        let change = try run.numbers().map { name, values in (name, zip(values, before[name] ?? []).map { $0 - $1 }) }
        return (report, Dictionary(uniqueKeysWithValues: change))
      }
      let name = "aux_classifier.4.weight"
      let usual = try moved(["model.settings={dropout: 0}"])
      let double = try moved(["model.settings={dropout: 0, auxiliaryWeight: 0.8}"])
      let parts = try moved(["model.settings={dropout: 0}", "training.accumulate=2"])
      let without = try moved(["model.settings={dropout: 0, auxiliaryWeight: 0}"])
      let loss = try #require(usual.report.auxiliaryLoss)
      #expect(loss > 0.4 && loss < 1.2, "about 0.4 log 4: \(loss)")
      #expect(abs((double.report.auxiliaryLoss ?? 0) - 2 * loss) < 1e-6)
      #expect(without.report.auxiliaryLoss == nil && without.change[name] == nil)
      let (once, twice) = (try #require(usual.change[name]), try #require(double.change[name]))
      #expect(once.contains { abs($0) > 1e-5 })
      #expect(zip(once, twice).allSatisfy { abs(2 * $0 - $1) < 1e-5 })
      #expect((parts.change[name] ?? []).contains { abs($0) > 1e-5 })
      // The main head does not depend on the other one.
      let head = "classifier.4.weight"
      #expect(usual.change[head] == double.change[head])
    }
  }
}
