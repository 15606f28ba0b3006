import Checkpoints
import Collectives
import Configuration
import Datasets
import Images
import Networks
import Objectives
import Tensors
import Training

/// Steps of a method on one of a group of ranks.
package final class MethodRun {
  /// Images of a step over all ranks.
  package let batchSize: Int
  private let entry: MethodCase
  private let communicator: any Communicator
  private let sampler: any Sampler
  private let division: BatchDivision
  private let batch: Batch
  /// What is trained.
  package let learner: Learner
  /// The main loss of each step.
  package private(set) var losses: [Double] = []
  /// The losses of the other terms of each step.
  package private(set) var others: [Double?] = []

  /// - Parameters:
  ///   - samples: images of an epoch, where the method does not draw them itself.
  ///   - batchSize: images of a step; the last of an epoch may have fewer.
  ///   - accumulate: micro-batches of a step.
  package init(
    _ entry: MethodCase, _ communicator: any Communicator, samples: Int = MethodImages.count, batchSize: Int = 8, accumulate: Int = 1
  ) throws {
    (self.entry, self.communicator, self.batchSize) = (entry, communicator, batchSize)
    var configuration = Configuration()
    configuration.seed = 5
    configuration.optimizer.name = "sgd"
    (configuration.optimizer.momentum, configuration.optimizer.weightDecay) = (0.9, 5e-4)
    configuration.optimizer.learningRate = 0.05
    configuration.schedule.name = .cosine
    configuration.training.globalBatch = batchSize
    configuration.training.accumulate = accumulate
    configuration.objective.name = entry.objective
    configuration.objective.settings = entry.objectiveSettings
    let made = try MethodRegistry.make(entry.method, settings: entry.settings, context: MethodContext(configuration: configuration))
    let method = WithTeachers(made, entry.teachers.map(\.graph))
    sampler = try method.sampler(
      SampleOrder(seed: 5, count: samples),
      SamplerContext(
        seed: 5, sampleCount: MethodImages.count, epochs: 10, classNames: ["a", "b", "c", "d"], classes: MethodImages.sampleClasses),
      globalBatch: batchSize)
    division = try BatchDivision(
      sampleCount: sampler.epochLength, globalBatch: batchSize, dropLast: false, ranks: communicator.size, microBatches: accumulate)
    learner = try Learner(
      configuration: configuration, graph: method.graph(entry.head.graph),
      inputSize: ImageSize(width: MethodImages.size, height: MethodImages.size),
      objective: ObjectiveRegistry.make(entry.objective, settings: entry.objectiveSettings, context: MethodImages.context),
      communicator: communicator, totalSteps: 24, stepsPerEpoch: division.stepsPerEpoch, division: division, method: method,
      classes: MethodImages.context, sampler: sampler)
    batch = MethodImages.emptyBatch(max(1, division.largestShare(rank: communicator.rank)))
  }

  /// Does steps until there are so many.
  package func run(to steps: Int) throws {
    while learner.stepCount < steps {
      let (epoch, step) = (learner.stepCount / division.stepsPerEpoch, learner.stepCount % division.stepsPerEpoch)
      let positions = division.positions(step: step)
      let all: [Int]
      if let stepwise = sampler as? any StepwiseSampler {
        guard stepwise.canDraw(step: learner.stepCount) else { throw LongtailError(.internalError, "a step cannot be drawn yet") }
        all = stepwise.samples(step: learner.stepCount, count: positions.count)
      } else {
        all = positions.map {
          entry.isBalanced ? MethodImages.balanced(epoch: epoch, place: $0) : MethodImages.natural(epoch: epoch, place: $0)
        }
      }
      let own = division.positions(step: step, rank: communicator.rank).flatMap { $0.map { all[$0 - positions.lowerBound] } }
      try MethodImages.fill(batch, epoch: epoch, step: step, samples: own, isMixed: entry.isMixed)
      let report = try learner.step(batch)
      losses.append(report.loss)
      others.append(report.auxiliaryLoss)
    }
  }

  /// All that is remembered, by path.
  package func state() throws -> [String: StoredTensor] {
    Dictionary(uniqueKeysWithValues: try StateTree(learner).tensors().map { ($0.name, $0) })
  }
}
