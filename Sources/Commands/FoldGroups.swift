import Collectives
import Configuration
import Datasets
import Training

/// Head, medium and tail for runs on folds: from the counts of all training samples, so that the groups' scores of every fold are over the same
/// classes. Without this a class near a threshold would be in the tail of one fold and not in that of another.
struct FoldGroups {
  private var known: [String: Configuration.Groups] = [:]

  /// The groups of a configuration as lists of classes; what it says itself where it lists classes, and where its task counts otherwise.
  ///
  /// Reads every training label once for each data set that candidates have, in each rank.
  /// - Throws: `LongtailError` for a data set that is not there, and for labels that cannot be read.
  mutating func groups(of configuration: Configuration) throws -> Configuration.Groups {
    guard case .share = configuration.groups.head else { return configuration.groups }
    // Neither samples nor labels follow from these.
    let others = ["data.split", "data.augmentation", "data.sampler", "data.loader", "data.size", "data.mean", "data.standardDeviation"]
    let key = configuration.lines.filter { line in
      ["task:", "data.", "groups."].contains { line.hasPrefix($0) } && !others.contains { line.hasPrefix($0) }
    }.joined(separator: "\n")
    if let groups = known[key] { return groups }
    var whole = configuration
    whole.data.split = nil
    // Validation samples of the data set's own are not looked at.
    whole.evaluation.split = "train"
    try whole.checkNames()
    let experiment = try Experiment(whole).withoutBadFiles(communicator: SingleProcess())
    var groups = configuration.groups
    if case .shares = experiment.task.grouping {
      let statistics = try ClassStatistics.collect(
        experiment, communicator: SingleProcess(), record: nil, threads: max(1, whole.data.loader.threads))
      func names(_ group: String) -> [String] {
        experiment.classNames.indices.filter { statistics.groups.name(of: $0) == group }.map { experiment.classNames[$0] }
      }
      (groups.head, groups.medium, groups.tail) = (.classes(names("head")), names("medium"), .classes(names("tail")))
    }
    known[key] = groups
    return groups
  }
}
