import Collectives
import Datasets
import Images
import Kernels
import Networks
import Tensors
import Threading

/// What `StepBenchmark` found, over all ranks. Times in seconds.
package struct StepBenchmarkReport: Sendable {
  /// A kind of layer and the time that all its layers take in a step.
  package struct LayerKind: Sendable {
    /// The kind, such as `convolution`.
    package var kind: String
    /// Seconds of the forward pass.
    package var forward: Double
    /// Seconds of the backward pass.
    package var backward: Double
  }

  /// Model, objective, optimizer and engine as they were run.
  package var options: StepBenchmark.Options
  /// Number of ranks.
  package var ranks = 1
  /// Compute threads of rank zero.
  package var threads = 1
  /// oneDNN's version.
  package var oneDNN = OneDNN.version
  /// The instruction set of its kernels.
  package var instructionSet = OneDNN.instructionSet
  /// How gradients are summed over ranks.
  package var reduction = ""
  /// Learned numbers.
  package var parameterCount = 0
  /// Bytes of the flat buffer of parameters.
  package var parameterBytes = 0
  /// Seconds to make network and optimizer, measuring algorithms included; on the slowest rank.
  package var setup = 0.0
  /// Each timed step, on the slowest rank.
  package var steps: [Double] = []
  /// Median of each phase over the steps, averaged over the ranks: forward, objective, backward, reduce, update.
  package var phases: [(name: String, seconds: Double)] = []
  /// Median over the profiled steps, averaged over the ranks that had images.
  package var layerKinds: [LayerKind] = []
  /// The parts of the step that the network's task names, in their order, as `layerKinds`; empty where it names none. What has no backward pass has 0 there.
  package var parts: [LayerKind] = []
  /// The objective in the first timed step.
  package var firstLoss = 0.0
  /// The objective in the last timed step.
  package var lastLoss = 0.0
  /// Fingerprint of the parameters before the first timed step.
  package var digestBefore = ""
  /// Fingerprint after the last timed step.
  package var digestAfter = ""
  /// Bytes of the arena, on the rank that has the largest.
  package var arenaBytes = 0
  /// The most physical memory that the process of each rank ever had.
  package var peakResidentBytes: [Int] = []
  /// The physical memory of each rank's process at the end.
  package var residentBytes: [Int] = []
  /// Minor page faults in a step, on the rank that has most.
  package var pageFaultsPerStep = 0.0
  /// Calls for heap memory in a step, on the rank that has most; nil where they cannot be counted.
  package var allocationsPerStep: Double?
  /// Bytes that these calls ask for.
  package var allocatedBytesPerStep: Double?
  /// Bytes by which the heap grows in a step; about 0 unless something leaks. Nil where it cannot be measured.
  package var heapBytesGrownPerStep: Double?
  /// Kernels, copies, reorders and algorithms of rank zero's plan.
  package var plan = PlanReport()

  /// Seconds of the median step.
  package var medianStep: Double { steps.median ?? 0 }
  /// Seconds of the shortest step.
  package var minimumStep: Double { steps.min() ?? 0 }
  /// Seconds of the longest step.
  package var maximumStep: Double { steps.max() ?? 0 }
  /// Mean over the steps.
  package var meanStep: Double { steps.reduce(0, +) / Double(max(1, steps.count)) }
  /// Images of the global batch divided by the median step.
  package var imagesPerSecond: Double { Double(options.configuration.training.globalBatch) / medianStep }
  /// Seconds of all convolutions in a step, transposed ones included, both passes.
  package var convolutions: Double {
    layerKinds.filter { $0.kind.lowercased().hasSuffix("convolution") }.reduce(0) { $0 + $1.forward + $1.backward }
  }
  /// Algorithm by layer and pass, in the order of the network's kernels.
  package var algorithms: [(layer: String, passes: [(pass: String, algorithm: String)])] {
    var layers: [String] = []
    for kernel in plan.kernels where !layers.contains(kernel.layer) { layers.append(kernel.layer) }
    return layers.compactMap { layer in
      let passes = ["forward", "backwardData", "backwardWeights"].compactMap { pass in
        plan.algorithms["\(layer) \(pass)"].map { (pass: pass, algorithm: $0) }
      }
      return passes.isEmpty ? nil : (layer: layer, passes: passes)
    }
  }
}

