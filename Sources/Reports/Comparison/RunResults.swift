import Checkpoints
import Configuration
import Datasets
import Foundation
import Images
import Tasks
import Tensors

/// What a run wrote down: its configuration, its steps and its evaluations, read from its directory.
package struct RunResults: Sendable, Equatable {
  /// The directory.
  package let path: String
  /// The task, and how its scores are called.
  package let task: TaskDescription
  /// The merged configuration of the run.
  package let configuration: Configuration
  /// Every step.
  package let steps: [StepRecord]
  /// Every evaluation, the training shares of its classes included.
  package let evaluations: [EvaluationRecord]
  /// What was counted in the training split.
  package let training: TrainingCounts
  /// The classes' colours, as far as they are known; in the data set's order.
  package let colours: [RGBColour]

  /// Which algorithms its convolutions used last, and who chose them; nil where that is not on record.
  package let algorithms: AlgorithmRecord?

  /// What was counted in the training split.
  package struct TrainingCounts: Sendable, Equatable {
    /// How many there are of each class, in the task's unit.
    package var counts: [Int] = []
    /// Images that show each class.
    package var images: [Int?] = []
    /// All images, where known.
    package var imageCount: Int?
    /// What an image holds on average, in the task's unit, ignored ones included, where known.
    package var countPerImage: Double?
  }

  /// The last evaluation; nil when the run has none yet.
  package var last: EvaluationRecord? { evaluations.last }
  /// Steps done.
  package var stepCount: Int { steps.last?.step ?? 0 }
  /// The time of a step in the middle of all: pauses and slow first steps do not count.
  package var secondsPerStep: Double? { steps.map(\.seconds).median }

  /// The mean loss of each epoch, from the first. Steps that were left out do not count.
  package var lossByEpoch: [(epoch: Int, loss: Double)] {
    var sums: [Int: (sum: Double, count: Int)] = [:]
    for step in steps where step.countedLoss.isFinite {
      sums[step.epoch] = (sums[step.epoch, default: (0, 0)].sum + step.loss, sums[step.epoch, default: (0, 0)].count + 1)
    }
    return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sum / Double($0.value.count)) }
  }

  /// The shares of the squared gradient norm by class, each the mean over all evaluations of the run; nil where none was logged.
  package var gradientShares: [Double?] {
    (last?.classes ?? []).indices.map { k in
      SampleStatistics(evaluations.map { k < $0.classes.count ? $0.classes[k].gradientShare : nil }).mean
    }
  }

  /// What has to be equal in two runs whose convolutions can be expected to be computed alike: the network, and which passes it has. Runs that
  /// train other parts of it, or by another method, have other passes.
  package var passesKey: [String] {
    [configuration.model.name, "\(configuration.model.width)", configuration.method?.name ?? ""] + (configuration.model.trained ?? [])
  }

  /// Whether there is a run in a directory.
  package static func exist(at path: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/config.yaml") }

  /// Reads a run directory. Lines that a killed process left torn are passed over.
  /// - Throws: `LongtailError(.missingInput)` where there is no run, `.badData` where a file of it is not what it should be.
  package init(readingFrom path: String) throws {
    self.path = path
    guard RunResults.exist(at: path) else {
      throw LongtailError(.missingInput, "\(path): there is no run (no config.yaml in it)", advice: "Name the directory of a run.")
    }
    configuration = try Configuration.load("\(path)/config.yaml")
    steps = try RecordFile.lines("\(path)/log.jsonl")
    let classes: ClassesRecord? = try RecordFile.read("\(path)/classes.json")
    let audit: LabelAudit? = try RecordFile.read("\(path)/label-audit.json")
    let task = classes?.task ?? EarlyRecords.task
    self.task = task
    let lines: [EvaluationRecord] = try RecordFile.lines("\(path)/classes.jsonl", task)
    let shares = classes?.classes.map(\.trainingShare) ?? []
    evaluations = lines.map { record in
      var record = record
      for k in record.classes.indices where k < shares.count { record.classes[k].trainingShare = shares[k] }
      return record
    }
    var counts = TrainingCounts()
    counts.counts = classes?.classes.map(\.trainingCount) ?? []
    counts.images = classes?.classes.map(\.trainingImages) ?? []
    if let audit = audit?.statistics, audit.imageCount > 0 {
      counts.imageCount = audit.imageCount
      counts.countPerImage = Double(audit.pixels.reduce(0, +) + audit.ignoredPixels) / Double(audit.imageCount)
    }
    training = counts
    let environment: RunEnvironment? = try RecordFile.read("\(path)/environment.json")
    algorithms = environment?.algorithms
    colours = (classes?.classes ?? []).enumerated().map { k, entry in
      entry.colour.flatMap(RGBColour.init(hexadecimal:)) ?? .distinct(k)
    }
  }
}
