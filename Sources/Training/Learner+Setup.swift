import Collectives
import Configuration
import Foundation
import Networks
import Optimizers
import Tensors

extension Learner {
  /// The schedule that a configuration describes; milestones are given in epochs.
  static func schedule(_ configuration: Configuration, totalSteps: Int, stepsPerEpoch: Int) throws -> LearningRateSchedule {
    let (schedule, optimizer) = (configuration.schedule, configuration.optimizer)
    let decay: LearningRateSchedule.Decay =
      switch schedule.name {
      case .constant: .constant
      case .cosine: .cosine(totalSteps: totalSteps, floor: schedule.minimum)
      case .poly: .polynomial(totalSteps: totalSteps, power: schedule.power, floor: schedule.minimum)
      case .multistep: .multistep(milestones: schedule.milestones.map { $0 * stepsPerEpoch }, factor: schedule.factor)
      }
    return try LearningRateSchedule(
      base: optimizer.learningRate, decay: decay, warmUp: schedule.warmupSteps > 0 ? .init(steps: schedule.warmupSteps) : nil)
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
    choices.replace(try JSONDecoder().decode([String: AlgorithmChoices.Choice].self, from: Data(bytes)))
  }
}
