import Collectives
import Datasets
import Networks
import Objectives
import Tensors

/// What a step knows of its loss, before anything is changed by it; equal on every rank.
struct StepLoss {
  /// The result of the main term.
  var main: StepResult
  /// The losses of all other terms together, weights included; nil where there are none.
  var auxiliary: Double?
  /// What each term has summed over the ranks.
  var sums: [PackedSums]
  /// Whether all terms are finite on all ranks.
  var isFinite: Bool { main.isFinite }
}

extension Learner {
  /// The objective at the logits; and at each auxiliary head plain cross-entropy over the labelled pixels of the global batch, times the
  /// head's weight. The objective proper acts on the logits alone: its class statistics, weights and running state are theirs.
  static func terms(_ objective: any Objective, _ graph: Graph) throws -> TermList {
    var terms = [RowTerm("objective", objective, at: PortPlace(port: Port.logits.name))]
    for (index, weight) in graph.auxiliaryWeights.enumerated() {
      let port = Port.auxiliary(index)
      let crossEntropy = try ObjectiveRegistry.make(
        "crossEntropy", context: ObjectiveContext(classes: graph.channels(of: try graph.value(of: port))))
      terms.append(RowTerm(port.name, crossEntropy, at: PortPlace(port: port.name), weight: weight))
    }
    return try TermList(terms)
  }

  /// Computes loss and summed gradients of one batch and leaves the parameters alone. Collective.
  /// - Throws: `LongtailError` when the loss is not finite, or from the library or MPI.
  public func gradients(_ batch: Batch) throws -> StepResult {
    var clock = PhaseClock()
    let plan = try pass(for: batch)
    let context = StepContext(epoch: batch.epoch, step: stepCount, samples: batch.sampleIndices, isTraining: true)
    undo.remember(network)
    let loss = try gradients(batch, plan: plan, context: context, clock: &clock)
    if !loss.isFinite {
      undo.undo(network)
      throw notFinite(try diagnose(.loss, batch, plan: plan, context: context))
    }
    try terms.commit(loss.sums, step: context)
    return loss.main
  }

  /// A loss that is not finite leaves the gradients alone. Collective.
  func gradients(_ batch: Batch, plan: any TrainingPass, context: StepContext, clock: inout PhaseClock) throws -> StepLoss {
    let loss = try self.loss(batch, plan: plan, context: context, clock: &clock)
    guard loss.isFinite, control.failedRanks == 0 else { return loss }
    try clock.phase(.backward) { try plan.backward(into: network.gradients) }
    try clock.phase(.reduceGradients) { try gradientReduction.sum() }
    return loss
  }

  /// The loss of the global batch, and its gradients at this rank's ports. Collective.
  func loss(_ batch: Batch, plan: any TrainingPass, context: StepContext, clock: inout PhaseClock) throws -> StepLoss {
    try clock.phase(.forward, step: stepCount + 1) {
      try plan.forward(
        network.parameterSet, images: BatchImages(batch.images),
        streams: batch.sampleIndices.map { CounterRandom(seed: dropoutSeed, purpose: .dropout, epoch: batch.epoch, sample: $0) })
    }
    let gram = try clock.phase(.objective) { try classifierGram() }
    return try batch.targets.withRows { rows in
      let inputs = StepInputs(targets: RowTargets(rows), classifierGram: gram) { place in
        let rows = try plan.rows(Port(place.port))
        return .init(values: rows.values, gradient: rows.gradient)
      }
      return try loss(inputs, context: context, clock: &clock)
    }
  }

  /// All rounds of all terms, one sum over the ranks each; the control word goes with the last.
  private func loss(_ inputs: StepInputs, context: StepContext, clock: inout PhaseClock) throws -> StepLoss {
    var sums = terms.noSums
    for (round, count) in terms.rounds.enumerated() {
      let isLast = round == terms.rounds.count - 1
      var packed = Array(repeating: 0.0, count: count + (isLast ? ControlWord.packedCount : 0))
      try clock.phase(.objective) { try terms.measure(round: round, inputs, sums: sums, into: &packed, step: context) }
      try clock.phase(.reduceStatistics) {
        if isLast {
          hasNonFiniteSums = !packed[..<count].allSatisfy(\.isFinite)
          ControlWord.pack(
            isFinite: !hasNonFiniteSums, hasFailed: hasFailed, requests: requests, step: stepCount, into: &packed, at: count)
        }
        try communicator.sum(&packed)
        if isLast {
          control = ControlWord(packed: packed, at: count, ranks: communicator.size)
          try control.requireSameStep(stepCount)
        }
      }
      terms.take(round: round, packed, into: &sums)
    }
    return try clock.phase(.objective) {
      let results = try terms.results(sums, step: context)
      guard var main = results.first?.rows else { throw LongtailError(.internalError, "a step has no term over rows with classes") }
      let others = results.dropFirst()
      if control.nonFiniteRanks > 0 || !results.allSatisfy(\.isFinite) { (main.isFinite, main.loss) = (false, .nan) }
      if main.isFinite, control.failedRanks == 0 { try terms.complete(inputs, sums, results, step: context) }
      return StepLoss(main: main, auxiliary: others.isEmpty ? nil : others.reduce(0) { $0 + $1.loss }, sums: sums)
    }
  }

  private func classifierGram() throws -> [Double]? {
    guard terms.terms.contains(where: \.needsClassifierGram) else { return nil }
    guard let head = try network.classifierWeights() else { throw ClassifierGram.unavailable(network: "this network") }
    return try ClassifierGram.products(weights: head.weights, classes: head.classes, features: head.features)
  }
}

extension RowTargets {
  /// What a batch says about its rows.
  init(_ rows: TargetRows) {
    self.init(
      labels: rows.labels, second: rows.second.map { .init(labels: $0.labels, shares: $0.shares) }, weights: rows.weights.map { .init($0) })
  }
}
