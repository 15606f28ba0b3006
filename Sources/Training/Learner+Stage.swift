import Checkpoints
import Configuration
import Networks
import Tensors

/// Where the tensors that a stage begins with come from.
package struct StageOrigin: Sendable {
  /// The directory of checkpoints of the stage before.
  package var checkpoints: String
  /// Which tensors are taken.
  package var start: Configuration.StageStart

  /// Names both.
  package init(checkpoints: String, start: Configuration.StageStart) { (self.checkpoints, self.start) = (checkpoints, start) }
}

/// What a stage of a run finds around it. A run of one stage finds nothing.
package struct StageSurroundings: Sendable {
  /// A stage before.
  package struct Earlier: Sendable {
    /// Its directory of checkpoints.
    package var checkpoints: String
    /// Its network.
    package var model: Configuration.Model

    /// Names both.
    package init(checkpoints: String, model: Configuration.Model) { (self.checkpoints, self.model) = (checkpoints, model) }
  }

  /// What it begins with; first values, or what `model.pretrained` says, if nil.
  package var origin: StageOrigin?
  /// The stages before it, by name.
  package var stages: [String: Earlier]

  package init(origin: StageOrigin? = nil, stages: [String: Earlier] = [:]) { (self.origin, self.stages) = (origin, stages) }

  /// What a stage of a recipe finds.
  package init(of index: Int, in recipe: [Configuration.Stage]) {
    var stages: [String: Earlier] = [:]
    for stage in recipe[..<index] {
      stages[stage.name] = Earlier(
        checkpoints: stage.configuration.outputDirectory + "/checkpoints", model: stage.configuration.model)
    }
    let start = recipe[index].start
    self.init(origin: start.stage.flatMap { stages[$0] }.map { StageOrigin(checkpoints: $0.checkpoints, start: start) }, stages: stages)
  }
}

extension Learner {
  /// Takes tensors of a checkpoint of a stage before, on rank zero, and gives them to all. Collective.
  /// - Returns: on rank zero what was matched, missing and unexpected, in lines.
  /// - Throws: `LongtailError` where there is no checkpoint, or where what it holds does not fit.
  func load(_ origin: StageOrigin) throws -> [String] {
    var lines: [String] = []
    if communicator.isRoot {
      let (contents, path) = try CheckpointStore.contents(
        in: origin.checkpoints, stage: origin.start.stage ?? "", weights: origin.start.weights)
      let taken = contents.model.filter { origin.start.takes($0.name) }
      guard !taken.isEmpty else {
        throw LongtailError(
          .usage, "no tensor of \(path) is called as start.only says",
          advice: "It holds \(contents.model.prefix(3).map(\.name).joined(separator: ", ")), …")
      }
      lines = try network.loadPretrained(
        taken.map { StoredTensor($0) }, skipsHead: false, source: path, requiresBackbone: false
      ).lines(file: path)
    }
    begin()
    try StateTree(self).broadcast(communicator)
    return lines
  }

  /// Fills the partners that a configuration names with the numbers that they begin with, on rank zero, and gives them to all. Collective.
  /// - Returns: on rank zero what was found, in lines.
  /// - Throws: `LongtailError` for files and checkpoints that are not there or do not fit.
  func loadPartners(_ list: [Configuration.Partner], _ stages: [String: StageSurroundings.Earlier]) throws -> [String] {
    let loaded = list.filter { $0.stage != nil || $0.file != nil }
    guard !loaded.isEmpty else { return [] }
    var lines: [String] = []
    if communicator.isRoot {
      for settings in loaded {
        guard let partner = networks.partners.first(where: { $0.name == settings.name }) else { continue }
        let (tensors, source) = try Learner.tensors(of: settings, stages)
        let report = try partner.network.loadPretrained(tensors, skipsHead: false, source: source, requiresBackbone: false)
        guard report.missing.isEmpty else {
          throw LongtailError(
            .badData, "partner '\(settings.name)': '\(source)' lacks \(report.missing.joined(separator: ", "))",
            advice: "A partner is not trained, so that all of its numbers have to be there. Check partners.model.")
        }
        lines += ["partner \(settings.name)"] + report.lines(file: source)
      }
    }
    try StateTree(self).broadcast(communicator)
    return lines
  }

  private static func tensors(of settings: Configuration.Partner, _ stages: [String: StageSurroundings.Earlier]) throws
    -> (tensors: [StoredTensor], source: String)
  {
    if let file = settings.file, file.hasSuffix(".safetensors") { return (try SafetensorsFile(path: file).readAll(), file) }
    guard let checkpoints = settings.stage.map({ stages[$0]?.checkpoints }) ?? settings.file else {
      throw LongtailError(
        .usage, "partner '\(settings.name)' begins with stage '\(settings.stage ?? "")', which this run does not have",
        advice: "Name a stage before it, or a `file`.")
    }
    let (contents, path) = try CheckpointStore.contents(in: checkpoints, stage: settings.stage ?? settings.name, weights: .last)
    return (contents.model.map { StoredTensor($0) }, path)
  }
}

extension CheckpointStore {
  /// A checkpoint of a stage.
  /// - Throws: `LongtailError` where there is none.
  static func contents(in directory: String, stage: String, weights: Configuration.StageStart.Weights) throws
    -> (contents: CheckpointContents, path: String)
  {
    let store = CheckpointStore(directory: directory)
    guard let newest = try store.latestValid().newest else {
      throw LongtailError(
        .missingInput, "stage '\(stage)' has no checkpoint in \(directory)",
        advice: "Train it first: leave --stage out, or name that stage.")
    }
    guard weights == .best else { return (try store.load(newest), newest.path) }
    guard let best = newest.run.best.first else {
      throw LongtailError(
        .missingInput, "stage '\(stage)' has no best checkpoint: none of its evaluations gave a value for checkpoint.best",
        advice: "Use start.weights: last.")
    }
    return (try store.load(step: best.step), store.path(step: best.step))
  }
}

extension Configuration.StageStart {
  /// Whether a tensor is taken over.
  func takes(_ name: String) -> Bool {
    (only.isEmpty || only.contains { NamePattern($0).matches(name) }) && !except.contains { NamePattern($0).matches(name) }
  }
}
