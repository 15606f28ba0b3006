import BuiltInTasks
import Checkpoints
import Collectives
import Configuration
import Foundation
import Tensors
import TestSupport
import Testing
import Training

/// Two stages of a run in one process: what the second takes from the first, what it moves, and that it resumes to the bit.
@Suite(.computePool) struct StageTests {
  init() throws { try BuiltInParts.register() }

  private static let stages = """
    [{name: base}, {name: head, start: {stage: base, only: [backbone.*]}, model: {trained: [classifier.*]}, training: {epochs: 1}}]
    """

  private func recipe(_ directory: String) throws -> [Configuration.Stage] {
    try Configuration.load(
      TinyExperiment.folder(in: directory),
      overrides: [
        "model={name: fcn-resnet18, settings: {dropout: 0, auxiliaryWeight: 0}}", "data.size={width: 48, height: 40}",
        "optimizer={name: sgd, learningRate: 0.05, momentum: 0.9}", "training={epochs: 1, globalBatch: 4}", "checkpoint.everySteps=1",
        "checkpoint.keepLast=9", "output=\(directory)/run", "stages=\(Self.stages)",
      ]
    ).recipe()
  }

  private func trainer(_ stage: Configuration.Stage, _ recipe: [Configuration.Stage], resume: ResumePolicy?) throws -> Trainer {
    let experiment = try Experiment(stage.configuration)
    let communicator = SingleProcess()
    let statistics = try ClassStatistics.collect(experiment, communicator: communicator, record: nil, threads: 1)
    let index = try #require(recipe.firstIndex { $0.name == stage.name })
    return try Trainer(
      experiment, statistics: statistics, communicator: communicator,
      checkpoints: "\(stage.configuration.outputDirectory)/checkpoints", resume: resume, observer: nil, method: PlainMethod(),
      surroundings: StageSurroundings(of: index, in: recipe))
  }

  private func model(_ stage: Configuration.Stage, step: Int) throws -> [String: [Float]] {
    let store = CheckpointStore(directory: "\(stage.configuration.outputDirectory)/checkpoints")
    return Dictionary(uniqueKeysWithValues: try store.load(step: step).model.map { ($0.name, $0.values) })
  }

  @Test func aStageGoesOnFromTheOneBefore() throws {
    try withTemporaryDirectory { directory in
      let recipe = try recipe(directory)
      let missing = #expect(throws: LongtailError.self) { try trainer(recipe[1], recipe, resume: .auto) }
      #expect(missing?.code == .missingInput && missing?.message.contains("base") == true)
      #expect(try trainer(recipe[0], recipe, resume: .auto).run().steps == 3)
      let second = try trainer(recipe[1], recipe, resume: .auto)
      #expect(second.learner.stepCount == 0)
      let start = Dictionary(
        uniqueKeysWithValues: try second.learner.network.canonicalTensors(of: second.learner.network.parameters).map {
          ($0.name, $0.values)
        })
      let summary = try second.run()
      let (base, head) = (try model(recipe[0], step: 3), try model(recipe[1], step: 3))
      for (name, values) in start {
        let isBackbone = name.hasPrefix("backbone.")
        #expect((values == base[name]) == isBackbone || name.contains("classifier.1."), "\(name)")
        #expect((head[name] == base[name]) == isBackbone, "\(name)")
      }
      // Ended in the middle of the second stage: what follows its first checkpoint is the same to the bit.
      let checkpoints = "\(recipe[1].configuration.outputDirectory)/checkpoints"
      for step in [2, 3] {
        let names = try FileManager.default.contentsOfDirectory(atPath: checkpoints).filter {
          $0.hasSuffix("\(step)") && $0.hasPrefix("step")
        }
        for name in names { try FileManager.default.removeItem(atPath: "\(checkpoints)/\(name)") }
      }
      let resumed = try trainer(recipe[1], recipe, resume: .required)
      #expect(resumed.learner.stepCount == 1)
      #expect(try resumed.run().digest == summary.digest)
    }
  }
}
