import Configuration
import Tensors
import TestSupport
import Testing

/// Stages of a run: what each is in full, and what is refused.
@Suite struct StageTests {
  private static let text = """
    seed: 3
    output: runs/two
    model: {name: fcn-resnet18, pretrained: weights.safetensors}
    optimizer: {name: sgd, learningRate: 0.1, momentum: 0.9}
    training: {epochs: 20, globalBatch: 8}
    stages:
      - name: base
      - name: head
        start: {stage: base, only: [backbone.*], except: [backbone.bn1.*]}
        model: {trained: [classifier.*], batchNorm: frozen}
        objective: {name: balancedSoftmax}
        optimizer: {name: adam, learningRate: 0.01}
        training: {epochs: 4}
    """

  @Test func aStageIsTheRunWithWhatItChanges() throws {
    let whole = try Configuration(yaml: Self.text)
    let recipe = try whole.recipe()
    #expect(recipe.map(\.name) == ["base", "head"])
    let (base, head) = (recipe[0].configuration, recipe[1].configuration)
    #expect(base.stages == nil && base.output == "runs/two/stages/1-base" && head.output == "runs/two/stages/2-head")
    #expect(base.model.pretrained == "weights.safetensors" && base.model.trained == nil && base.training.epochs == 20)
    #expect(recipe[0].start == Configuration.StageStart())
    #expect(recipe[1].start.stage == "base" && recipe[1].start.only == ["backbone.*"] && recipe[1].start.except == ["backbone.bn1.*"])
    #expect(
      head.seed == 3 && head.model.name == "fcn-resnet18" && head.model.trained == ["classifier.*"] && head.model.batchNorm == .frozen)
    #expect(head.model.pretrained == nil, "what a stage before has learned is not overwritten")
    #expect(head.optimizer.name == "adam" && head.optimizer.momentum == nil && head.optimizer.learningRate == 0.01)
    #expect(head.training.epochs == 4 && head.training.globalBatch == 8 && head.objective.name == "balancedSoftmax")
    // Written and read back, as checkpoints keep it.
    let again = try Configuration(yaml: whole.yaml())
    let same = try again.recipe()
    #expect(again.stages == whole.stages && same == recipe)
  }

  @Test func aRunOfOneStageIsItself() throws {
    let plain = try Configuration(yaml: "training: {epochs: 2}")
    let recipe = try plain.recipe()
    #expect(recipe.count == 1 && recipe[0].configuration == plain && plain.stages == nil)
  }

  @Test(arguments: [
    ("- {model: {width: 8}}", "name"), ("- {name: a}\n- {name: a}", "already"), ("- {name: a, modle: {width: 8}}", "modle"),
    ("- {name: a, start: {stage: b}}", "before it"), ("- {name: a}\n- {name: b, start: {stag: a}}", "stag"),
    ("- {name: a}\n- {name: b, start: {only: [x]}}", "does not name"), ("- {name: a, output: x}", "whole run"),
    ("- {name: a, training: {epochs: none}}", "stages[0] (a)"), ("- {name: a/b}", "name"),
  ])
  func whatDoesNotFitIsRefused(stages: String, part: String) throws {
    let lines = stages.split(separator: "\n").map { "  \($0)\n" }.joined()
    let configuration = try Configuration(yaml: "stages:\n\(lines)")
    let error = #expect(throws: LongtailError.self) { try configuration.recipe() }
    let text = (error?.message ?? "") + (error?.advice ?? "")
    #expect(error?.code == .usage && text.contains(part), "\(text)")
  }
}
