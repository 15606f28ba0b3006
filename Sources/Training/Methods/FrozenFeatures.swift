import Networks
import Settings
import Tensors

/// What recipes have in common that train the last layer alone, on features that stay.
package enum FrozenFeatures {
  /// What the running statistics of batch norm below do meanwhile.
  package enum Statistics: String, CaseIterable, Choice {
    /// They stay: features are those that evaluation sees.
    case frozen
    /// They follow the data of the stage, and normalize by the batch, as the published programs do.
    case drifting
  }

  /// The network whose statistics do what the setting says.
  static func graph(_ graph: Graph, _ statistics: Statistics) -> Graph {
    statistics == .frozen ? graph.freezingBatchNormalization() : graph
  }

  /// Patterns of the names of the last layer's parameters.
  /// - Throws: `LongtailError` where there is no such layer.
  static func lastLayer(_ graph: Graph) throws -> [String] { ["\(try graph.lastTrainedLayer(before: .logits).name).*"] }
}
