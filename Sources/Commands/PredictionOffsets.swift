import Checkpoints
import Collectives
import Configuration
import Foundation
import Objectives
import Training

/// What is added to the scores of a trained network before classes are chosen.
enum PredictionOffsets {
  /// The offsets of a checkpoint, under the decision that its configuration has now.
  ///
  /// A checkpoint has them. Where another decision is asked for than the run had, or the checkpoint is an early one, they follow from the
  /// counts of classes: those in it, or those of the data set where nothing else will do.
  /// - Parameter run: the run's directory, which may hold the counts.
  /// - Throws: `LongtailError` when the counts are needed and cannot be had.
  static func offsets(
    of experiment: Experiment, _ contents: CheckpointContents, run: String, _ communicator: any Communicator
  ) throws -> [Double]? {
    let wanted = experiment.configuration
    let recorded = try Configuration(yaml: contents.run.configurationText, name: "checkpoint", overrides: [])
    if !contents.run.classColours.isEmpty, recorded.evaluation.decision.shift == wanted.evaluation.decision.shift {
      return contents.run.predictionOffsets.isEmpty ? nil : contents.run.predictionOffsets
    }
    let isOwn = wanted.objective.name == "logitAdjustment" && wanted.objective.settings["form"] != nil
    guard wanted.evaluation.decision.shift != nil || isOwn else { return nil }
    if let strength = wanted.evaluation.decision.shift, contents.run.classCounts.count == experiment.classNames.count {
      return LogitAdjustment.postHocOffsets(pixelCounts: contents.run.classCounts.map(Double.init), temperature: strength)
    }
    let record = "\(run)/label-audit.json"
    let statistics = try ClassStatistics.collect(
      try Experiment(wanted), communicator: communicator, record: FileManager.default.fileExists(atPath: record) ? record : nil,
      threads: max(1, wanted.data.loader.threads))
    return try statistics.objective(wanted).predictionOffsets
  }
}
