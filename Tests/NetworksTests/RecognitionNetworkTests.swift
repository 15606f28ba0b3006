import Foundation
import Kernels
import Models
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// Networks that classify images against PyTorch's numbers; `Oracle/make_recognition_networks.py` made them.
@Suite(.computePool) struct RecognitionNetworkTests {
  struct Summary: Decodable {
    let norm: Double
    let projections: [Double]
    /// How far PyTorch's float32 is from its float64, relative.
    let drift: Double
  }
  struct Case: Decodable {
    let name: String
    let classes: Int
    let settings: [String: SettingValue]
    let images: Int
    let size: Int
    /// Of the images.
    let seed: Int
    /// Added to all shifts of batch norm.
    let shift: Double
    let loss: Double
    /// How far PyTorch's float32 gradient of all parameters together is from its float64.
    let gradientDrift: Double
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
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/recognition-networks.json")
    return try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
  }

  static func uniform(_ seed: Int, _ index: Int) -> Double { ResidualNetworkTests.uniform(seed, index) }

  /// The squared error, estimated from the projections.
  static func squaredError(_ values: [Float], _ expected: Summary) -> Double {
    var squares = 0.0
    for (k, projection) in expected.projections.enumerated() {
      var sum = 0.0
      for i in values.indices {
        sum += ResidualNetworkTests.mixed(900_000 + k, i) >= 0x8000_0000 ? Double(values[i]) : -Double(values[i])
      }
      squares += (sum - projection) * (sum - projection)
    }
    return squares / Double(expected.projections.count)
  }

  static func weights(_ name: String, _ shape: [Int], number: Int, shift: Double) -> [Float] {
    let count = shape.reduce(1, *)
    if name.hasSuffix(".scale") { return (0..<count).map { Float(5 + uniform(number, $0)) } }
    if shape.count == 1 {
      let isOfHead = ["fc.", "linear.", "heads.", "projection."].contains { name.hasPrefix($0) }
      let center = name.hasSuffix("weight") || name.hasSuffix("scales") ? 1 : isOfHead ? 0 : shift
      return (0..<count).map { Float(center + 0.1 * uniform(number, $0)) }
    }
    let scale = (3.0 / Double(shape.dropFirst().reduce(1, *))).squareRoot() / (shape.count == 2 && shift != 0 ? 1 + 4 * shift : 1)
    var values = (0..<count).map { uniform(number, $0) * scale }
    if shift != 0, shape.count == 4, name != "conv1.weight" {
      let (inputs, taps) = (shape[1], shape[2] * shape[3])
      for filter in 0..<shape[0] {
        for tap in 0..<taps {
          let places = (0..<inputs).map { (filter * inputs + $0) * taps + tap }
          let mean = places.reduce(0) { $0 + values[$1] } / Double(inputs)
          for place in places { values[place] -= mean }
        }
      }
    }
    return values.map { Float($0) }
  }

  static func network(_ c: Case, algorithm: ConvolutionAlgorithm, threads: Int = 2) throws -> Network {
    ComputePool.configure(threadCount: threads)
    let graph = try ModelRegistry.make(c.name, width: 32, classes: c.classes, settings: c.settings)
    let network = try Network(
      graph: graph, images: c.images, height: c.size, width: c.size, seed: 0, options: PlanOptions(algorithms: .fixed(algorithm)))
    let shapes = Dictionary(uniqueKeysWithValues: network.parameterNames.map { ($0.name, $0.shape) })
    let tensors = try c.parameterNames.enumerated().map { k, name in
      let shape = try #require(shapes[name], "\(name)")
      return NamedTensor(name: name, shape: shape, values: weights(name, shape, number: k + 1, shift: c.shift))
    }
    try network.load(tensors, into: network.parameters)
    return network
  }

  /// Runs a step on the oracle's images; the gradients are in the network.
  static func step(_ c: Case, _ network: Network, _ pass: TestPass) throws -> Double {
    ResidualNetworkTests.fill(pass, seed: c.seed)
    try pass.forward()
    let labels = (0..<c.images).map { Int(ResidualNetworkTests.mixed(600_000, $0) >> 16) % c.classes }
    var loss = ResidualNetworkTests.crossEntropy(try pass.logits, try pass.logitsGradient, labels, weight: 1)
    for (port, use) in ports(network.graph) where use == .gradient && port != .logits {
      let rows = try pass.plan.rows(port)
      let gradient = try #require(rows.gradient)
      if port == .projection {
        rows.values.buffer.withFloats { values in
          gradient.buffer.withFloats { gradients in
            for image in 0..<c.images {
              for k in 0..<rows.values.classes {
                let weight = uniform(700_000, image * rows.values.classes + k) / Double(c.images)
                loss += weight * Double(values[rows.values.index(image: image, row: 0, class: k)])
                gradients[gradient.index(image: image, row: 0, class: k)] = Float(weight)
              }
            }
          }
        }
      } else {
        loss += 0.5 * ResidualNetworkTests.crossEntropy(rows.values, gradient, labels, weight: 0.5)
      }
    }
    try pass.backward()
    return loss
  }

