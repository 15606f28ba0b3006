import Configuration
import Datasets
import Objectives
import Settings
import Tasks
import Tensors

/// A task that a configuration can name: its data sets, its scores, and how it is opened.
public struct TaskEntry: Sendable {
  /// The name, as the key `task` has it.
  public let name: String
  /// One line about it.
  public let summary: String
  /// The kinds of scores that it gives.
  public let scoreKinds: [ScoreKind]
  /// The method that trains its networks where a configuration names none.
  package let method: String
  /// What people may read about its data sets.
  package let datasets: @Sendable () -> KindDescription
  /// Refuses a data set's name and settings, without reading files.
  package let check: @Sendable (Configuration) throws -> Void
  /// Opens its data.
  package let make: @Sendable (Configuration) throws -> any Task
  /// The task without its data, whose classes are those of a checkpoint.
  package let recorded: @Sendable (Configuration, [ClassInfo]) throws -> any Task
  /// The objective that a configuration names, in the form that the task needs.
  package let objective: @Sendable (Configuration, ObjectiveContext) throws -> any Objective
  /// What a benchmark needs to know of its networks, where it composes them by itself.
  package let benchmark: TaskBenchmark?

  /// Describes a task that reads a configuration by itself.
  package init(
    name: String, summary: String, scoreKinds: [ScoreKind], method: String = TaskEntry.plainMethod,
    datasets: @escaping @Sendable () -> KindDescription,
    check: @escaping @Sendable (Configuration) throws -> Void, make: @escaping @Sendable (Configuration) throws -> any Task,
    recorded: @escaping @Sendable (Configuration, [ClassInfo]) throws -> any Task,
    objective: @escaping @Sendable (Configuration, ObjectiveContext) throws -> any Objective = TaskEntry.objectiveOfRows,
    benchmark: TaskBenchmark? = nil
  ) {
    (self.name, self.summary, self.scoreKinds, self.method) = (name, summary, scoreKinds, method)
    (self.datasets, self.check, self.make, self.recorded) = (datasets, check, make, recorded)
    (self.objective, self.benchmark) = (objective, benchmark)
  }

  /// Describes a task of your own.
  ///
  /// `data.name` chooses one of its data sets, and `data.settings` are the settings of that. Keys that only the tasks of the house read,
  /// such as `data.longTail` and `data.split`, are refused.
  /// - Parameters:
  ///   - name: the name, as the key `task` has it.
  ///   - summary: one line about it.
  ///   - scoreKinds: the kinds of scores that its tally gives, in the order in which they are shown.
  ///   - method: the method that trains its networks where a configuration names none.
  ///   - datasets: its data sets; `describe dataset` names them `task.dataset`.
  ///   - make: the task with an opened data set. What it throws ends the command.
  ///   - recorded: the task without images, whose classes are those of a checkpoint: for prediction and export, where the data need not
  ///     be there.
  public init<Images>(
    _ name: String, summary: String, scoreKinds: [ScoreKind], method: String = TaskEntry.plainMethod,
    datasets: [RegistryEntry<Void, Images>], make: @escaping @Sendable (Images, Configuration) throws -> any Task,
    recorded: @escaping @Sendable ([ClassInfo], Configuration) throws -> any Task
  ) {
    let registry = Registry(ExtensibleList("data set", datasets))
    self.init(
      name: name, summary: summary, scoreKinds: scoreKinds, method: method,
      datasets: { registry.description(name: "dataset", summary: "what to train on", place: "Settings are keys of `data.settings`.") },
      check: { configuration in
        try TaskEntry.requireKeys(configuration, ofTask: name)
        try registry.check(configuration.data.name, configuration.data.registrySettings)
      },
      make: { configuration in
        try TaskEntry.requireKeys(configuration, ofTask: name)
        return try make(registry.make(configuration.data.name, configuration.data.registrySettings, ()), configuration)
      },
      recorded: { try recorded($1, $0) })
  }

  /// Refuses keys that would change nothing.
  private static func requireKeys(_ configuration: Configuration, ofTask name: String) throws {
    try configuration.requireKeys(ofTask: name)
    guard configuration.data.split == nil else {
      throw LongtailError(
        .usage, "data.split divides label maps and images with a class; task \(name) has none",
        advice: "Divide the data in the settings of the data set.")
    }
  }

  /// The method of a task that needs no other: the objective at the logits.
  public static let plainMethod = "plain"

  /// The objective that a configuration names, over rows of logits; predictions are made as `evaluation.decision` says.
  /// - Throws: `LongtailError` for an unknown name or setting, or counts that do not allow it.
  package static let objectiveOfRows: @Sendable (Configuration, ObjectiveContext) throws -> any Objective = { configuration, context in
    let objective = try ObjectiveRegistry.make(
      configuration.objective.name, settings: configuration.objective.settings, context: context)
    guard let strength = configuration.evaluation.decision.shift, let counts = context.pixelCounts else { return objective }
    return ShiftedPredictions(objective, pixelCounts: counts.map(Double.init), strength: strength)
  }
}
