import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Tensors

extension Trainer {
  /// Steps of a whole run.
  /// - Throws: `LongtailError` when there is nothing to train on.
  package static func totalSteps(of experiment: Experiment) throws -> Int { try schedule(of: experiment).totalSteps }

  /// Where epochs, evaluations and the end of a whole run lie.
  /// - Throws: `LongtailError` when there is nothing to train on.
  package static func schedule(of experiment: Experiment) throws -> RunSchedule {
    let training = experiment.configuration.training
    let division = try BatchDivision(
      sampleCount: experiment.epochLength, globalBatch: training.globalBatch, dropLast: training.dropLast, ranks: 1)
    return RunSchedule(
      stepsPerEpoch: division.stepsPerEpoch, totalSteps: totalSteps(training, stepsPerEpoch: division.stepsPerEpoch),
      evaluationEvery: experiment.configuration.evaluation.every)
  }

  static func totalSteps(_ training: Configuration.Training, stepsPerEpoch: Int) -> Int {
    min(training.epochs * stepsPerEpoch, training.steps ?? Int.max)
  }

  /// Whether the newest valid checkpoint is that of the run's last step. No network is made to find out. Collective.
  /// - Throws: `LongtailError` as a resumed run: when no checkpoint is valid, or the configuration differs where it must not.
  package static func isFinished(_ experiment: Experiment, checkpoints: String, communicator: any Communicator) throws -> Bool {
    try isFinished(experiment, checkpoints: checkpoints, communicator: communicator, pausingAfter: nil)
  }

  /// The same for a run that pauses.
  /// - Parameter share: of the whole run's epochs, behind which the pause is made; nil for the end.
  package static func isFinished(
    _ experiment: Experiment, checkpoints: String, communicator: any Communicator, pausingAfter share: Double?
  ) throws -> Bool {
    var flag = [0.0]
    if communicator.isRoot, let contents = try findCheckpoint(checkpoints, .auto, experiment.configuration).contents {
      let isOver = try EarlyStopping.isOver(contents.run.earlyStopping, experiment)
      let schedule = try schedule(of: experiment)
      let wanted = share.map { schedule.pauseStep(atShare: $0) } ?? schedule.totalSteps
      flag[0] = isOver || contents.run.globalStep >= wanted ? 1 : 0
    }
    try communicator.maximum(&flag)
    return flag[0] > 0
  }
}

extension Trainer {
  /// What was found to go on from: the contents on rank zero, the fact on all ranks.
  struct Found {
    var contents: CheckpointContents?
    var isResumed = false
    var notes: [String] = []
  }

  /// Rank zero looks for the newest valid checkpoint and tells the others whether there is one. Collective.
  /// - Throws: `LongtailError` when the policy cannot be kept, or the configuration differs where it must not.
  static func findCheckpoint(
    _ directory: String?, _ policy: ResumePolicy?, _ configuration: Configuration, _ communicator: any Communicator
  ) throws -> Found {
    var found = Found()
    if communicator.isRoot, let policy { found = try findCheckpoint(directory, policy, configuration) }
    var flag = [found.isResumed ? 1.0 : 0.0]
    try communicator.maximum(&flag)
    found.isResumed = flag[0] > 0
    return found
  }

  private static func findCheckpoint(_ directory: String?, _ policy: ResumePolicy, _ configuration: Configuration) throws -> Found {
    var found = Found()
    guard let directory, FileManager.default.fileExists(atPath: directory) else {
      if policy == .required {
        throw LongtailError(
          .missingInput, "there is no checkpoint to go on from in \(directory ?? "this run")", advice: "Use --resume auto to begin anew.")
      }
      return found
    }
    let store = CheckpointStore(directory: directory)
    let selection = try store.latestValid()
    found.notes = selection.rejected.map { "rejected checkpoint \($0)" }
    guard let newest = selection.newest else {
      if !selection.rejected.isEmpty || policy == .required {
        throw LongtailError(
          .missingInput,
          "no checkpoint in \(directory) is valid\(found.notes.isEmpty ? "" : ":\n  " + found.notes.joined(separator: "\n  "))",
          advice: "Choose another --output to begin anew, or restore a checkpoint from a copy.")
      }
      return found
    }
    guard policy != .never else {
      throw LongtailError(
        .usage, "\(directory) holds checkpoints of a run that reached step \(newest.step)",
        advice: "Go on with --resume auto, choose another --output, or pass --overwrite.")
    }
    let contents = try store.load(newest)
    let earlier = try Configuration(yaml: contents.run.configurationText, name: configuration.name)
    let differences = try configuration.checkResumable(from: earlier)
    let age = Date().timeIntervalSince1970 - contents.run.savedAt
    found.notes.append(
      "resuming from \(newest.path), step \(newest.step), saved \(Int(max(0, age))) s ago on \(contents.run.worldSize) ranks")
    found.notes += differences.map { "changed since: \($0)" }
    found.contents = contents.withoutEpilogue
    found.isResumed = true
    return found
  }
}
