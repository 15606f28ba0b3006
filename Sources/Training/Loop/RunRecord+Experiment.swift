import Checkpoints
import Configuration
import Tasks

extension RunRecord {
  /// What reports, predictions and a look at the checkpoint need to know of an experiment.
  /// - Throws: `LongtailError` when the configuration cannot be digested.
  public init(_ experiment: Experiment, groups: ClassGroups? = nil) throws {
    self.init()
    seed = UInt64(bitPattern: Int64(experiment.configuration.seed))
    configurationDigest = try experiment.configuration.digest()
    configurationText = experiment.configuration.yaml()
    task = experiment.task.name
    classNames = experiment.classNames
    classColours = experiment.palette.map(\.hexadecimal)
    classGroups = groups.map { groups in groups.places.indices.map(groups.name) } ?? []
    versions = Versions.all
  }
}
