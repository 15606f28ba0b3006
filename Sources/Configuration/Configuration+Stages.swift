import Settings
import Tensors

extension Configuration {
  /// What a stage of a run changes, as the file says it: `name`, `start`, and any keys of a configuration.
  package struct StageSettings: Sendable, Equatable {
    /// Key by key.
    package var values: [String: SettingValue]

    /// Takes the keys.
    package init(_ values: [String: SettingValue]) { self.values = values }
  }

  /// One stage of a run, complete.
  package struct Stage: Sendable, Equatable {
    /// The name, which `start.stage` and `--stage` use.
    package var name: String
    /// What its network begins with.
    package var start: StageStart
    /// Everything that the stage does: the run's configuration with the stage's keys laid over it, and a run directory of its own.
    package var configuration: Configuration
  }

  /// What the network of a stage begins with.
  package struct StageStart: Sendable, Equatable {
    /// The stage before whose checkpoint tensors are taken from; nil for first values, or those of `model.pretrained`.
    package var stage: String?
    /// Which of its checkpoints.
    package var weights = Weights.last
    /// Only tensors whose names match one of these patterns; all of them if empty.
    package var only: [String] = []
    /// Tensors whose names match one of these patterns keep their first values.
    package var except: [String] = []

    /// Which checkpoint of a stage.
    package enum Weights: String, CaseIterable, Choice {
      /// The last one.
      case last
      /// The one with the best value of the first score that `checkpoint.best` names.
      case best
    }

    /// First values.
    package init() {}
  }

  /// Keys of a stage that are not keys of a configuration.
  private static let stageKeys = ["name", "start"]
  /// Keys of a configuration that are the whole run's.
  private static let runKeys = ["output", "stages", "extends"]

  /// The stages in order, each with its effective configuration. A configuration without stages is a recipe of one, itself.
  /// - Throws: `LongtailError` with code `usage` for a stage that does not say what it is, or whose keys do not fit.
  package func recipe() throws -> [Stage] {
    guard let stages, !stages.isEmpty else { return [Stage(name: "train", start: StageStart(), configuration: self)] }
    var base = self
    base.stages = nil
    var recipe: [Stage] = []
    for (index, settings) in stages.enumerated() {
      let place = "stages[\(index)]"
      let name = try Configuration.stageName(settings, place: place, taken: recipe.map(\.name))
      let start = try Configuration.stageStart(settings, place: "\(place) (\(name))", before: recipe.map(\.name))
      let keys = settings.values.filter { !Configuration.stageKeys.contains($0.key) }.sorted { $0.key < $1.key }
      for (key, _) in keys where Configuration.runKeys.contains(key) {
        throw LongtailError(.usage, "\(place) (\(name)): `\(key)` belongs to the whole run", advice: "Write it beside `stages`.")
      }
      var configuration: Configuration
      do {
        configuration = try Configuration(yaml: base.yaml(), name: self.name, overrides: keys.map { "\($0.key)=\($0.value.yaml)" })
      } catch let error as LongtailError {
        throw LongtailError(error.code, "\(place) (\(name)): \(error.message)", advice: error.advice)
      }
      configuration.output = "\(outputDirectory)/stages/\(index + 1)-\(name)"
      for partner in try configuration.partnerList() {
        guard let stage = partner.stage, !recipe.contains(where: { $0.name == stage }) else { continue }
        throw LongtailError.unknownName("stage before it", stage, known: recipe.map(\.name), at: "\(place) (\(name)): partners")
      }
      if start.stage != nil { configuration.model.pretrained = nil }
      recipe.append(Stage(name: name, start: start, configuration: configuration))
    }
    return recipe
  }

  private static func stageName(_ settings: StageSettings, place: String, taken: [String]) throws -> String {
    guard let name = settings.values["name"]?.stringValue?.trimmed, !name.isEmpty,
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) })
    else {
      throw LongtailError(
        .usage, "\(place) has no `name` of letters, digits, - and _", advice: "The name of a stage is that of its directory: name: head")
    }
    guard !taken.contains(name) else { throw LongtailError(.usage, "\(place): there is a stage called '\(name)' already") }
    return name
  }

  private static func stageStart(_ settings: StageSettings, place: String, before: [String]) throws -> StageStart {
    var start = StageStart()
    guard let given = settings.values["start"] else { return start }
    guard let values = given.mapValue else {
      throw LongtailError(.usage, "\(place): `start` is \(given), expected keys: stage, only, except")
    }
    for (key, value) in values.sorted(by: { $0.key < $1.key }) {
      switch key {
      case "stage":
        guard let name = value.stringValue, before.contains(name) else {
          throw LongtailError.unknownName("stage before it", "\(value)", known: before, at: "\(place): start.stage")
        }
        start.stage = name
      case "weights":
        guard let weights = StageStart.Weights(setting: value) else {
          throw LongtailError(.usage, "\(place): start.weights is \(value), expected last or best")
        }
        start.weights = weights
      case "only", "except":
        guard let patterns = [String](setting: value), !patterns.isEmpty else {
          throw LongtailError(.usage, "\(place): start.\(key) is \(value), expected a list of names such as [backbone.*]")
        }
        if key == "only" { start.only = patterns } else { start.except = patterns }
      default: throw LongtailError.unknownName("key", key, known: ["stage", "weights", "only", "except"], at: "\(place): start")
      }
    }
    guard start.stage != nil else {
      throw LongtailError(
        .usage, "\(place): `start` does not name a stage", advice: "For weights of a file leave it out, and use model.pretrained.")
    }
    return start
  }
}

extension Configuration.StageSettings: SettingConvertible {
  /// What was expected.
  package static var expectation: String { "a mapping with the name of the stage and the keys that it changes" }
  /// Takes a setting over.
  package init?(setting: SettingValue) {
    guard let values = setting.mapValue else { return nil }
    self.init(values)
  }
  /// The value to write.
  package var setting: SettingValue { .map(values) }
}
