import Checkpoints
import Collectives
import Configuration
import Foundation
import Networks
import Objectives
import Tensors

extension Learner {
  /// Everything that training goes on from, in the names and shapes of files. Same on every rank; only rank zero needs it.
  /// - Throws: `LongtailError` from the conversion.
  public func checkpoint(_ experiment: Experiment, metrics: [String: Double], best: [RunRecord.Best], elapsed: Double) throws
    -> CheckpointContents
  {
    var run = RunRecord()
    run.globalStep = stepCount
    run.epoch = epochCount
    run.consumedSamples = consumedSamples
    run.seed = UInt64(bitPattern: Int64(experiment.configuration.seed))
    run.configurationDigest = try experiment.configuration.digest()
    run.configurationText = experiment.configuration.yaml()
    run.worldSize = communicator.size
    run.threadsPerRank = ComputeThreads.count
    run.classNames = experiment.classNames
    run.classColours = experiment.palette.map(\.hexadecimal)
    run.predictionOffsets = objective.predictionOffsets ?? []
    run.versions = Versions.all
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    run.algorithmChoices = String(decoding: try encoder.encode(choices.table), as: UTF8.self)
    run.metrics = metrics
    run.best = best
    run.elapsedSeconds = elapsed
    let history = watch.history
    run.counters = [
      Self.nonFiniteInARow: history.nonFiniteInARow, Self.nonFiniteTotal: history.nonFiniteTotal, Self.spikeTotal: history.spikeTotal,
    ]
    run.savedAt = Date().timeIntervalSince1970
    var moments: [NamedTensor] = []
    for (name, buffer) in optimizer.state {
      moments += try network.canonicalTensors(of: buffer).map {
        NamedTensor(name: "\(name).\($0.name)", shape: $0.shape, values: $0.values)
      }
    }
    if let average {
      // The model that is judged and published is the average; training goes on from the parameters themselves.
      moments += try (network.canonicalTensors(of: network.parameters) + network.runningStatistics).map {
        NamedTensor(name: Self.livePrefix + $0.name, shape: $0.shape, values: $0.values)
      }
      average.exchange(with: network)
    }
    defer { average?.exchange(with: network) }
    var state = objective.state.sorted { $0.key < $1.key }.map { StoredTensor(name: "objective.\($0.key)", $0.value) }
    state.append(StoredTensor(name: "optimizer.stepCount", Int64(optimizer.stepCount)))
    state.append(StoredTensor(name: "run.globalStep", Int64(stepCount)))
    if !history.losses.isEmpty {
      state.append(StoredTensor(name: Self.recentLosses, history.losses))
      state.append(StoredTensor(name: Self.recentGradientNorms, history.gradientNorms))
    }
    return CheckpointContents(
      model: try network.canonicalTensors(of: network.parameters) + network.runningStatistics, optimizer: moments, state: state, run: run)
  }

  /// Takes over a checkpoint.
  /// - Throws: `LongtailError` naming what does not fit.
  public func restore(_ contents: CheckpointContents) throws {
    try restoreModel(contents)
    if let average {
      average.restart(from: network)
      let live = contents.optimizer.filter { $0.name.hasPrefix(Self.livePrefix) }
        .map { NamedTensor(name: String($0.name.dropFirst(Self.livePrefix.count)), shape: $0.shape, values: $0.values) }
      guard !live.isEmpty else {
        throw LongtailError(
          .badData, "the checkpoint holds no parameters beside their average",
          advice: "It is not of a run with training.exponentialMovingAverage.")
      }
      try network.restoreModel(live)
    }
    for (name, buffer) in optimizer.state {
      let prefix = "\(name)."
      let tensors = contents.optimizer.filter { $0.name.hasPrefix(prefix) }
        .map { NamedTensor(name: String($0.name.dropFirst(prefix.count)), shape: $0.shape, values: $0.values) }
      try network.load(tensors, into: buffer)
    }
    try objective.restore(from: contents)
    guard let steps = contents.state.first(where: { $0.name == "optimizer.stepCount" })?.values.integers?.first else {
      throw LongtailError(.badData, "the checkpoint does not say how many steps the optimizer has done")
    }
    optimizer.stepCount = Int(steps)
    localStatistics = Learner.localStatistics(in: contents)
    stepCount = contents.run.globalStep
    consumedSamples = contents.run.consumedSamples
    func doubles(_ name: String) -> [Double] { contents.state.first { $0.name == name }?.values.doubles ?? [] }
    let counters = contents.run.counters
    var history = StepHistory()
    history.nonFiniteInARow = counters[Self.nonFiniteInARow] ?? 0
    history.nonFiniteTotal = counters[Self.nonFiniteTotal] ?? 0
    history.spikeTotal = counters[Self.spikeTotal] ?? 0
    history.losses = doubles(Self.recentLosses)
    history.gradientNorms = doubles(Self.recentGradientNorms)
    watch.history = history
  }

