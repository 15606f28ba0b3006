import BuiltInTasks
import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Networks
import Tensors
import TestSupport
import Testing
import Training

/// Networks of which a part is trained: the same numbers for that part, and no cost for the rest.
@Suite(.computePool) struct FrozenPartTests {
  init() throws { try BuiltInParts.register() }

  /// A learner that is fed with noise, which is a function of the step.
  private struct Run {
    let experiment: Experiment
    let learner: Learner
    private let batch: Batch

    init(_ directory: String, _ overrides: [String]) throws {
      let common = [
        "model={name: fcn-resnet18, settings: {dropout: 0, auxiliaryWeight: 0}}", "objective={name: crossEntropy}",
        "data.size={width: 48, height: 40}", "optimizer={name: sgd, learningRate: 0.25, momentum: 0.9}", "schedule.name=constant",
      ]
      experiment = try Experiment(try Configuration.load(TinyExperiment.folder(in: directory), overrides: common + overrides))
      let communicator = SingleProcess()
      let statistics = try ClassStatistics.collect(experiment, communicator: communicator, record: nil, threads: 1)
      learner = try Learner(experiment, statistics: statistics, communicator: communicator, totalSteps: 100, stepsPerEpoch: 3)
      let size = experiment.paddedSize
      batch = Batch(noiseCapacity: 4, height: size.height, width: size.width)
    }

    func filled() throws -> Batch {
      try batch.fillWithNoise(samples: 0..<4, step: learner.stepCount, classes: 4, ignoredShare: 0.1, seed: 3)
      return batch
    }

    @discardableResult func step() throws -> StepReport { try learner.step(filled()) }

    func state() throws -> CheckpointContents { try #require(try learner.checkpoint(RunRecord(experiment))) }

    /// Parameters and running statistics.
    func numbers() throws -> [String: [Float]] {
      let tensors = try learner.network.canonicalTensors(of: learner.network.parameters) + learner.network.runningStatistics
      return Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.values) })
    }

    func gradients() throws -> [String: [Float]] {
      let network = learner.network
      return Dictionary(uniqueKeysWithValues: try network.trainedTensors.map { ($0.name, try $0.read(network.gradients)) })
    }
  }

  private static let head = "model.trained=[classifier.*]"

  @Test func trainedPartIsTheSameToTheBit() throws {
    try withTemporaryDirectory { directory in
      let (whole, part) = (try Run(directory, []), try Run(directory, [Self.head]))
      let before = try part.numbers()
      #expect(try whole.numbers() == before)
      let losses = try (whole.learner.gradients(whole.filled()).loss, part.learner.gradients(part.filled()).loss)
      #expect(losses.0 == losses.1)
      let (all, own) = (try whole.gradients(), try part.gradients())
      #expect(own.keys.allSatisfy { $0.hasPrefix("classifier.") } && own.count == 5)
      for (name, values) in own {
        let isMoving = values.contains { $0 != 0 }
        #expect(values == all[name] && isMoving, "\(name)")
      }
      try part.step()
      for (name, values) in try part.numbers() {
        let isStatistic = name.contains("running_")
        let isMoved = values != before[name]
        #expect(isMoved == (isStatistic || name.hasPrefix("classifier.")), "\(name)")
      }
    }
  }

  @Test func theRestCostsNoBackwardPass() throws {
    try withTemporaryDirectory { directory in
      // Large enough that activations take more than what kernels need besides.
      let size = ["data.size={width: 192, height: 160}"]
      let (whole, part) = (try Run(directory, size), try Run(directory, size + [Self.head]))
      let report = part.learner.network.report
      let backward = report.kernels.filter { $0.pass != .forward }
      #expect(!backward.isEmpty && backward.allSatisfy { $0.layer.hasPrefix("classifier.") })
      let arenas = (whole.learner.network.arenaByteCount, part.learner.network.arenaByteCount)
      #expect(2 * arenas.1 < arenas.0, "\(arenas)")
      let count = part.learner.network.gradients.floatCount
      #expect(count == part.learner.network.trainedSpan.count && 8 * count < whole.learner.network.gradients.floatCount)
      #expect(part.learner.optimizer.parameterCount == count)
      let saved = try part.state()
      let kept = saved.optimizer.map(\.name)
      #expect(kept.count == 5 && kept.allSatisfy { $0.hasPrefix("momentum.classifier.") })
      let all = try whole.state().model
      #expect(saved.model == all)
    }
  }

  /// Something in the middle, frozen on both sides, with an average, in micro-batches: resumed to the bit.
  @Test(arguments: [
    ["training.accumulate=2"], ["training.exponentialMovingAverage.decay=0.75"], ["optimizer={name: adamw, weightDecay: 0.1}"],
  ])
  func isResumedExactly(settings: [String]) throws {
    try withTemporaryDirectory { directory in
      let all = settings + ["model.trained=[backbone.layer2.*, classifier.4.*]", "model.batchNorm=frozen"]
      let whole = try Run(directory, all)
      let before = try whole.numbers()
      for _ in 0..<2 { try whole.step() }
      let saved = try whole.state()
      for _ in 0..<2 { try whole.step() }
      let resumed = try Run(directory, all)
      try resumed.learner.restore(saved)
      for _ in 0..<2 { try resumed.step() }
      #expect(try resumed.state().digest() == whole.state().digest())
      for (name, values) in try whole.numbers() where !name.contains("running_") {
        let isNorm = name.contains(".bn") || name.contains("downsample.1")
        let isTrained = name.hasPrefix("classifier.4.") || (name.hasPrefix("backbone.layer2.") && !isNorm)
        #expect((values != before[name]) == isTrained, "\(name)")
      }
    }
  }

  @Test func patternsAreChecked() throws {
    try withTemporaryDirectory { directory in
      let error = #expect(throws: LongtailError.self) { try Run(directory, ["model.trained=[classifer.*]"]) }
      #expect(error?.code == .usage && error?.message.contains("classifer.*") == true && error?.advice?.contains("classifier") == true)
      let frozen = #expect(throws: LongtailError.self) {
        try Run(directory, ["model.trained=[backbone.bn1.*]", "model.batchNorm=frozen"])
      }
      #expect(frozen?.code == .usage && frozen?.message.contains("trained") == true)
    }
    for (pattern, name, matches) in [
      ("fc.weight", "fc.weight", true), ("fc.*", "fc.bias", true), ("*.bias", "fc.bias", true),
      ("layer*.conv*.weight", "layer1.0.conv2.weight", true),
      ("fc", "fc.bias", false), ("a*a", "a", false), ("*", "anything", true), ("layer*.bn*", "layer1.conv.weight", false),
    ] { #expect(NamePattern(pattern).matches(name) == matches, "\(pattern) \(name)") }
  }
}
