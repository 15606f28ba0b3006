import Collectives
import Configuration
import Networks
import Optimizers
import Tensors

/// A network that steps move, with its gradients and its optimizer. One flat sum of gradients each.
final class TrainedNetwork {
  /// The name in `PortPlace`: `student`, or that of a network chained behind it.
  let name: String
  let network: Network
  /// How its gradients are summed.
  let reduction: any ReducibleBuffer
  let optimizer: any Optimizer

  /// Makes memory for the gradients of what is trained, and for the moments. Collective.
  /// - Throws: `LongtailError` for settings of the optimizer that make no sense.
  init(_ name: String, _ network: Network, _ configuration: Configuration, _ communicator: any Communicator) throws {
    (self.name, self.network) = (name, network)
    reduction = try communicator.reducibleBuffer(
      floatCount: network.trainedSpan.count, wirePrecision: configuration.engine.wire)
    network.useGradients(reduction.buffer)
    optimizer = try OptimizerRegistry.make(
      configuration.optimizer.name, settings: configuration.optimizer.registrySettings, parameterCount: network.trainedSpan.count,
      ranges: TrainedNetwork.ranges(network, configuration))
  }

  /// The stretches of the trained parameters whose learning rate is not the schedule's: frozen ones, and the backbone.
  private static func ranges(_ network: Network, _ configuration: Configuration) -> [ParameterRange] {
    let factor = configuration.optimizer.backboneLearningRateFactor
    let (origin, span) = (network.trainedSpan.lowerBound, network.trainedSpan)
    let frozen = Set(network.frozenRegions.map(\.name))
    return network.parameterRegions.filter { span.overlaps($0.range) }.compactMap { region in
      let range = region.range.lowerBound - origin..<region.range.upperBound - origin
      if !network.trained.contains(region.name) { return ParameterRange(range, learningRateFactor: 0, weightDecayFactor: 0) }
      if frozen.contains(region.name) { return ParameterRange(range, learningRateFactor: 0) }
      guard factor != 1, region.name.hasPrefix(Graph.backboneName) else { return nil }
      return ParameterRange(range, learningRateFactor: factor)
    }
  }

  /// Moves the parameters by the summed gradients.
  func update(learningRate: Double, gradientScale: Double) throws {
    try optimizer.update(
      parameters: network.trainedParameters, gradients: network.gradients, learningRate: learningRate, gradientScale: gradientScale)
  }
}
