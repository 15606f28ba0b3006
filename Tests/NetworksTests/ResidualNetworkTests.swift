import Foundation
import Kernels
import Models
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// Networks on ResNets against torchvision's numbers; `Oracle/make_residual_networks.py` made them.
@Suite(.computePool) struct ResidualNetworkTests {
  struct Summary: Decodable {
    let norm: Double
    let projections: [Double]
    /// How far torchvision's float32 is from its float64, relative.
    let drift: Double
  }
  struct Case: Decodable {
    let name: String
    let classes: Int
    let images: Int
    let height: Int
    let width: Int
    /// Of the images.
    let seed: Int
    /// Added to all shifts of batch norm.
    let shift: Double
    let losses: [Double]
    let parameterNames: [String]
    let parameterCount: Int
    let tensors: [String: Summary]
  }
  struct State: Decodable {
    let name: String
    let count: Int
    let parameterCount: Int
    let digest: String
  }
  struct File: Decodable {
    let states: [State]
    let cases: [Case]
  }

  static func file() throws -> File {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/residual-networks.json")
    return try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
  }

  static func mixed(_ seed: Int, _ index: Int) -> UInt32 {
    var x = UInt32(truncatingIfNeeded: index) &* 2_654_435_761 &+ UInt32(truncatingIfNeeded: seed &* 40503)
    x ^= x >> 16
    x = x &* 0x7FEB_352D
    x ^= x >> 15
    x = x &* 0x846C_A68B
    return x ^ x >> 16
  }

  static func uniform(_ seed: Int, _ index: Int) -> Double { Double(mixed(seed, index)) / 4_294_967_296 * 2 - 1 }

  static func relativeError(_ values: [Float], _ expected: Summary) -> Double {
    var squares = 0.0
    for (k, projection) in expected.projections.enumerated() {
      var sum = 0.0
      for i in values.indices { sum += mixed(900_000 + k, i) >= 0x8000_0000 ? Double(values[i]) : -Double(values[i]) }
      squares += (sum - projection) * (sum - projection)
    }
    let norm = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    return max((squares / Double(expected.projections.count)).squareRoot(), abs(norm - expected.norm)) / max(expected.norm, 1e-12)
  }

  static func weights(_ name: String, _ shape: [Int], number: Int, shift: Double) -> [Float] {
    let count = shape.reduce(1, *)
    if shape.count == 1 {
      return (0..<count).map { Float((name.hasSuffix("weight") ? 1 : shift) + 0.1 * uniform(number, $0)) }
    }
    let scale = (3.0 / Double(shape[1] * shape[2] * shape[3])).squareRoot()
    return (0..<count).map { Float(uniform(number, $0) * scale) }
  }

  static func network(_ c: Case, algorithm: ConvolutionAlgorithm) throws -> Network {
    ComputePool.configure(threadCount: 2)
    let graph = try ModelRegistry.make(c.name, width: 32, classes: c.classes, settings: ["dropout": 0.0])
    let network = try Network(
      graph: graph, images: c.images, height: c.height, width: c.width, seed: 0, options: PlanOptions(algorithms: .fixed(algorithm)))
    let shapes = Dictionary(uniqueKeysWithValues: network.parameterNames.map { ($0.name, $0.shape) })
    let tensors = try c.parameterNames.enumerated().map { k, name in
      let shape = try #require(shapes[name], "\(name)")
      return NamedTensor(name: name, shape: shape, values: weights(name, shape, number: k + 1, shift: c.shift))
    }
    try network.load(tensors, into: network.parameters)
    return network
  }

  static func fill(_ plan: TestPass, seed: Int = 0) {
    plan.withInput { input in
      for i in input.indices { input[i] = Float(uniform(500_000 + seed, i) + Double(i / (input.count / plan.images))) }
    }
  }

