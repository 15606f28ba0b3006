import Collectives
import Datasets
import Foundation
import Networks
import Tensors

/// What one rank measured.
struct RankMeasurements: Codable {
  var setupSeconds = 0.0
  /// Wall-clock time of each timed step.
  var stepSeconds: [Double] = []
  /// Median over the steps, by phase.
  var phases: [String: Double] = [:]
  /// Median over the profiled steps, by kind of layer and pass, as `Plan.seconds` names them.
  var layers: [String: Double] = [:]
  /// Median over the profiled steps, by part and pass, where a task names parts.
  var parts: [String: Double] = [:]
  var digestBefore = ""
  var digestAfter = ""
  var firstLoss = 0.0
  var lastLoss = 0.0
  var arenaBytes = 0
  var peakResidentBytes = 0
  var residentBytes = 0
  var pageFaults = 0.0
  var allocations: Double?
  var allocatedBytes: Double?
  var heapBytesGrown: Double?

  /// All ranks' measurements at rank zero, nil elsewhere. Collective.
  static func collect(_ own: RankMeasurements, _ communicator: any Communicator) throws -> [RankMeasurements]? {
    let all = try communicator.gather([UInt8](JSONEncoder().encode(own)), to: 0)
    guard communicator.isRoot else { return nil }
    return try all.map { try JSONDecoder().decode(RankMeasurements.self, from: Data($0)) }
  }
}

extension StepBenchmark {
  /// Warms up, times, then profiles.
  func measure(_ learner: Learner, _ communicator: any Communicator) throws -> RankMeasurements {
    let (steps, warmup) = (options.steps, options.warmup)
    let share = BatchDivision.shard(of: options.configuration.training.globalBatch, ranks: communicator.size, rank: communicator.rank)
    let size = options.size
    let batch =
      composer.map {
        Batch(
          noiseCapacity: share.count, height: size.height, width: size.width,
          targets: $0.task.makeTargets(capacity: share.count, size: size))
      } ?? Batch(noiseCapacity: share.count, height: size.height, width: size.width, rowsPerImage: graph.hasLogitsOfImages ? 1 : nil)
    var own = RankMeasurements()
    own.stepSeconds.reserveCapacity(steps)
    var phases: [[(name: String, seconds: Double)]] = []
    phases.reserveCapacity(steps)
    let clock = ContinuousClock()
    func next(_ index: Int) throws {
      try batch.fillWithNoise(
        samples: share, step: index, classes: options.classes, ignoredShare: options.ignoredShare,
        seed: UInt64(bitPattern: Int64(options.configuration.seed)))
      try composer?.benchmark.annotate(batch, options)
      try communicator.barrier()
    }

    for index in 0..<warmup {
      try next(index)
      _ = try learner.step(batch)
    }
    own.digestBefore = StateDigest(learner.network.parameters).description
    let heapBefore = heap.bytesInUse?()
    var faults = 0
    var allocations = (count: 0, bytes: 0)
    for index in 0..<steps {
      try next(warmup + index)
      let faultsBefore = ProcessMemory.minorPageFaults
      let allocationsBefore = heap.allocations?() ?? (count: 0, bytes: 0)
      let start = clock.now
      let report = try learner.step(batch)
      let seconds = start.duration(to: clock.now).inSeconds
      let allocationsAfter = heap.allocations?() ?? (count: 0, bytes: 0)
      faults += ProcessMemory.minorPageFaults - faultsBefore
      allocations.count += allocationsAfter.count - allocationsBefore.count
      allocations.bytes += allocationsAfter.bytes - allocationsBefore.bytes
      own.stepSeconds.append(seconds)
      phases.append(report.phases)
      if index == 0 { own.firstLoss = report.loss }
      own.lastLoss = report.loss
    }
    own.phases = StepBenchmark.medians(phases)
    phases = []
    if let heapBefore, let after = heap.bytesInUse?() { own.heapBytesGrown = Double(after - heapBefore) / Double(steps) }
    own.digestAfter = StateDigest(learner.network.parameters).description
    own.pageFaults = Double(faults) / Double(steps)
    if heap.allocations != nil {
      own.allocations = Double(allocations.count) / Double(steps)
      own.allocatedBytes = Double(allocations.bytes) / Double(steps)
    }

    try profile(learner, batch, into: &own) { try next(warmup + steps + $0) }
    own.arenaBytes = ([learner.network] + learner.networks.chain.map(\.network)).reduce(0) { $0 + $1.arenaByteCount }
    own.residentBytes = ProcessMemory.residentBytes ?? 0
    // The system brings the two up to date at different moments.
    own.peakResidentBytes = max(own.residentBytes, ProcessMemory.peakResidentBytes ?? 0)
    return own
  }

  /// Times layers, and the parts that a task names, in further steps.
  private func profile(
    _ learner: Learner, _ batch: Batch, into own: inout RankMeasurements, next: (Int) throws -> Void
  ) throws {
    guard options.profiledSteps > 0 else { return }
    let plans = try learner.passes(for: batch).plans
    let clock = PartClock()
    for plan in plans { plan.isProfiling = true }
    learner.parts = clock
    defer {
      for plan in plans { plan.isProfiling = false }
      learner.parts = nil
    }
    var layers: [[(name: String, seconds: Double)]] = []
    var parts: [[(name: String, seconds: Double)]] = []
    for index in 0..<options.profiledSteps {
      for plan in plans { plan.resetSeconds() }
      clock.reset()
      try next(index)
      let report = try learner.step(batch)
      layers.append(plans.flatMap(\.seconds).map { (name: $0.key, seconds: $0.value) })
      let byLayer = plans.flatMap(\.secondsByLayer).map { (name: $0.key, seconds: $0.value) }
      if let names = composer?.benchmark.parts {
        parts.append(StepBenchmark.seconds(of: names, clock, layers: byLayer, phases: report.phases))
      }
    }
    own.layers = StepBenchmark.medians(layers)
    own.parts = StepBenchmark.medians(parts)
  }

  /// The median over the steps for each name; within a step equal names add up.
  static func medians(_ steps: [[(name: String, seconds: Double)]]) -> [String: Double] {
    var values: [String: [Double]] = [:]
    for step in steps {
      for (name, seconds) in Dictionary(step.map { ($0.name, $0.seconds) }, uniquingKeysWith: +) {
        values[name, default: []].append(seconds)
      }
    }
    return values.mapValues { $0.median ?? 0 }
  }
}