  /// Of the parameters and statistics that training goes on from, where the model is their average.
  private static let livePrefix = "live."
  private static let nonFiniteInARow = "nonFiniteInARow"
  private static let nonFiniteTotal = "nonFiniteTotal"
  private static let spikeTotal = "spikes"
  private static let recentLosses = "run.recentLosses"
  private static let recentGradientNorms = "run.recentGradientNorms"

  /// Takes over parameters and running statistics alone, as evaluation and prediction need.
  public func restoreModel(_ contents: CheckpointContents) throws { try network.restoreModel(contents) }

  /// Gives a buffer of rank zero to all. Collective.
  func broadcast(_ buffer: HostBuffer) throws {
    var bytes = communicator.isRoot ? buffer.withBytes { [UInt8]($0) } : []
    try communicator.broadcast(&bytes, from: 0)
    guard bytes.count == buffer.byteCount else {
      throw LongtailError(.mismatch, "rank \(communicator.rank) has buffers of another size than rank 0")
    }
    if !communicator.isRoot { buffer.withBytes { $0.copyBytes(from: bytes) } }
  }

  /// Gives rank zero's state to all ranks, bit for bit. Collective.
  ///
  /// Moves parameters, running statistics and moments once; only rank zero needs to see the checkpoint's files.
  public func broadcastState() throws {
    guard communicator.size > 1 else { return }
    var buffers = [network.parameters, network.runningStatisticsBuffer]
    buffers += optimizer.state.map(\.buffer)
    if let average { buffers += [average.parameters, average.statistics] }
    for buffer in buffers { try broadcast(buffer) }
    try distributeLocalStatistics()
    var counters = [Int64(stepCount), Int64(consumedSamples), Int64(optimizer.stepCount)]
    if !communicator.isRoot { counters = [0, 0, 0] }
    try communicator.sum(&counters)
    stepCount = Int(counters[0])
    consumedSamples = Int(counters[1])
    optimizer.stepCount = Int(counters[2])
    var bytes = communicator.isRoot ? [UInt8](try JSONEncoder().encode(objective.state)) : []
    try communicator.broadcast(&bytes, from: 0)
    if !communicator.isRoot { try objective.restore(state: try JSONDecoder().decode([String: [Double]].self, from: Data(bytes))) }
    bytes = communicator.isRoot ? [UInt8](try JSONEncoder().encode(watch.history)) : []
    try communicator.broadcast(&bytes, from: 0)
    if !communicator.isRoot { watch.history = try JSONDecoder().decode(StepHistory.self, from: Data(bytes)) }
  }
}

extension Network {
  /// Takes parameters and running statistics from a checkpoint.
  /// - Throws: `LongtailError` naming what is missing, unexpected or of another shape.
  public func restoreModel(_ contents: CheckpointContents) throws { try restoreModel(contents.model) }

  /// The same from a list of tensors.
  func restoreModel(_ tensors: [NamedTensor]) throws {
    let isStatistic = { (name: String) in name.hasSuffix(".running_mean") || name.hasSuffix(".running_var") }
    try load(tensors.filter { !isStatistic($0.name) }, into: parameters)
    try loadRunningStatistics(tensors.filter { isStatistic($0.name) })
  }
}

extension Objective {
  /// Takes over what the objective had gathered when a checkpoint was taken.
  /// - Throws: `LongtailError` when it does not fit.
  public func restore(from contents: CheckpointContents) throws {
    let prefix = "objective."
    var state: [String: [Double]] = [:]
    for tensor in contents.state where tensor.name.hasPrefix(prefix) {
      state[String(tensor.name.dropFirst(prefix.count))] = tensor.values.doubles ?? []
    }
    try restore(state: state)
  }
}
