import Configuration
import Images
import Kernels
import Networks
import Optimizers
import Tensors

/// What a rank's memory will be used for, from a plan that was compiled for it.
package struct MemoryEstimate: Sendable, Equatable {
  /// Images of a rank's share of the batch.
  package var images = 0
  /// All activations and temporary memory of kernels.
  package var arena = 0
  /// The flat buffer of parameters.
  package var parameters = 0
  /// The gradients of those that are trained.
  package var gradients = 0
  /// The optimizer's moments.
  package var optimizer = 0
  /// The average of the parameters; 0 where none is kept.
  package var average = 0
  /// Batches that are made ready, and the network's input.
  package var batches = 0
  /// What micro-batches keep beside: gradients, and images, logits and their gradients of the whole share; 0 without them.
  package var accumulation = 0
  /// Decoded images that the loader keeps, at most.
  package var cache = 0
  /// The digest of the algorithms that its convolutions will use; nil where they are still to be measured.
  package var algorithms: String?
  /// Whether the arena was computed from that of one image: where the whole batch might not fit into this machine.
  package var isExtrapolated = false

  /// Program, libraries, stacks: measured, about.
  package static let program = 80 << 20

  /// All of it.
  package var total: Int { MemoryEstimate.program + arena + parameters + gradients + optimizer + average + batches + accumulation + cache }

  /// Estimates the memory of a rank. Networks behind the first one count with their input. Compiles the network, so kernels are generated but none is run or timed.
  ///
  /// - Parameters:
  ///   - ranks: how many share the global batch.
  ///   - usable: bytes that may be used now, for the compiled plan itself is placed in memory.
  /// - Throws: `LongtailError` when the network cannot be compiled or the optimizer does not exist.
  package init(_ experiment: Experiment, ranks: Int, usable: Int) throws {
    let configuration = experiment.configuration
    let size = experiment.paddedSize
    images = (configuration.training.globalBatch + ranks - 1) / max(1, ranks)
    let microBatches = configuration.training.accumulate
    let atOnce = (images + microBatches - 1) / microBatches
    let trained = try TrainedParameters(matching: configuration.model.trained ?? [], of: experiment.graph, at: "model.trained")
    let (graph, ports) = (experiment.graph, experiment.task.ports)
    // What is behind the network writes the gradients of all that it reads.
    let read = graph.continuations.isEmpty ? nil : Dictionary(uniqueKeysWithValues: ports.map { ($0, PortUse.gradient) })
    func network(_ images: Int, _ policy: AlgorithmPolicy) throws -> Network {
      var options = PlanOptions(algorithms: policy)
      options.decisiveImages = atOnce
      let network = try Network(
        graph: graph, images: images, height: size.height, width: size.width, seed: 0, options: options, trained: trained)
      _ = try network.trainingPlan(images: images, height: size.height, width: size.width, ports: read)
      for next in network.continuations {
        let ends = next.network.graph.ports.map(\.port).filter { $0 != .features }
        _ = try next.network.trainingPlan(
          images: images * next.imagesPerImage, height: next.height, width: next.width,
          ports: Dictionary(uniqueKeysWithValues: ends.map { ($0, PortUse.gradient) }), inputGradient: true)
      }
      return network
    }
    func arenaBytes(_ network: Network, images: Int) -> Int {
      network.parts.reduce(0) { $0 + $1.arenaByteCount }
        + network.continuations.reduce(0) { sum, next in
          // The input and its gradient.
          sum + 8 * images * next.imagesPerImage * next.height * next.width * next.network.graph.inputChannels
        }
    }
    // What is measured to be the fastest may be any of them, so the one that takes most memory counts.
    let policies: [AlgorithmPolicy] =
      switch configuration.engine.algorithms {
      case .direct: [.fixed(.direct)]
      case .model: [.model()]
      case .measured: ConvolutionAlgorithm.allCases.map { .fixed($0) }
      }
    let first = try network(1, policies[0])
    parameters = first.parts.reduce(0) { $0 + $1.parameters.byteCount }
    let trainedCount = first.parts.reduce(0) { $0 + $1.trainedSpan.count }
    gradients = trainedCount * MemoryLayout<Float>.stride
    algorithms = configuration.engine.algorithms == .measured ? nil : first.report.algorithmDigest
    var largest = (policy: policies[0], arena: arenaBytes(first, images: 1))
    for policy in policies.dropFirst() {
      let taken = try arenaBytes(network(1, policy), images: 1)
      if taken > largest.arena { largest = (policy, taken) }
    }
    arena = largest.arena * atOnce
    isExtrapolated = atOnce > 1 && arena > usable / 2
    if atOnce > 1, !isExtrapolated { arena = try arenaBytes(network(atOnce, largest.policy), images: atOnce) }
    let made = try OptimizerRegistry.make(
      configuration.optimizer.name, settings: configuration.optimizer.registrySettings, parameterCount: trainedCount)
    optimizer = made.state.reduce(0) { $0 + $1.buffer.byteCount }
    average = configuration.training.exponentialMovingAverage == nil ? 0 : parameters
    let loader = configuration.data.loader
    let pixels = size.width * size.height
    batches = images * pixels * ((loader.prefetch + 2) * 16 + 12)
    if microBatches > 1 {
      // Classes come in blocks of 16.
      let classes = (experiment.dataset.classes.count + 15) / 16 * 16
      accumulation = gradients + images * pixels * 4 * (3 + 2 * classes)
    }
    // A cached sample is three bytes of colour and one of label a pixel, at the network's size.
    cache = min(loader.cacheMegabytes << 20, experiment.dataset.count(of: .train) * pixels * 4)
  }
}
