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

extension Learner {
  /// Takes tensors of the last checkpoint of a stage before, on rank zero, and gives them to all. Collective.
  /// - Returns: on rank zero what was matched, missing and unexpected, in lines.
  /// - Throws: `LongtailError` where there is no checkpoint, or where what it holds does not fit.
  func load(_ origin: StageOrigin) throws -> [String] {
    var lines: [String] = []
    if communicator.isRoot {
      let store = CheckpointStore(directory: origin.checkpoints)
      guard let newest = try store.latestValid().newest else {
        throw LongtailError(
          .missingInput, "stage '\(origin.start.stage ?? "")' has no checkpoint in \(origin.checkpoints)",
          advice: "Train it first: leave --stage out, or name that stage.")
      }
      let contents = try store.load(newest)
      let taken = contents.model.filter { origin.start.takes($0.name) }
      guard !taken.isEmpty else {
        throw LongtailError(
          .usage, "no tensor of \(newest.path) is called as start.only says",
          advice: "It holds \(contents.model.prefix(3).map(\.name).joined(separator: ", ")), …")
      }
      lines = try network.loadPretrained(
        taken.map { StoredTensor($0) }, skipsHead: false, source: newest.path, requiresBackbone: false
      ).lines(file: newest.path)
    }
    begin()
    try StateTree(self).broadcast(communicator)
    return lines
  }
}

extension Configuration.StageStart {
  /// Whether a tensor is taken over.
  func takes(_ name: String) -> Bool {
    (only.isEmpty || only.contains { NamePattern($0).matches(name) }) && !except.contains { NamePattern($0).matches(name) }
  }
}
