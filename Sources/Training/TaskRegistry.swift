import Checkpoints
import Configuration
import Datasets
import Images
import Recognition
import Segmentation
import Settings
import Tasks
import Tensors

/// A task that can be opened by what a configuration says.
package struct TaskEntry: Sendable {
  /// The name, as the key `task` has it.
  package let name: String
  /// One line about it.
  package let summary: String
  /// The kinds of scores that it gives.
  package let scoreKinds: [ScoreKind]
  /// The method that trains its networks where a configuration names none.
  let method: String
  /// What people may read about its data sets.
  let datasets: @Sendable () -> KindDescription
  /// Refuses a data set's name and settings, without reading files.
  let check: @Sendable (Configuration) throws -> Void
  /// Opens its data.
  let make: @Sendable (Configuration) throws -> any Task
  /// The task without its data, whose classes are those of a checkpoint.
  let recorded: @Sendable (Configuration, [ClassInfo]) throws -> any Task

  /// Describes a task.
  package init(
    name: String, summary: String, scoreKinds: [ScoreKind], method: String = "plain",
    datasets: @escaping @Sendable () -> KindDescription,
    check: @escaping @Sendable (Configuration) throws -> Void, make: @escaping @Sendable (Configuration) throws -> any Task,
    recorded: @escaping @Sendable (Configuration, [ClassInfo]) throws -> any Task
  ) {
    (self.name, self.summary, self.scoreKinds, self.method) = (name, summary, scoreKinds, method)
    (self.datasets, self.check, self.make, self.recorded) = (datasets, check, make, recorded)
  }
}

/// All tasks, by name: the one place in this room that knows any of them.
package enum TaskRegistry {
  /// The tasks; a new one is one more line here. The first is that of a configuration that names none.
  package static let entries: [TaskEntry] = [.segmentation, .recognition, .detection]

  /// The task that a configuration names.
  /// - Throws: `.usage` for an unknown name, with the nearest known one.
  package static func entry(of configuration: Configuration) throws -> TaskEntry {
    guard let name = configuration.task else { return entries[0] }
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw LongtailError.unknownName("task", name, known: entries.map(\.name), at: "task")
    }
    return entry
  }

  /// Opens the task that a configuration describes.
  /// - Throws: `.usage` for unknown names, with the nearest known one; what the task throws while its files are listed.
  package static func make(_ configuration: Configuration) throws -> any Task { try entry(of: configuration).make(configuration) }

  /// The task of a checkpoint, whose data set need not be there, and has no images.
  /// - Throws: `.usage` for a task that is not known here.
  package static func recorded(_ configuration: Configuration, _ run: RunRecord) throws -> any Task {
    let colours = run.classColours.compactMap(RGBColour.init(hexadecimal:))
    let classes = run.classNames.enumerated().map { index, name in
      ClassInfo(
        name: name, colour: colours.indices.contains(index) ? colours[index] : .distinct(index),
        number: run.classNumbers.indices.contains(index) ? run.classNumbers[index] : nil)
    }
    return try entry(of: configuration).recorded(configuration, classes)
  }

  /// The kinds of scores of the task that a checkpoint is of; none for a task that is not known here. Early checkpoints do not name theirs:
  /// there was one.
  package static func scoreKinds(of record: RunRecord) -> [ScoreKind] {
    let name = record.task.isEmpty ? entries[0].name : record.task
    return entries.first { $0.name == name }?.scoreKinds ?? []
  }

  /// What people may read about tasks.
  package static var description: KindDescription {
    KindDescription(
      name: "task", summary: "what the network is trained for", place: "The name is the key `task`.",
      entries: entries.map {
        EntryDescription(
          name: $0.name, summary: $0.summary, about: "\($0.summary.prefix(1).uppercased())\($0.summary.dropFirst()).", source: nil,
          settings: [])
      })
  }
}

extension TaskEntry {
  /// A class for every pixel.
  static let segmentation = TaskEntry(
    name: SegmentationTask.name, summary: "a class for every pixel", scoreKinds: SegmentationTask.scoreKinds,
    datasets: { DatasetRegistry.description },
    check: { configuration in
      try configuration.requireKeys(ofTask: SegmentationTask.name)
      try DatasetRegistry.check(name: configuration.data.name, settings: configuration.data.registrySettings)
    },
    make: { configuration in
      try configuration.requireKeys(ofTask: SegmentationTask.name)
      var images = try DatasetRegistry.make(
        name: configuration.data.name, settings: configuration.data.registrySettings, range: configuration.data.sampleRange)
      if let rule = configuration.data.split { images = try Experiment.divided(images, by: rule, configuration.data) }
      return SegmentationTask(images, views: configuration.evaluation.views, decision: configuration.evaluation.decision)
    },
    recorded: { SegmentationTask(RecordedClasses(classes: $1), views: $0.evaluation.views, decision: $0.evaluation.decision) })

  /// A class for every image.
  static let recognition = TaskEntry(
    name: RecognitionTask.name, summary: "a class for every image", scoreKinds: RecognitionTask.scoreKinds,
    datasets: { RecognitionDatasets.description }, check: { try RecognitionTask.check($0) }, make: { try RecognitionTask.open($0) },
    recorded: { RecognitionTask.recorded($0, classes: $1) })
}