  /// All ports that are rows of images: the features are only read.
  static func ports(_ graph: Graph) -> [Networks.Port: PortUse] {
    let ports = graph.ports.map(\.port).filter { $0 != .featureMap }
    return Dictionary(uniqueKeysWithValues: ports.map { ($0, $0 == .features ? .values : .gradient) })
  }

  /// With direct algorithms at most twice PyTorch's own error in float32; with transforms 3e-4 of the norm.
  @Test(arguments: 0..<9, [ConvolutionAlgorithm.direct, .tiledWinograd])
  func matchesPyTorch(index: Int, algorithm: ConvolutionAlgorithm) throws {
    let c = try Self.file().cases[index]
    let network = try Self.network(c, algorithm: algorithm)
    #expect(network.parameterCount == c.parameterCount)
    #expect(Set(network.parameterNames.map(\.name)) == Set(c.parameterNames))
    let plan = try network.trainingPlan(images: c.images, height: c.size, width: c.size, ports: Self.ports(network.graph))
    #expect(plan.report.activationReorders.isEmpty)
    #expect(!plan.report.kernels.contains { $0.implementation.hasPrefix("ref") })
    let pass = TestPass(network, plan)
    let loss = try Self.step(c, network, pass)
    #expect(abs(loss - c.loss) < 1e-6 * abs(c.loss), "\(loss), PyTorch \(c.loss)")
    let isDirect = algorithm == .direct
    func check(_ name: String, _ values: [Float]) throws {
      let expected = try #require(c.tensors[name], "\(name)")
      let error = Self.squaredError(values, expected).squareRoot() / expected.norm
      #expect(error <= (isDirect ? 2 * expected.drift : 3e-4), "\(c.name) \(name): \(error), PyTorch's float32 \(expected.drift)")
    }
    for port in Self.ports(network.graph).keys {
      let rows = try plan.rows(port).values
      #expect(rows.rowsPerImage == 1 && rows.images == c.images)
      try check(port.name, NetworkOracleTests.logitValues(rows))
    }
    let norm = c.tensors.filter { $0.key.hasPrefix("gradient ") }.reduce(0) { $0 + $1.value.norm * $1.value.norm }.squareRoot()
    var squares = 0.0
    for tensor in try network.canonicalTensors(of: network.gradients) {
      let expected = try #require(c.tensors["gradient \(tensor.name)"], "\(tensor.name)")
      let square = Self.squaredError(tensor.values, expected)
      squares += square
      // A single tensor may have more bad luck than PyTorch's, and four projections tell its error roughly. Some gradients are zero by
      // their mathematics: a shift that another batch norm takes away again.
      let limit = isDirect ? 1e-6 + 8 * expected.drift : 1e-3
      #expect(
        square.squareRoot() < limit * expected.norm + 1e-7 * norm,
        "\(tensor.name): \(square.squareRoot() / expected.norm), \(expected.drift)")
    }
    let error = squares.squareRoot() / norm
    #expect(error <= (isDirect ? 2 * c.gradientDrift : 3e-4), "\(c.name) gradient: \(error), PyTorch's float32 \(c.gradientDrift)")
    let inference = try network.inferencePass(images: c.images, height: c.size, width: c.size)
    ResidualNetworkTests.fill(inference, seed: c.seed)
    try inference.forward()
    try check("evaluation", NetworkOracleTests.logitValues(try inference.logits))
  }

  /// One and two threads give the same rows; their layers share out elements, never sums.
  @Test(arguments: [4, 7]) func rowsAreTheSameOnAnyNumberOfThreads(index: Int) throws {
    let c = try Self.file().cases[index]
    let results = try [1, 2].map { threads -> [[Float]] in
      let network = try Self.network(c, algorithm: .direct, threads: threads)
      let plan = try network.inferencePlan(images: c.images, height: c.size, width: c.size, ports: Set(Self.ports(network.graph).keys))
      let pass = TestPass(network, plan)
      ResidualNetworkTests.fill(pass, seed: c.seed)
      try pass.forward()
      return try Self.ports(network.graph).keys.sorted { $0.name < $1.name }.map {
        NetworkOracleTests.logitValues(try plan.rows($0).values)
      }
    }
    #expect(results[0] == results[1])
  }

  /// Names and shapes of all parameters and statistics, as torchvision's `state_dict` has them; it counts batches besides.
  @Test func stateIsTorchvisions() throws {
    for state in try Self.file().states {
      let graph = try ModelRegistry.make(state.name, width: 32, classes: 1000)
      let tensors = graph.nodes.flatMap { node in
        let channels = node.inputs.map { graph.channels(of: $0) }
        return node.layer.parameters(channels).map { ("\(node.name).\($0.name)", $0.shape) }
          + node.layer.statistics(channels).map { ("\(node.name).\($0.name)", [$0.count]) }
      }
      let lines = tensors.map { "\($0) \($1)" }.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
      #expect(lines.count == state.count, "\(state.name)")
      #expect(try SHA256Digest(of: lines.joined(separator: "\n")).description == state.digest, "\(state.name)")
      #expect(Self.parameterCount(graph) == state.parameterCount, "\(state.name)")
    }
  }

  private static func parameterCount(_ graph: Graph) -> Int {
    graph.nodes.flatMap { $0.layer.parameters($0.inputs.map { graph.channels(of: $0) }) }.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  /// The published numbers of parameters, the classifier's left out.
  @Test(arguments: [
    ("resnet20", 269_072), ("resnet32", 463_504), ("resnet44", 657_936), ("resnet56", 852_368), ("resnet10", 4_905_792),
    ("resnet18", 11_176_512), ("resnet50", 23_508_032), ("resnext50", 22_979_904), ("resnet152", 58_143_808),
  ])
  func parametersAreAsPublished(name: String, count: Int) throws {
    let graph = try ModelRegistry.make(name, width: 32, classes: 10)
    let features = graph.channels(of: try graph.value(of: .features))
    #expect(Self.parameterCount(graph) == count + 10 * (features + 1))
    #expect(try graph.value(of: .logits) == graph.output && graph.hasLogitsOfImages)
  }

  @Test func smallNetworkHasThePublishedNumberOfParameters() {
    var options = ResNetClassifierOptions()
    (options.width, options.stem) = (32, .small)
    #expect(Self.parameterCount(.smallResNet10(classes: 10, options: options, inputChannels: 1)) == 1_225_824 + 2570)
  }

  /// Spreads of first values: by the fan-in for CIFAR, by the fan-out for torchvision's, and unit rows for directions.
  @Test func firstValuesAreTheLibrarys() throws {
    func spread(_ values: [Float]) -> Double { (values.reduce(0) { $0 + Double($1) * Double($1) } / Double(values.count)).squareRoot() }
    func tensors(_ model: String, _ settings: [String: SettingValue] = [:], size: Int) throws -> [String: [Float]] {
      let network = try Network(
        graph: ModelRegistry.make(model, width: 8, classes: 100, settings: settings), images: 1, height: size, width: size, seed: 3)
      return Dictionary(uniqueKeysWithValues: try network.canonicalTensors(of: network.parameters).map { ($0.name, $0.values) })
    }
    let cifar = try tensors("resnet32", size: 16)
    #expect(abs(spread(try #require(cifar["layer3.2.conv1.weight"])) / (2.0 / 576).squareRoot() - 1) < 0.02)
    #expect(abs(spread(try #require(cifar["layer3.0.conv1.weight"])) / (2.0 / 288).squareRoot() - 1) < 0.02)
    #expect(abs(spread(try #require(cifar["linear.weight"])) / (2.0 / 64).squareRoot() - 1) < 0.05)
    #expect(try #require(cifar["linear.bias"]?.map(abs).max()) <= 0.125)
    let torchvision = try tensors("resnext50", ["head": "cosine", "learnsHeadScale": true], size: 64)
    #expect(abs(spread(try #require(torchvision["layer2.1.conv2.weight"])) / (2.0 / (256 * 9)).squareRoot() - 1) < 0.02)
    #expect(torchvision["fc.scale"] == [16])
    let rows = try #require(torchvision["fc.weight"])
    for row in 0..<100 {
      let length = rows[row * 2048..<(row + 1) * 2048].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(abs(length - 1) < 1e-6)
    }
    let plain = try tensors("resnet18", size: 64)
    let largest = try #require(plain["fc.weight"]?.map(abs).max())
    #expect(largest <= 1 / Float(512).squareRoot() && largest > 0.99 / Float(512).squareRoot())
    let scaled = try tensors("resnet18", ["head": "scaled"], size: 64)
    #expect(scaled["fc.scaling.scales"] == Array(repeating: 1, count: 100))
  }

  @Test func settingsAreChecked() throws {
    for (model, settings, text) in [
      ("resnet32", ["head": SettingValue.string("cosin")], "cosine"), ("resnet32", ["width": 12], "multiple of 8"),
      ("resnet32", ["headScale": 20], "no head has a factor"), ("resnet50", ["stem": "tiny"], "large"),
      ("resnext50", ["width": 24], "multiple of 16"), ("resnet50", ["projection": .map(["width": 0])], "projection.width"),
      ("resnet50", ["projection": .map(["widht": 3])], "width"), ("resnet50", ["furtherHeads": ["cosine", "none"]], "furtherHeads"),
    ] {
      let error = longtailError { try ModelRegistry.make(model, width: 32, classes: 3, settings: settings) }
      #expect(error?.description.contains(text) == true, "\(String(describing: error))")
      #expect(error?.code == .usage)
    }
  }
}
