import Models
import Networks
import Reports
import Training

extension NetworkFacts {
  /// Asks the network and the pipeline.
  package init(_ experiment: Experiment) {
    self.init()
    stride = try? experiment.graph.coarsestStride()
    inputPixels = experiment.evaluationSize.width * experiment.evaluationSize.height
  }

  /// What a run's configuration says about its network. Nothing where this build does not know the model.
  package init(_ results: RunResults) {
    self.init()
    let (configuration, classes) = (results.configuration, results.last?.classes.count ?? results.training.counts.count)
    let graph = try? ModelRegistry.make(
      configuration.model.name, width: configuration.model.width, classes: max(1, classes), settings: configuration.model.settings)
    stride = try? graph?.coarsestStride()
    inputPixels = configuration.data.size.map { $0.width * $0.height }
  }
}
