import Checkpoints
import Configuration
import Datasets
import Images
import Settings
import Tasks
import Tensors

/// The tasks by name. This room knows none of them: those of the house are registered by the room above, `BuiltInTasks`, before a program
/// reads a configuration; a program adds its own with `register`.
public enum TaskRegistry {
  private static let list = ExtensibleList<TaskEntry>("task", [], name: \.name)

  /// All of them, in the order in which they were registered.
  package static var entries: [TaskEntry] { list.elements }

  /// Adds a task of your own, which configurations then name with the key `task`.
  ///
  /// ```swift
  /// LongtailProgram.main { try TaskRegistry.register(Brightness.entry) }
  /// ```
  ///
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun.
  public static func register(_ entry: TaskEntry) throws { try list.register(entry) }

  /// The task that a configuration names.
  /// - Throws: `.usage` for an unknown name, with the nearest known one.
  package static func entry(of configuration: Configuration) throws -> TaskEntry {
    let (name, entries) = (configuration.task ?? Configuration.defaultTask, entries)
    guard !entries.isEmpty else {
      throw LongtailError(
        .internalError, "task '\(name)' is asked for before any task is registered",
        advice: "Register tasks before a configuration is read.")
    }
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
    let name = record.task.isEmpty ? Configuration.defaultTask : record.task
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
