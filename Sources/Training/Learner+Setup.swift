import Collectives
import Configuration
import Datasets
import Foundation
import Networks
import Optimizers
import Tensors

extension BatchDivision {
  /// How many images a rank may get at a time, over all ranks and steps, in falling order.
  var shares: [Int] {
    let last = positions(step: stepsPerEpoch - 1).count
    let counts = [min(globalBatch, sampleCount), last].flatMap { batch in
      (0..<ranks).flatMap { BatchDivision.parts(of: batch, ranks: ranks, rank: $0, microBatches: microBatches).map(\.count) }
    }
    return Set(counts).sorted(by: >)
  }
}

extension Learner {
  /// What a batch goes through the networks in.
  func passes(for batch: Batch) throws -> StepPasses {
    try networks.passes(images: microBatchCounts(batch), height: batch.height, width: batch.width)
  }

  /// Images of each micro-batch. A batch that nobody has cut is cut evenly; one without images has as many empty micro-batches.
  func microBatchCounts(_ batch: Batch) -> [Int] {
    if batch.microBatches.count == microBatches { return batch.microBatches }
    return (0..<microBatches).map { BatchDivision.shard(of: batch.imageCount, ranks: microBatches, rank: $0).count }
  }

  /// Which parameters are trained: what the method says, or else the configuration.
  static func trained(_ method: any Method, _ configuration: Configuration, _ graph: Graph) throws -> TrainedParameters {
    guard let patterns = try method.trained(graph) else {
      return try TrainedParameters(matching: configuration.model.trained ?? [], of: graph, at: "model.trained")
    }
    guard configuration.model.trained == nil else {
      throw LongtailError(
        .usage, "the method trains \(patterns.joined(separator: ", ")), but there is `model.trained` too",
        advice: "Leave model.trained out, or take another method.")
    }
    return try TrainedParameters(matching: patterns, of: graph, at: "method")
  }

  /// The schedule that a configuration describes; milestones and warm-up are brought to steps.
  static func schedule(_ configuration: Configuration, totalSteps: Int, stepsPerEpoch: Int) throws -> LearningRateSchedule {
    let (schedule, optimizer) = (configuration.schedule, configuration.optimizer)
    let decay: LearningRateSchedule.Decay =
      switch schedule.name {
      case .constant: .constant
      case .cosine: .cosine(totalSteps: totalSteps, floor: schedule.minimum)
      case .poly: .polynomial(totalSteps: totalSteps, power: schedule.power, floor: schedule.minimum)
      case .multistep:
        .multistep(
          milestones: schedule.milestones.map { $0.step(stepsPerEpoch: stepsPerEpoch, totalSteps: totalSteps) }, factor: schedule.factor)
      }
    let rise = schedule.warmup?.length.step(stepsPerEpoch: stepsPerEpoch, totalSteps: totalSteps) ?? schedule.warmupSteps
    return try LearningRateSchedule(base: optimizer.learningRate, decay: decay, warmUp: rise > 0 ? .init(steps: rise) : nil)
  }

  /// Gives rank zero's algorithms to all.
  static func send(_ choices: AlgorithmChoices, _ communicator: any Communicator) throws {
    var bytes = [UInt8](try JSONEncoder().encode(choices.table))
    try communicator.broadcast(&bytes, from: 0)
  }

  /// Takes rank zero's algorithms.
  static func receive(_ choices: AlgorithmChoices, _ communicator: any Communicator) throws {
    var bytes: [UInt8] = []
    try communicator.broadcast(&bytes, from: 0)
    choices.replace(try JSONDecoder().decode(AlgorithmTable.self, from: Data(bytes)))
  }
}

extension Configuration.Engine {
  /// The same choice in the words of plans; what is on record comes first.
  func policy(_ choices: AlgorithmChoices) -> AlgorithmPolicy {
    switch algorithms {
    case .direct: .fixed(.direct)
    case .model: .model(choices)
    case .measured: .measured(choices)
    }
  }

  /// The same choice in the words of the reductions.
  var wire: Collectives.WirePrecision {
    switch wirePrecision {
    case .float32: .float32
    case .bfloat16: .bfloat16
    }
  }
}
