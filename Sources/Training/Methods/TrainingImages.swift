import Collectives
import Datasets
import Networks
import Tasks
import Tensors

/// The training images of an experiment as evaluation sees images, each once, dealt out to the ranks.
struct TrainingImages: EpilogueImages {
  let experiment: Experiment
  let communicator: any Communicator

  func forEachBatch(of port: Port, _ network: Network, _ numbers: ParameterSet, _ body: (RowsView, [Int32]) throws -> Void) throws {
    try forEachBatch(ports: [port], network, numbers) { next, outputs in
      let rows = try outputs.rows(port)
      let labels = next.targets.withRows { Array($0.labels) }
      guard labels.count == rows.rows else {
        throw LongtailError(
          .usage, "port '\(port)' has \(rows.rows) rows for \(labels.count) labels",
          advice: "Epilogues that look at features need task recognition.")
      }
      try body(rows, labels)
    }
  }

  func forEachBatch(
    ports: Set<Port>, _ network: Network, _ numbers: ParameterSet, _ body: (Batch, NetworkOutputs) throws -> Void
  ) throws {
    let count = experiment.dataset.count(of: .train)
    let size = experiment.paddedEvaluationSize
    let batch = min(experiment.configuration.evaluation.batch, max(1, (count + communicator.size - 1) / communicator.size))
    var options = BatchLoader.Options()
    options.threads = experiment.configuration.data.loader.threads
    options.batchesAhead = 2
    options.cacheBytes = 0
    let loader = try BatchLoader(
      source: .init(
        dataset: experiment.dataset, split: .train, pipeline: experiment.evaluationPipeline,
        order: SampleOrder(seed: 0, count: count, shuffled: false),
        division: try BatchDivision(
          sampleCount: count, globalBatch: min(count, batch * communicator.size), dropLast: false, ranks: communicator.size),
        rank: communicator.rank, height: size.height, width: size.width, targets: experiment.targets(ofSize: size)),
      endEpoch: 1, options: options)
    defer { loader.stop() }
    while let next = try loader.next() {
      defer { loader.recycle(next) }
      if next.imageCount == 0 { continue }
      let plan = try network.inferencePlan(images: next.imageCount, height: size.height, width: size.width, ports: ports)
      try plan.forward(numbers, images: BatchImages(next.images))
      try body(next, NetworkOutputs(of: plan, network, numbers))
    }
  }
}

extension Epilogue {
  /// Makes the network that is judged and published: its graph, what was trained, and what the epilogue does to it. Collective.
  /// - Parameters:
  ///   - learner: the run behind its last step.
  ///   - trained: what the epilogue before has made; the learner's network with the numbers that are judged if nil.
  ///   - note: takes a line for people.
  /// - Throws: `LongtailError` from the epilogue.
  package func network(
    after learner: Learner, experiment: Experiment, statistics: ClassStatistics, trained: Network? = nil,
    note: @escaping (String) -> Void = { _ in }
  ) throws -> Network {
    let size = experiment.paddedEvaluationSize
    let before = trained ?? learner.network
    let numbers = trained?.parameterSet ?? learner.judged
    let network = try self.network(before, numbers, height: size.height, width: size.width, seed: learner.dropoutSeed)
    try apply(
      EpilogueContext(
        network: network, trained: before, numbers: numbers, state: StateTree(learner),
        classes: statistics.context(experiment.configuration),
        images: TrainingImages(experiment: experiment, communicator: learner.communicator),
        predictionOffsets: learner.objective.predictionOffsets, communicator: learner.communicator, note: note))
    return network
  }

  /// A network of the epilogue's graph that takes over what was trained, where names and shapes are the same.
  /// - Throws: `LongtailError` from the graph.
  package func network(_ trained: Network, _ numbers: ParameterSet, height: Int, width: Int, seed: UInt64) throws -> Network {
    let made = try Network(graph: graph(trained.graph), images: 1, height: height, width: width, seed: seed)
    func copy(_ tensors: [FlatTensor], _ source: HostBuffer, to targets: [FlatTensor], _ target: HostBuffer) throws {
      let known = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
      for tensor in targets {
        if let found = known[tensor.name], found.shape == tensor.shape { try tensor.write(found.read(source), target) }
      }
    }
    for ((from, numbers), to) in zip(zip(trained.parts, numbers.parts), made.parts) {
      try copy(from.parameterTensors, numbers.values, to: to.parameterTensors, to.parameters)
      try copy(from.statisticTensors, numbers.statistics, to: to.statisticTensors, to.runningStatisticsBuffer)
    }
    return made
  }
}
