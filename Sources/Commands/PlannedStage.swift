import Configuration
import Tensors
import Training

/// A stage of a run that a comparison trains, and where it lies.
struct PlannedStage {
  private var stage: Configuration.Stage
  /// What it finds around it.
  var surroundings: StageSurroundings
  /// Equal for stages that come to the same numbers: the digest of its configuration, and of all that it begins with.
  var key: String

  /// The name.
  var name: String { stage.name }
  /// Everything that it does, its directory included.
  var configuration: Configuration { stage.configuration }
  /// Its directory.
  var path: String { configuration.outputDirectory }

  /// The stages of a configuration, each in a directory of its own.
  /// - Throws: `LongtailError` for stages that do not fit.
  static func stages(of configuration: Configuration) throws -> [PlannedStage] {
    let recipe = try configuration.recipe()
    var stages: [PlannedStage] = []
    for (index, stage) in recipe.enumerated() {
      let needed = try [stage.start.stage].compactMap(\.self) + stage.configuration.partnerList().compactMap(\.stage)
      var plain = stage.configuration
      (plain.name, plain.output, plain.reporting) = ("stage", nil, Configuration.Reporting())
      var parts = [try plain.digest(), "\(stage.start)"]
      parts += needed.map { name in stages.first { $0.name == name }?.key ?? "" }
      stages.append(
        PlannedStage(
          stage: stage, surroundings: StageSurroundings(of: index, in: recipe),
          key: try SHA256Digest(of: parts.joined(separator: "\n")).description))
    }
    return stages
  }

  /// Gives stages before the last ones their directories: one for equal ones, that of a whole run where one is equal.
  static func placed(_ runs: [ComparisonPlan.Run], in output: String) -> [ComparisonPlan.Run] {
    var paths: [String: String] = [:]
    for run in runs {
      if let last = run.stages.last, paths[last.key] == nil { paths[last.key] = run.path }
    }
    return runs.map { run in
      var run = run
      for index in run.stages.indices {
        let isLast = index == run.stages.count - 1
        let stage = run.stages[index]
        run.stages[index].stage.configuration.output =
          isLast ? run.path : paths[stage.key] ?? "\(output)/stages/\(stage.name)-\(stage.key.prefix(12))"
        // A directory says whose run it is.
        if isLast { continue }
        run.stages[index].stage.configuration.name = runs.first { $0.path == paths[stage.key] }?.candidate ?? stage.name
      }
      let recipe = run.stages.map(\.stage)
      for index in run.stages.indices { run.stages[index].surroundings = StageSurroundings(of: index, in: recipe) }
      return run
    }
  }
}
