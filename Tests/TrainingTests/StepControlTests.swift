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

/// Steps that are left out, in one process: what they may not touch, and what they report.
@Suite(.computePool) struct StepControlTests {
  init() throws { try BuiltInParts.register() }

  /// A learner with its batches.
  private struct Run {
    let experiment: Experiment
    let learner: Learner
    private let loader: BatchLoader

    init(_ directory: String, _ overrides: [String]) throws {
      experiment = try Experiment(
        try Configuration.load(TinyExperiment.folder(in: directory, validation: 2), overrides: overrides))
      let communicator = SingleProcess()
      let statistics = try ClassStatistics.collect(experiment, communicator: communicator, record: nil, threads: 1)
      let division = try BatchDivision(sampleCount: 12, globalBatch: 4, dropLast: true, ranks: 1)
      learner = try Learner(
        experiment, statistics: statistics, communicator: communicator, totalSteps: 100, stepsPerEpoch: 3, division: division)
      let size = experiment.paddedSize
      loader = try BatchLoader(
        source: .init(
          dataset: experiment.dataset, split: .train, pipeline: experiment.trainingPipeline, order: SampleOrder(seed: 0, count: 12),
          division: division, rank: 0, height: size.height, width: size.width))
    }

    /// The next batch, damaged if wanted; given back afterwards.
    func attempt(_ damage: (Batch) -> Void = { _ in }) throws -> StepReport {
      let batch = try #require(try loader.next())
      defer { loader.recycle(batch) }
      damage(batch)
      return try learner.takeStep(batch)
    }

    func state() throws -> CheckpointContents { try #require(try learner.checkpoint(RunRecord(experiment))) }

    func stop() { loader.stop() }
  }

  private static let objectives = [
    "objective={name: pat, settings: {exponent: 1, homogenization: rootMeanSquare}}",
    "objective={name: pat, settings: {exponent: 1, homogenization: rotograd, burnIn: 2}}",
    "objective={name: eqlv2}", "objective={name: seesaw}", "objective={name: crossEntropy}",
  ]

  /// Parameters, running statistics, moments, the objective's state: as before, bit by bit.
  @Test(arguments: objectives) func whatIsNotFiniteChangesNothing(objective: String) throws {
    try withTemporaryDirectory { directory in
      let run = try Run(directory, [objective])
      defer { run.stop() }
      for _ in 0..<3 { #expect(try !run.attempt().isSkipped) }
      let before = try run.state()
      let report = try run.attempt { batch in batch.images.withFloats { $0[3 * 64 * 48 + 7] = .infinity } }
      #expect(report.isSkipped && report.step == 4 && report.loss.isNaN && report.gradientNorm.isNaN)
      let found = try #require(report.nonFinite)
      #expect(found.step == 4 && found.quantity == .loss && found.ranks == [0] && found.tensor == "input")
      #expect(found.samples.count == 1, "only the second picture is broken")
      #expect(found.pixelsPerClass.count == 4 && found.pixelsPerClass.reduce(0, +) + found.ignoredPixels == 4 * 64 * 48)
      let after = try run.state()
      #expect(after.model == before.model && after.optimizer == before.optimizer && after.state == before.state)
      #expect(after.run.counters == ["nonFiniteInARow": 1, "nonFiniteTotal": 1, "spikes": 0])
      #expect(run.learner.stepCount == 3)
      // A good step follows as if nothing had been.
      let next = try run.attempt()
      #expect(!next.isSkipped && next.loss.isFinite && run.learner.stepCount == 4)
      #expect(try run.state().run.counters["nonFiniteInARow"] == 0)
    }
  }

  /// The first layer behind which numbers are not finite, and the parameter that is to blame.
  @Test func theFirstTensorIsNamed() throws {
    try withTemporaryDirectory { directory in
      let run = try Run(directory, ["objective={name: crossEntropy}"])
      defer { run.stop() }
      let learner = run.learner
      // Finite parameters whose products are not.
      let regions = learner.network.parameterRegions
      let place = try #require(regions.firstIndex { $0.name == "down.1.0.weight" || $0.range.count > 1000 })
      let saved = learner.network.parameters.withFloats { Array($0[regions[place].range]) }
      learner.network.parameters.withFloats { floats in for i in regions[place].range { floats[i] *= 3e38 } }
      let layer = regions[place].name.split(separator: ".").dropLast().joined(separator: ".")
      #expect(try run.attempt().nonFinite?.tensor == "output of layer \(layer)")
      learner.network.parameters.withFloats { floats in for (i, value) in zip(regions[place].range, saved) { floats[i] = value } }
      learner.network.parameters.withFloats { $0[regions[2].range.lowerBound] = .nan }
      #expect(try run.attempt().nonFinite?.tensor == "parameter \(regions[2].name)")
      let error = longtailError { _ = try run.learner.step(try damagedBatch(run)) }
      #expect(error?.code == .notFinite && error?.message.contains("parameter \(regions[2].name)") == true)
    }
  }

  private func damagedBatch(_ run: Run) throws -> Batch {
    let size = run.experiment.paddedSize
    let batch = Batch(noiseCapacity: 2, height: size.height, width: size.width)
    try batch.fillWithNoise(samples: 0..<2, step: 0, classes: 4, ignoredShare: 0, seed: 1)
    return batch
  }

  /// With `spikes: skip` a step is left out but counted; with `warn` it is done; with `ignore` nothing is looked for.
  @Test(arguments: ["skip", "warn", "ignore"]) func spikes(policy: String) throws {
    try withTemporaryDirectory { directory in
      let run = try Run(directory, ["objective={name: crossEntropy}", "training.spikes=\(policy)"])
      defer { run.stop() }
      let learner = run.learner
      _ = try run.attempt()
      var history = StepHistory()
      history.losses = (0..<128).map { 0.1 + 0.001 * Double($0 % 7) }
      history.gradientNorms = (0..<128).map { 1000 + Double($0 % 5) }
      learner.watch.history = history
      let before = try run.state()
      let report = try run.attempt()
      #expect(learner.stepCount == 2, "it counts all the same")
      #expect(report.spikes.map(\.quantity) == (policy == "ignore" ? [] : [.loss]), "the norm lies below, which is not a spike")
      #expect(report.isSkipped == (policy == "skip"))
      #expect((try run.state().model == before.model) == (policy == "skip"))
      #expect(learner.watch.history.spikeTotal == (policy == "ignore" ? 0 : 1))
      if policy != "ignore" {
        #expect(learner.watch.history.losses.count == 128 && learner.watch.history.losses.last == report.loss)
        // Windows are part of checkpoints.
        let copy = try Run(directory, ["objective={name: crossEntropy}", "training.spikes=\(policy)"])
        defer { copy.stop() }
        try copy.learner.restore(run.state())
        #expect(copy.learner.watch.history == learner.watch.history)
      }
    }
  }

  @Test func scoresAreThoseOfTheWindow() {
    var window = OutlierWindow()
    for i in 0..<127 {
      #expect(window.score(of: 5) == nil, "\(i) values are too few")
      window.add(Double(i % 2))
    }
    window.add(1)
    window.add(.nan)
    // 64 zeros and 64 ones: mean and standard deviation are one half.
    #expect(window.score(of: 5) == 9)
    #expect(window.score(of: 0) == -1)
    for _ in 0..<128 { window.add(3) }
    #expect(window.score(of: 5) == nil, "nothing can be told from values that are all equal")
    #expect(window.values.count == 128)
  }
}
