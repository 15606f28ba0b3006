import Checkpoints
import Configuration
import Metrics

extension RunRecord {
  /// What reports, predictions and a look at the checkpoint need to know of an experiment.
  /// - Throws: `LongtailError` when the configuration cannot be digested.
  public init(_ experiment: Experiment, groups: ClassGroups? = nil) throws {
    self.init()
    seed = UInt64(bitPattern: Int64(experiment.configuration.seed))
    configurationDigest = try experiment.configuration.digest()
    configurationText = experiment.configuration.yaml()
    classNames = experiment.classNames
    classColours = experiment.palette.map(\.hexadecimal)
    classGroups = groups?.groups.map(\.rawValue) ?? []
    versions = Versions.all
  }
}
