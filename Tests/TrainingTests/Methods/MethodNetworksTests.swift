import Collectives
import Configuration
import Datasets
import MethodCases
import Models
import Networks
import Objectives
import Tensors
import TestSupport
import Testing
import Training

/// Methods on the networks that configurations name: heads, projections and further classifiers have the ports that methods read.
@Suite(.serialized, .computePool) struct MethodNetworksTests {
  private struct Setting: Sendable, CustomTestStringConvertible {
    let method: String
    var settings: [String: SettingValue] = [:]
    var objective = "crossEntropy"
    var model: [String: SettingValue] = [:]
    var teachers: [[String: SettingValue]] = []
    /// What names of trained parameters begin with; all are trained if nil.
    var trained: String?

    var testDescription: String { method }
  }

  private static let all = [
    Setting(method: "classifierRetraining", trained: "fc."),
    Setting(method: "learnableWeightScaling", model: ["head": .string("scaled")], trained: "fc.scaling."),
    Setting(method: "balancedMetaSoftmax", settings: ["metaBatch": .int(2)], objective: "balancedSoftmax", trained: "fc."),
    Setting(
      method: "classBalancedDistillation",
      model: [
        "head": .string("cosine"), "headScale": .double(20),
        "projection": .map(["width": .int(512), "rectified": .bool(true), "classified": .bool(true)]),
      ], teachers: [["head": .string("cosine")], ["head": .string("cosine")]]),
    Setting(method: "breadcrumb", settings: ["startup": .string("shorter")]),
    Setting(
      method: "selfSupervision", settings: ["queueLength": .int(12)],
      model: ["projection": .map(["width": .int(16), "hidden": .int(24), "normalized": .bool(true)])]),
    Setting(
      method: "selfDistillation", model: ["furtherHeads": .list([.string("linear")])], teachers: [["head": .string("scaled")]]),
    Setting(method: "calibratedActivationMaps", model: ["head": .string("cosine")]),
  ]

  @Test(arguments: all) private func stepsAreDone(setting: Setting) throws {
    var configuration = Configuration()
    (configuration.seed, configuration.optimizer.name, configuration.optimizer.learningRate) = (5, "sgd", 0.01)
    configuration.training.globalBatch = 4
    let method = try MethodRegistry.make(setting.method, settings: setting.settings, context: MethodContext(configuration: configuration))
    func graph(_ settings: [String: SettingValue]) throws -> Graph {
      try ModelRegistry.make("resnet10-small", width: 32, classes: MethodImages.classes, settings: settings)
    }
    let sampler = try method.sampler(
      SampleOrder(seed: 5, count: MethodImages.count),
      SamplerContext(
        seed: 5, sampleCount: MethodImages.count, epochs: 2, classNames: ["a", "b", "c", "d"], classes: MethodImages.sampleClasses),
      globalBatch: 4)
    let trained = try method.graph(graph(setting.model))
    let learner = try Learner(
      configuration: configuration, graph: trained, inputSize: .init(width: MethodImages.size, height: MethodImages.size),
      objective: ObjectiveRegistry.make(setting.objective, context: MethodImages.context), communicator: SingleProcess(), totalSteps: 8,
      stepsPerEpoch: 2, method: WithTeachers(method, try setting.teachers.map(graph)), classes: MethodImages.context, sampler: sampler)
    let batch = MethodImages.emptyBatch(4)
    let before = try learner.network.canonicalTensors(of: learner.network.parameters)
    var losses: [Double] = []
    for step in 0..<4 {
      let samples = (sampler as? any StepwiseSampler)?.samples(step: step, count: 4) ?? (0..<4).map { (step * 4 + $0 * 7) % 24 }
      try MethodImages.fill(batch, epoch: step / 2, step: step % 2, samples: samples, isMixed: false)
      losses.append(try learner.step(batch).loss)
    }
    #expect(losses.allSatisfy(\.isFinite) && Set(losses).count == 4)
    for (a, b) in zip(before, try learner.network.canonicalTensors(of: learner.network.parameters)) {
      if let prefix = setting.trained { #expect((a.values != b.values) == a.name.hasPrefix(prefix), "\(a.name)") }
      if a.name.hasPrefix("fc.") || a.name.hasPrefix("heads."), setting.trained == nil { #expect(a.values != b.values, "\(a.name)") }
    }
  }

  /// Epilogues know the head of these networks; that of detectors has its own tests.
  @Test(arguments: EpilogueRegistry.names.filter { !["balancedHead", "regionClassifier", "regionBiasShift"].contains($0) })
  func epiloguesFindTheHead(
    name: String
  ) throws {
    let graph = try ModelRegistry.make("resnet10-small", width: 32, classes: 4)
    let epilogue = try EpilogueRegistry.make(name, context: MethodContext(configuration: Configuration()))
    let network = try Network(graph: graph, images: 2, height: 8, width: 8, seed: 1)
    let made = try epilogue.network(network, network.parameterSet, height: 8, width: 8, seed: 2)
    let shared = try made.canonicalTensors(of: made.parameters).filter { !$0.name.hasPrefix("nearestMean.") && !$0.name.hasPrefix("fc.") }
    #expect(shared.count > 20)
    let trained = Dictionary(uniqueKeysWithValues: try network.canonicalTensors(of: network.parameters).map { ($0.name, $0.values) })
    for tensor in shared { #expect(tensor.values == trained[tensor.name], "\(tensor.name)") }
    #expect(throws: Never.self) { try epilogue.check(made) }
    let other = try ModelRegistry.make("resnet10-small", width: 32, classes: 4, settings: ["head": "cosine"])
    let cosine = try Network(graph: other, images: 2, height: 8, width: 8, seed: 1)
    if ["tauNormalization", "classOffsets"].contains(name) {
      #expect(longtailError { try epilogue.check(cosine) }?.code == .usage, "refused before anything is trained")
    }
    if name == "tauNormalization" { #expect(try ClassifierTensors(of: made, for: "a test").classes == 4) }
  }
}
