import Checkpoints
import Collectives
import Datasets
import Foundation
import Reports
import Runs
import Tensors
import Threading
import Training

/// What rank zero writes into a run directory before the first step.
enum RunFiles {
  /// The merged configuration, the environment, the classes with their counts and groups.
  static func describe(
    _ experiment: Experiment, _ statistics: ClassStatistics, _ communicator: any Communicator, _ algorithms: AlgorithmRecord,
    in directory: RunDirectory
  ) throws {
    try directory.writeConfiguration(experiment.configuration.yaml())
    var environment = RunEnvironment.current()
    environment.ranks = communicator.size
    environment.hosts = communicator.hostNames
    environment.threadsPerRank = ComputePool.threadCount
    environment.algorithms = algorithms
    environment.versions.merge(Versions.all) { _, new in new }
    try directory.writeEnvironment(environment)
    if experiment.configuration.data.split != nil { try SampleListFiles.write(experiment, to: directory.file(SampleListFiles.folder)) }
    for file in try experiment.task.dataFiles() { try directory.write(Data(file.text.utf8), to: file.name) }
    try directory.writeClasses(try ClassesRecord(experiment, statistics))
  }

  /// Lists the samples that are left out in `skipped-files.txt`; removes the list where there are none.
  static func writeSkipped(_ experiment: Experiment, in directory: RunDirectory) throws {
    let path = directory.file("skipped-files.txt")
    if experiment.skipped.isEmpty {
      try? FileManager.default.removeItem(atPath: path)
      return
    }
    do {
      try experiment.skipped.map { "\($0.split.shortName) \($0.file.message)\n" }.joined()
        .write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw LongtailError(.inputOutput, "cannot write \(path): \(error.localizedDescription)", advice: "Check space and permissions.")
    }
  }

  /// Removes what an earlier run left, and nothing else.
  static func removeEarlierRun(_ path: String) throws {
    let files = FileManager.default
    let names = [
      "checkpoints", "log.jsonl", "classes.jsonl", "diary.jsonl", "best.json", "evaluation.json", "final-table.md", "report.html",
      "pictures", "tensorboard", "crash", SampleListFiles.folder,
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

extension Experiment {
  /// A warning for each split that names the samples left out; empty where there are none.
  var skippedSamples: String {
    Dictionary(grouping: skipped, by: \.split).sorted { $0.key.rawValue < $1.key.rawValue }.map { split, samples in
      let all = dataset.count(of: split) + samples.count
      let listed = samples.prefix(LabelStatistics.listedProblems).map { "  \($0.file.message)\n" }.joined()
      let more = samples.count - LabelStatistics.listedProblems
      return "warning: \(samples.count) of \(all) \(split.shortName) samples are skipped, because of their files\n\(listed)"
        + (more > 0 ? "  and \(more) more\n" : "")
    }.joined()
  }
}
