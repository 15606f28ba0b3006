import Datasets
import Images
import Networks
import Tasks

extension Experiment {
  /// The scores that the configuration may name.
  package var scoreTable: ScoreTable { task.scoreTable(groups: task.groupNames) }

  /// Makes the targets of batches for inputs of a size, padding included.
  package func targets(ofSize size: ImageSize) -> @Sendable (_ capacity: Int) -> any Targets {
    { [task] in task.makeTargets(capacity: $0, size: size) }
  }

  /// A network that judges or predicts, with all that images need to become its input.
  /// - Parameters:
  ///   - parameters: the numbers to compute with; the network's own if nil.
  ///   - offsets: what is added to the scores of each class, as an objective with post-hoc adjustment asks for.
  package func inference(_ network: Network, parameters: ParameterSet? = nil, offsets: [Double]? = nil) -> InferenceNetwork {
    InferenceNetwork(network, parameters: parameters, offsets: offsets, pipeline: evaluationPipeline, classNames: classNames)
  }
}
