import Foundation
import TestSupport
import Testing

/// Micro-batches change nothing about a step but what batch norm sees, which is a micro-batch at a time.
@Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH: nothing here was tested"))
struct AccumulationTests {
  private static let objectives = [
    "pat": "objective.name=pat",
    "features": "objective.settings.statistic=features",
    "crossEntropy": "objective.name=crossEntropy",
  ]

  /// Batch norm of each rank's own images on two ranks sees what it sees in two micro-batches of one: the one is the other, to rounding.
  /// Sums, class statistics and homogenization of the whole batch are then all that could differ.
  @Test func microBatchesAreWhatRanksAre() throws {
    try withTemporaryDirectory { directory in
      let configuration = try TinyExperiment.folder(in: directory)
      for (name, objective) in Self.objectives {
        for (batch, parts) in [(8, 2), (5, 2), (7, 3)] {
          let common = "step;\(objective);training.globalBatch=\(batch);model.batchNorm=local"
          let place = "\(directory)/\(name)-\(batch)"
          let alone = try run(configuration, "\(place)/micro", "\(common);training.accumulate=\(parts)", ranks: nil)
          let together = try run(configuration, "\(place)/ranks", common, ranks: parts, checkpoints: "\(place)/micro/checkpoints")
          let comparison = try Comparison(alone, together)
          #expect(comparison.error("step.loss") < 1e-5, "\(place)")
          #expect(comparison.error("step.gradientNormPerClass") < 1e-5, "\(place)")
          #expect(comparison.error("step.scalePerClass") < 1e-5, "\(place)")
          #expect(comparison.gradientError < 1e-4, "\(place): \(comparison.gradientError)")
        }
      }
    }
  }

  /// With synchronized batch norm a micro-batch is the same images on any number of ranks, and so is the step, running statistics included.
  @Test(arguments: [2, 4]) func microBatchesDoNotDependOnTheRanks(ranks: Int) throws {
    try withTemporaryDirectory { directory in
      let configuration = try TinyExperiment.folder(in: directory)
      for (name, text) in [
        ("even", "training.globalBatch=8;training.accumulate=2"), ("uneven", "training.globalBatch=7;training.accumulate=3"),
      ] {
        let alone = try run(configuration, "\(directory)/\(name)/alone", "step;\(text)", ranks: nil)
        let together = try run(
          configuration, "\(directory)/\(name)/\(ranks)", "step;\(text)", ranks: ranks,
          checkpoints: "\(directory)/\(name)/alone/checkpoints")
        try Comparison(alone, together).expectEqual("\(name) on \(ranks) ranks", freeSteps: 3)
      }
    }
  }

  /// What batch norm sees does matter: the test above would notice if micro-batches were not what they are said to be.
  @Test func batchNormSeesMicroBatches() throws {
    try withTemporaryDirectory { directory in
      let configuration = try TinyExperiment.scenes(in: directory)
      let whole = try run(configuration, "\(directory)/whole", "step;training.globalBatch=8", ranks: nil)
      let parts = try run(
        configuration, "\(directory)/parts", "step;training.globalBatch=8;training.accumulate=4", ranks: nil,
        checkpoints: "\(directory)/whole/checkpoints")
      let comparison = try Comparison(whole, parts)
      #expect(comparison.error("step.loss") > 1e-4)
      #expect(comparison.gradientError > 1e-3)
    }
  }

  @Test func moreMicroBatchesThanImagesAreRefused() throws {
    try withTemporaryDirectory { directory in
      let configuration = try TinyExperiment.scenes(in: directory)
      let outcome = try Program.run(
        "longtail", ["train", configuration, "--output", "\(directory)/run", "--set", "training.accumulate=9"])
      #expect(outcome.exitCode == 64, "\(outcome)")
      #expect(outcome.errors.contains("accumulate"), "\(outcome)")
    }
  }

  /// Runs one case of `TrainingProbe` whose name is `step`.
  /// - Parameter checkpoints: made by another run; made here when not given.
  /// - Returns: the file with what it found.
  private func run(
    _ configuration: String, _ output: String, _ text: String, ranks: Int?, checkpoints: String? = nil
  ) throws -> String {
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    let outcome = try Program.run(
      "TrainingProbe", [configuration, checkpoints ?? "\(output)/checkpoints", output, "3", text], ranks: ranks)
    try #require(outcome.exitCode == 0, "\(output): \(outcome)")
    return "\(output)/step.safetensors"
  }
}