  /// Mean cross-entropy over labelled pixels; its gradient times a weight.
  static func crossEntropy(_ logits: RowsView, _ gradient: RowsView, _ labels: [Int], weight: Double) -> Double {
    let valid = Double(labels.filter { $0 >= 0 }.count)
    var loss = 0.0
    logits.buffer.withFloats { zs in
      gradient.buffer.withFloats { gs in
        for n in 0..<logits.images {
          for r in 0..<logits.rowsPerImage {
            let label = labels[n * logits.rowsPerImage + r]
            let row = (0..<logits.classes).map { Double(zs[logits.index(image: n, row: r, class: $0)]) }
            let top = row.max() ?? 0
            let total = row.reduce(0) { $0 + exp($1 - top) }
            for k in 0..<logits.classes {
              let share = exp(row[k] - top) / total - (k == label ? 1 : 0)
              gs[gradient.index(image: n, row: r, class: k)] = label < 0 ? 0 : Float(weight * share / valid)
            }
            if label >= 0 { loss -= row[label] - top - log(total) }
          }
        }
      }
    }
    return loss / valid
  }

  @Test(arguments: [
    (0, ConvolutionAlgorithm.direct), (0, .tiledWinograd), (0, .matrixProduct), (1, .tiledWinograd), (1, .matrixProduct),
  ])
  func matchesTorchvision(index: Int, algorithm: ConvolutionAlgorithm) throws {
    let c = try Self.file().cases[index]
    let network = try Self.network(c, algorithm: algorithm)
    #expect(network.parameterCount == c.parameterCount)
    let plan = try network.trainingPass(images: c.images, height: c.height, width: c.width)
    #expect(plan.report.activationReorders.isEmpty)
    #expect(!plan.report.kernels.contains { $0.implementation.hasPrefix("ref") })
    Self.fill(plan, seed: c.seed)
    let labels = (0..<(c.images * c.height * c.width)).map { Int(Self.mixed(600_000, $0) >> 16) % (c.classes + 1) }
      .map { $0 == c.classes ? -1 : $0 }
    try plan.forward()
    let logits = NetworkOracleTests.logitValues(try plan.logits)
    let auxiliary = try plan.plan.rows(.auxiliary(0))
    #expect(network.graph.auxiliaryWeights == [0.4])
    let auxiliaryLogits = NetworkOracleTests.logitValues(auxiliary.values)
    let losses = [
      Self.crossEntropy(try plan.logits, try plan.logitsGradient, labels, weight: 1),
      Self.crossEntropy(auxiliary.values, try #require(auxiliary.gradient), labels, weight: 0.4),
    ]
    try plan.backward()
    // Winograd's transforms cost a few more bits than direct sums, in each of the layers.
    let tolerance = algorithm == .tiledWinograd ? 3e-4 : 1e-4
    // DeepLab normalizes two numbers a channel behind the mean over each image, which enlarges every rounding before it, torchvision's too.
    let slack = algorithm == .tiledWinograd ? 20.0 : 10
    func check(_ name: String, _ values: [Float], _ allowed: Double) throws {
      let expected = try #require(c.tensors[name], "\(name)")
      // Some gradients are zero by their mathematics: a shift that another batch norm takes away again.
      let error = Self.relativeError(values, expected) * max(expected.norm, 1e-12)
      let limit = (allowed + slack * expected.drift) * expected.norm + 1e-7
      #expect(error < limit, "\(c.name) \(name) of norm \(expected.norm): torchvision's float32 differs by \(expected.drift)")
    }
    try check("logits", logits, tolerance)
    try check("auxiliary", auxiliaryLogits, tolerance)
    for (loss, expected) in zip(losses, c.losses) { #expect(abs(loss - expected) < 1e-5 * expected, "\(loss), \(expected)") }
    // The oracle's activations keep away from the kinks of ReLUs, where gradients jump.
    let allowed = c.name.hasPrefix("deeplab") ? 5e-3 : 1e-3
    for tensor in try network.canonicalTensors(of: network.gradients) { try check("gradient \(tensor.name)", tensor.values, allowed) }
    for tensor in network.runningStatistics { try check("statistic \(tensor.name)", tensor.values, tolerance) }
    let inference = try network.inferencePass(images: c.images, height: c.height, width: c.width)
    #expect(throws: LongtailError.self) { try inference.plan.rows(.auxiliary(0)) }
    #expect(!inference.report.kernels.contains { $0.layer.hasPrefix("aux_classifier") })
    Self.fill(inference, seed: c.seed)
    try inference.forward()
    try check("evaluation", NetworkOracleTests.logitValues(try inference.logits), 1e-3)
  }

  /// Names and shapes of all parameters and statistics, as torchvision's `state_dict` has them; it counts batches besides.
  @Test func stateIsTorchvisions() throws {
    for state in try Self.file().states {
      let graph = try ModelRegistry.make(state.name, width: 32, classes: 21)
      let tensors = graph.nodes.flatMap { node in
        let channels = node.inputs.map { graph.channels(of: $0) }
        return node.layer.parameters(channels).map { ("\(node.name).\($0.name)", $0.shape) }
          + node.layer.statistics(channels).map { ("\(node.name).\($0.name)", [$0.count]) }
      }
      let lines = tensors.map { "\($0) \($1)" }.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
      #expect(lines.count == state.count, "\(state.name)")
      let digest = try SHA256Digest(of: lines.joined(separator: "\n")).description
      #expect(digest == state.digest, "\(state.name)")
      let parameters = graph.nodes.flatMap { $0.layer.parameters($0.inputs.map { graph.channels(of: $0) }) }
      #expect(parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } == state.parameterCount, "\(state.name)")
      if state.name == "deeplabv3-resnet50" { #expect(state.parameterCount == 42_004_074) }
    }
  }

  /// Every network runs a step on images whose extents divide by nothing, without reference kernels or reordered activations.
  @Test(arguments: [
    "fcn-resnet18", "deeplabv3-resnet18", "deeplabv3plus-resnet18", "fpn-resnet18", "deeplabv3plus-resnet50", "fpn-resnet50",
  ])
  func stepsOnAnySize(name: String) throws {
    ComputePool.configure(threadCount: 2)
    let graph = try ModelRegistry.make(name, width: 32, classes: 12, settings: ["auxiliaryWeight": 0.4])
    let network = try Network(
      graph: graph, images: 2, height: 75, width: 98, seed: 1, options: PlanOptions(algorithms: .fixed(.matrixProduct)))
    var plan = try network.trainingPass(images: 2, height: 75, width: 98)
    #expect(plan.report.activationReorders.isEmpty)
    Self.fill(plan)
    plan.streams = (0..<2).map { CounterRandom(seed: 3, purpose: .dropout, sample: $0) }
    try plan.forward()
    #expect(try plan.logits.classes == 12 && plan.logits.rowsPerImage == 75 * 98)
    let labels = (0..<(2 * 75 * 98)).map { Int(Self.mixed(5, $0) >> 16) % 12 }
    _ = Self.crossEntropy(try plan.logits, try plan.logitsGradient, labels, weight: 1)
    let auxiliary = try plan.plan.rows(.auxiliary(0))
    _ = Self.crossEntropy(auxiliary.values, try #require(auxiliary.gradient), labels, weight: 0.4)
    try plan.backward()
    for tensor in try network.canonicalTensors(of: network.gradients) {
      #expect(tensor.values.allSatisfy { $0.isFinite }, "\(name) \(tensor.name)")
      #expect(tensor.values.contains { $0 != 0 }, "\(name) \(tensor.name) has no gradient")
    }
  }

  @Test func settingsAreChecked() throws {
    for (settings, text) in [
      (["outputStride": SettingValue.int(4)], "8, 16 or 32"), (["auxiliaryWeight": .double(-1)], "at least 0"),
      (["dropout": .double(1)], "[0, 1)"), (["atrous": .int(1)], "outputStride"),
    ] {
      let error = #expect(throws: LongtailError.self) {
        try ModelRegistry.make("deeplabv3-resnet50", width: 32, classes: 3, settings: settings)
      }
      #expect(error?.description.contains(text) == true, "\(String(describing: error))")
      #expect(error?.code == .usage)
    }
  }
}
