import Foundation
import Kernels
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// Classifiers against values in float64 of a folder `shared` beside the checkout; without it the tests are skipped.
@Suite(.computePool) struct GoldenClassifierTests {
  static let cases: [String: Any]? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let url = root.deletingLastPathComponent().appendingPathComponent("shared/golden/recognition_golden.json")
    guard let data = try? Data(contentsOf: url), let file = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      return nil
    }
    return file["cases"] as? [String: Any]
  }()

  /// The part of a case under a path such as `outputs/cosine/logits`.
  static func value<Value>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
    let found = try path.split(separator: "/").reduce(try #require(cases) as Any) { part, key in
      try #require((part as? [String: Any])?[String(key)], "\(path)")
    }
    return try #require(found as? Value, "\(path)")
  }

  static func agree(_ found: [Float], _ expected: [Double]) -> Bool {
    let scale = expected.map(abs).max() ?? 0
    return found.count == expected.count && zip(found, expected).allSatisfy { abs(Double($0) - $1) <= 2e-5 * scale }
  }

  /// A step of a graph on rows of features: scores, loss, gradients of parameters and features.
  struct Step {
    var logits: [Float] = []
    var loss = 0.0
    var gradients: [String: [Float]] = [:]
    var features: [Float] = []
  }

  static func step(_ graph: Graph, _ tensors: [String: [Float]], _ rows: [[Double]], _ labels: [Int]) throws -> Step {
    ComputePool.configure(threadCount: 2)
    let network = try Network(graph: graph, images: rows.count, height: 1, width: 1, seed: 0)
    let parameters = try network.parameterNames.map { entry in
      NamedTensor(name: entry.name, shape: entry.shape, values: try #require(tensors[entry.name], "\(entry.name)"))
    }
    try network.load(parameters, into: network.parameters)
    let plan = try network.trainingPlan(images: rows.count, height: 1, width: 1, inputGradient: true)
    let pass = TestPass(network, plan)
    pass.withInput { input in for (i, value) in rows.joined().enumerated() { input[i] = Float(value) } }
    try pass.forward()
    var step = Step()
    step.logits = NetworkOracleTests.logitValues(try pass.logits)
    step.loss = ResidualNetworkTests.crossEntropy(try pass.logits, try pass.logitsGradient, labels, weight: 1)
    try pass.backward()
    for tensor in try network.canonicalTensors(of: network.gradients) { step.gradients[tensor.name] = tensor.values }
    step.features = NetworkOracleTests.logitValues(try network.inputGradientRows(plan))
    return step
  }

  @Test(
    .enabled(if: cases != nil, "the folder shared with golden values is not there"),
    arguments: ["weight_normalized", "cosine", "squashed"])
  func normalizedClassifiers(kind: String) throws {
    let name = "normalized_classifiers"
    let rows: [[Double]] = try Self.value("\(name)/inputs/features")
    let weights: [[Double]] = try Self.value("\(name)/inputs/weights")
    let scale: Double = try Self.value("\(name)/outputs/\(kind)/scale")
    var graph = Graph(inputChannels: rows[0].count, strideMultiple: 1)
    var x = graph.input
    if kind != "weight_normalized" { x = graph.add(RowNormalization(kind == "cosine" ? .unit : .squashed), named: "rows", to: x) }
    graph.add(NormalizedLinear(outputs: weights.count, scale: 1, learnsScale: true), named: "fc", to: x)
    let step = try Self.step(
      graph, ["fc.weight": weights.joined().map { Float($0) }, "fc.scale": [Float(scale)]], rows, try Self.value("\(name)/inputs/labels"))
    func expected(_ key: String) throws -> [Double] {
      let rows: [[Double]] = try Self.value("\(name)/outputs/\(kind)/\(key)")
      return Array(rows.joined())
    }
    #expect(Self.agree(step.logits, try expected("logits")))
    let loss: Double = try Self.value("\(name)/outputs/\(kind)/loss")
    #expect(abs(step.loss - loss) < 2e-5 * loss)
    #expect(Self.agree(try #require(step.gradients["fc.weight"]), try expected("grad_weights")))
    #expect(Self.agree(step.features, try expected("grad_features")))
    #expect(Self.agree(try #require(step.gradients["fc.scale"]), [try Self.value("\(name)/outputs/\(kind)/grad_scale")]))
  }

  @Test(.enabled(if: cases != nil, "the folder shared with golden values is not there")) func learnableWeightScaling() throws {
    let name = "learnable_weight_scaling"
    let rows: [[Double]] = try Self.value("\(name)/inputs/features")
    let weights: [[Double]] = try Self.value("\(name)/inputs/weights")
    func floats(_ key: String) throws -> [Float] { try Self.value("\(name)/inputs/\(key)", as: [Double].self).map { Float($0) } }
    var graph = Graph(inputChannels: rows[0].count, strideMultiple: 1)
    let scores = graph.add(Linear(outputs: weights.count), named: "fc", to: graph.input)
    graph.add(ColumnScaling(), named: "fc.scaling", to: scores)
    let step = try Self.step(
      graph,
      ["fc.weight": weights.joined().map { Float($0) }, "fc.bias": try floats("bias"), "fc.scaling.scales": try floats("scales")],
      rows, try Self.value("\(name)/inputs/labels"))
    let logits: [[Double]] = try Self.value("\(name)/outputs/logits")
    #expect(Self.agree(step.logits, Array(logits.joined())))
    let loss: Double = try Self.value("\(name)/outputs/loss")
    #expect(abs(step.loss - loss) < 2e-5 * loss)
    #expect(Self.agree(try #require(step.gradients["fc.scaling.scales"]), try Self.value("\(name)/outputs/grad_scales")))
  }
}
