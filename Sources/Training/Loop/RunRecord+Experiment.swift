import Checkpoints
import Configuration
import Tasks

extension RunRecord {
  /// What reports, predictions and `inspect` need to know of an experiment.
  /// - Parameters:
  ///   - groups: the groups of the classes, where known.
  ///   - counts: what is labelled as each class in training, where known.
  /// - Throws: `LongtailError` when the configuration cannot be digested.
  package init(_ experiment: Experiment, groups: ClassGroups? = nil, counts: [Int64] = []) throws {
    self.init()
    seed = UInt64(bitPattern: Int64(experiment.configuration.seed))
    configurationDigest = try experiment.configuration.digest()
    configurationText = experiment.configuration.yaml()
    task = experiment.task.name
    classNames = experiment.classNames
    classColours = experiment.palette.map(\.hexadecimal)
    let numbers = experiment.dataset.classes.compactMap(\.number)
    classNumbers = numbers.count == classNames.count ? numbers : []
    classGroups = groups.map { groups in groups.places.indices.map(groups.name) } ?? []
    classCounts = counts
    versions = Versions.all
  }
}
