import Collectives
import Foundation
import Metrics
import Reports
import Tensors
import Threading
import Training

/// What rank zero writes into a run directory before the first step.
enum RunFiles {
  /// The merged configuration, the environment, the classes with their counts and groups.
  static func describe(
    _ experiment: Experiment, _ statistics: ClassStatistics, _ communicator: any Communicator, in directory: RunDirectory
  ) throws {
    try directory.writeConfiguration(experiment.configuration.yaml())
    var environment = RunEnvironment.current()
    environment.ranks = communicator.size
    environment.hosts = communicator.hostNames
    environment.threadsPerRank = ComputePool.threadCount
    environment.versions.merge(Versions.all) { _, new in new }
    try directory.writeEnvironment(environment)
    let counts = statistics.audit.statistics
    try directory.writeClasses(
      experiment.dataset.classes.enumerated().map { k, info in
        RunDirectory.ClassEntry(
          name: info.name, group: statistics.groups.groups[k].rawValue, trainingPixels: counts.pixels[k],
          trainingImages: counts.images[k], colour: info.colour)
      },
      labelMapDigest: try SHA256Digest(of: experiment.dataset.labelMap.description).description,
      groupRule: "shares of the labelled training pixels, as groups in config.yaml")
  }

  /// Removes what an earlier run left, and nothing else.
  static func removeEarlierRun(_ path: String) throws {
    let files = FileManager.default
    let names = [
      "checkpoints", "log.jsonl", "classes.jsonl", "best.json", "evaluation.json", "final-table.md", "report.html", "pictures",
      "tensorboard",
      "crash",
    ]
    for name in names {
      let file = "\(path)/\(name)"
      guard files.fileExists(atPath: file) else { continue }
      do {
        try files.removeItem(atPath: file)
      } catch {
        throw LongtailError(.inputOutput, "cannot remove \(file): \(error.localizedDescription)")
      }
    }
  }
}
