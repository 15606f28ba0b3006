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
  /// Where this rank's images stand in the global batch, where somebody asked.
  var places: BatchPlaces?
  /// Whether all terms are finite on all ranks.
  var isFinite: Bool { main.isFinite }
}

extension Learner {
  /// Computes loss and summed gradients of one batch and leaves the parameters alone. Collective.
  /// - Throws: `LongtailError` when the loss is not finite, or from the library or MPI.
  package func gradients(_ batch: Batch) throws -> StepResult {
    var clock = PhaseClock()
    let passes = try passes(for: batch)
    let context = StepContext(epoch: batch.epoch, step: stepCount, samples: batch.sampleIndices, isTraining: true)
    undo.remember()
    let loss = try gradients(batch, passes, context: context, clock: &clock)
    if !loss.isFinite {
      undo.undo()
      throw notFinite(try diagnose(.loss, batch, passes, context: context))
    }
    try terms.commit(loss.sums, step: context)
    return loss.main
  }

  /// A loss that is not finite leaves the gradients alone. Collective.
  func gradients(_ batch: Batch, _ passes: StepPasses, context: StepContext, clock: inout PhaseClock) throws -> StepLoss {
    let places = try batchPlaces(batch)
    return try withInputs(batch, passes, places: places) { inputs in
      let loss = try loss(batch, passes, inputs, context: context, clock: &clock)
      guard loss.isFinite, control.failedRanks == 0 else { return loss }
      try clock.phase(.backward) { try passes.backward(inputs, into: network.gradients) }
      try clock.phase(.reduceGradients) { for part in trained { try part.reduction.sum() } }
      return loss
    }
  }

  /// The loss of the global batch, and its gradients at this rank's ports. Collective.
  func loss(_ batch: Batch, _ passes: StepPasses, _ given: StepInputs, context: StepContext, clock: inout PhaseClock) throws -> StepLoss {
    var inputs = given
    try clock.phase(.forward, step: stepCount + 1) { try passes.forward(batch, inputs, seed: dropoutSeed) }
    inputs.classifierGram = try clock.phase(.objective) { try classifierGram() }
    return try loss(inputs, context: context, clock: &clock)
  }

  /// Calls `body` with what terms, links and followers read and write.
  func withInputs<Result>(_ batch: Batch, _ passes: StepPasses, places: BatchPlaces?, _ body: (StepInputs) throws -> Result) rethrows
    -> Result
  {
    try batch.targets.withRows { rows in
      try body(StepInputs(targets: RowTargets(rows), places: places) { try passes.rows($0) })
    }
  }

  /// Where this rank's images stand in the global batch, if anybody asks: one small sum over the ranks. Collective.
  func batchPlaces(_ batch: Batch) throws -> BatchPlaces? {
    guard terms.terms.contains(where: \.needsPlaces) || followers.contains(where: \.needsPlaces) else { return nil }
    let own = microBatchCounts(batch)
    var counts = [Double](repeating: 0, count: own.count * communicator.size)
    for (index, count) in own.enumerated() { counts[index * communicator.size + communicator.rank] = Double(count) }
    try communicator.sum(&counts)
    let byMicroBatch = own.indices.map { index in
      counts[index * communicator.size..<(index + 1) * communicator.size].map { Int($0) }
    }
    return BatchPlaces(counts: byMicroBatch, rank: communicator.rank)
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
      guard let first = results.firstIndex(where: { $0.rows != nil }), var main = results[first].rows else {
        throw LongtailError(.internalError, "a step has no term over rows with classes")
      }
      let others = results.indices.filter { $0 != first }.map { results[$0] }
      if control.nonFiniteRanks > 0 || !results.allSatisfy(\.isFinite) { (main.isFinite, main.loss) = (false, .nan) }
      if main.isFinite, control.failedRanks == 0 { try terms.complete(inputs, sums, results, step: context) }
      return StepLoss(
        main: main, auxiliary: others.isEmpty ? nil : others.reduce(0) { $0 + $1.loss }, sums: sums, places: inputs.places)
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