extension StepBenchmark {
  /// Puts the measurements of all ranks together.
  func report(_ all: [RankMeasurements], _ learner: Learner, _ communicator: any Communicator) throws -> StepBenchmarkReport {
    var report = StepBenchmarkReport(options: options)
    report.ranks = communicator.size
    report.threads = ComputePool.threadCount
    report.reduction = learner.gradientReduction.strategy
    report.parameterCount = learner.network.parameterCount
    report.parameterBytes = learner.network.parameters.byteCount
    report.setup = all.map(\.setupSeconds).max() ?? 0
    report.steps = (0..<options.steps).map { step in all.map { $0.stepSeconds[step] }.max() ?? 0 }

    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
    let names = ["forward", "objective", "backward", "reduce", "update"]
    func phase(_ name: String) -> String { name.hasPrefix("reduce") ? "reduce" : name }
    let others = Set(all.flatMap { $0.phases.keys.map(phase) }).subtracting(names).sorted()
    report.phases = (names + others).map { name in
      (name: name, seconds: mean(all.map { $0.phases.filter { phase($0.key) == name }.values.reduce(0, +) }))
    }
    let profiled = all.filter { !$0.layers.isEmpty }
    let kinds = Set(profiled.flatMap { $0.layers.keys.compactMap { $0.split(separator: " ").first.map(String.init) } })
    report.layerKinds = kinds.map { kind in
      StepBenchmarkReport.LayerKind(
        kind: kind, forward: mean(profiled.map { $0.layers["\(kind) forward"] ?? 0 }),
        backward: mean(profiled.map { $0.layers["\(kind) backward"] ?? 0 }))
    }.sorted { ($1.forward + $1.backward, $0.kind) < ($0.forward + $0.backward, $1.kind) }

    let timed = all.filter { !$0.parts.isEmpty }
    if let parts = composer?.benchmark.parts, !timed.isEmpty {
      report.parts = (parts.map(\.name) + ["losses", "sums over ranks", "update"]).map { name in
        StepBenchmarkReport.LayerKind(
          kind: name, forward: mean(timed.map { $0.parts["\(name) forward"] ?? 0 }),
          backward: mean(timed.map { $0.parts["\(name) backward"] ?? 0 }))
      }
    }

    let root = all[0]
    (report.firstLoss, report.lastLoss) = (root.firstLoss, root.lastLoss)
    (report.digestBefore, report.digestAfter) = (root.digestBefore, root.digestAfter)
    report.arenaBytes = all.map(\.arenaBytes).max() ?? 0
    report.peakResidentBytes = all.map(\.peakResidentBytes)
    report.residentBytes = all.map(\.residentBytes)
    report.pageFaultsPerStep = all.map(\.pageFaults).max() ?? 0
    report.allocationsPerStep = all.compactMap(\.allocations).max()
    report.allocatedBytesPerStep = all.compactMap(\.allocatedBytes).max()
    report.heapBytesGrownPerStep = all.compactMap(\.heapBytesGrown).max()
    let images = BatchDivision.shard(of: options.configuration.training.globalBatch, ranks: communicator.size, rank: 0).count
    let (height, width) = (options.size.height, options.size.width)
    let compiled =
      options.configuration.training.accumulate > 1
      ? nil : try learner.networks.passes(images: [images], height: height, width: width).plans.first
    report.plan = try (compiled ?? learner.network.trainingPlan(images: images, height: height, width: width)).report
    return report
  }
}
