import Checkpoints
import Configuration
import Datasets
import Segmentation
import Tasks
import Tensors

/// A task that can be opened by what a configuration says.
public struct TaskEntry: Sendable {
  /// The name.
  public let name: String
  /// One line about it.
  public let summary: String
  /// The kinds of scores that it gives.
  public let scoreKinds: [ScoreKind]
  /// Opens its data.
  let make: @Sendable (Configuration) throws -> any Task

  /// Describes a task.
  public init(name: String, summary: String, scoreKinds: [ScoreKind], make: @escaping @Sendable (Configuration) throws -> any Task) {
    (self.name, self.summary, self.scoreKinds, self.make) = (name, summary, scoreKinds, make)
  }
}

/// All tasks, by name: the one place in this room that knows any of them.
public enum TaskRegistry {
  /// The tasks; a new one is one more line here.
  public static let entries: [TaskEntry] = [
    TaskEntry(
      name: SegmentationTask.name, summary: "a class for every pixel", scoreKinds: SegmentationTask.scoreKinds
    ) { configuration in
      var images = try DatasetRegistry.make(
        name: configuration.data.name, settings: configuration.data.registrySettings, range: configuration.data.sampleRange)
      if let rule = configuration.data.split { images = try Experiment.divided(images, by: rule, configuration.data) }
      return SegmentationTask(images, views: configuration.evaluation.views)
    }
  ]

  /// Opens the task that a configuration describes.
  /// - Throws: `.usage` for unknown names, with the nearest known one; what the task throws while its files are listed.
  public static func make(_ configuration: Configuration) throws -> any Task {
    guard let entry = entries.first else { throw LongtailError(.internalError, "there is no task") }
    return try entry.make(configuration)
  }

  /// The kinds of scores of the task that a checkpoint is of; none for a task that is not known here. Early checkpoints do not name theirs:
  /// there was one.
  public static func scoreKinds(of record: RunRecord) -> [ScoreKind] {
    let name = record.task.isEmpty ? SegmentationTask.name : record.task
    return entries.first { $0.name == name }?.scoreKinds ?? []
  }

  /// The task of a checkpoint, whose data set need not be there, and has no images.
  static func recorded(_ configuration: Configuration, classes: [ClassInfo]) -> any Task {
    SegmentationTask(RecordedClasses(classes: classes), views: configuration.evaluation.views)
  }
}
