import Kernels
import Models
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// Classifiers and projections: slopes by finite differences, and what training a part of them costs.
@Suite(.computePool) struct RowLayerTests {
  /// A network of few numbers: a convolution and classifiers behind it.
  static func graph(_ options: ClassifierOptions, classes: Int = 5) throws -> Graph {
    var settings: [String: SettingValue] = [
      "width": 8, "head": .string(options.head.rawValue), "furtherHeads": .list(options.furtherHeads.map { .string($0.rawValue) }),
      "learnsHeadScale": .bool(options.learnsHeadScale),
    ]
    if let scale = options.headScale { settings["headScale"] = .double(scale) }
    if let projection = options.projection {
      var map: [String: SettingValue] = [
        "width": .int(projection.width), "rectified": .bool(projection.isRectified), "normalized": .bool(projection.isNormalized),
        "classified": .bool(projection.isClassified),
      ]
      if let hidden = projection.hidden { map["hidden"] = .int(hidden) }
      settings["projection"] = .map(map)
    }
    return try ModelRegistry.make("resnet20", width: 8, classes: classes, settings: settings)
  }

  static func options(_ head: ClassifierHead, _ change: (inout ClassifierOptions) -> Void = { _ in }) -> ClassifierOptions {
    var options = ClassifierOptions()
    options.head = head
    change(&options)
    return options
  }

  static func projection(hidden: Int?, width: Int, rectified: Bool = false, normalized: Bool = false, classified: Bool = false)
    -> ProjectionOptions
  {
    var options = ProjectionOptions()
    (options.hidden, options.width, options.isRectified) = (hidden, width, rectified)
    (options.isNormalized, options.isClassified) = (normalized, classified)
    return options
  }

  static let cases: [ClassifierOptions] = [
    options(.linear), options(.cosine) { $0.headScale = 3 }, options(.scaled) { $0.furtherHeads = [.linear] },
    options(.weightNormalized) { $0.learnsHeadScale = true },
    options(.squashed) {
      $0.learnsHeadScale = true
      $0.headScale = 4
      $0.furtherHeads = [.cosine, .weightNormalized]
    },
    options(.cosine) {
      $0.headScale = 3
      $0.projection = projection(hidden: 11, width: 9, normalized: true)
    },
    options(.cosine) {
      $0.learnsHeadScale = true
      $0.headScale = 2
      $0.projection = projection(hidden: nil, width: 13, rectified: true, classified: true)
    },
  ]

  /// Sums of the rows of all ports with fixed weights, a smooth bend included; writes the gradients.
  static func loss(_ pass: TestPass, _ ports: [Port: PortUse]) throws -> Double {
    var total = 0.0
    for (place, port) in ports.keys.sorted(by: { $0.name < $1.name }).enumerated() {
      let rows = try pass.plan.rows(port)
      let gradient = try #require(rows.gradient)
      rows.values.buffer.withFloats { values in
        gradient.buffer.withFloats { gradients in
          for image in 0..<rows.values.images {
            for k in 0..<rows.values.classes {
              let weight = ResidualNetworkTests.uniform(40 + place, image * rows.values.classes + k)
              let value = Double(values[rows.values.index(image: image, row: 0, class: k)])
              total += weight * value + 0.05 * value * value
              gradients[gradient.index(image: image, row: 0, class: k)] = Float(weight + 0.1 * value)
            }
          }
        }
      }
    }
    return total
  }

  /// The slope along each parameter's own gradient, in inference's numbers: batch norm is frozen, so that each image stands for itself.
  @Test(arguments: cases.indices) func gradientsAreSlopes(index: Int) throws {
    ComputePool.configure(threadCount: 2)
    let graph = try Self.graph(Self.cases[index]).freezingBatchNormalization()
    let network = try Network(
      graph: graph, images: 3, height: 8, width: 8, seed: 5, options: PlanOptions(algorithms: .fixed(.direct)))
    let ports = Dictionary(uniqueKeysWithValues: graph.ports.map(\.port).filter { $0 != .featureMap }.map { ($0, PortUse.gradient) })
    let pass = TestPass(network, try network.trainingPlan(images: 3, height: 8, width: 8, ports: ports))
    ResidualNetworkTests.fill(pass, seed: 7)
    try pass.forward()
    _ = try Self.loss(pass, ports)
    try pass.backward()
    let gradients = try network.canonicalTensors(of: network.gradients)
    let own = ["linear.", "heads.", "projection.", "layer3.2.conv2."]
    var parameters = try network.canonicalTensors(of: network.parameters)
    for (place, gradient) in gradients.enumerated() where own.contains(where: { gradient.name.hasPrefix($0) }) {
      let norm = gradient.values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(norm > 1e-4, "\(gradient.name) has no gradient")
      let original = parameters[place].values
      let size = original.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      // Rounding hides a short step along a few numbers; a long one along many crosses kinks.
      let reach = (gradient.shape.count == 1 ? 0.02 : 2e-3) * max(size, 0.1)
      func moved(by step: Double) throws -> Double {
        parameters[place].values = zip(original, gradient.values).map { Float(Double($0) + step * Double($1) / norm) }
        try network.load(parameters, into: network.parameters)
        try pass.forward()
        return try Self.loss(pass, ports)
      }
      let slope = (try moved(by: reach) - moved(by: -reach)) / (2 * reach)
      parameters[place].values = original
      #expect(abs(slope - norm) < 2e-3 * norm + 2e-5, "\(gradient.name): slope \(slope), the gradient says \(norm)")
    }
    try network.load(parameters, into: network.parameters)
  }

  /// The weights of normalized heads count by their directions: their gradient is at right angles to them.
  @Test func gradientOfDirectionsIsAtRightAngles() throws {
    ComputePool.configure(threadCount: 2)
    let network = try Network(
      graph: Self.graph(Self.options(.cosine)), images: 3, height: 8, width: 8, seed: 5,
      options: PlanOptions(algorithms: .fixed(.direct)))
    let pass = try network.trainingPass(images: 3, height: 8, width: 8)
    ResidualNetworkTests.fill(pass)
    try pass.forward()
    _ = try Self.loss(pass, [.logits: .gradient])
    try pass.backward()
    func weight(_ tensors: [NamedTensor]) throws -> [Float] { try #require(tensors.first { $0.name == "linear.weight" }).values }
    let w = try weight(network.canonicalTensors(of: network.parameters))
    let g = try weight(network.canonicalTensors(of: network.gradients))
    for k in 0..<5 {
      let row = k * 32..<(k + 1) * 32
      let product = row.reduce(0.0) { $0 + Double(w[$1]) * Double(g[$1]) }
      let norm = row.reduce(0.0) { $0 + Double(g[$1]) * Double(g[$1]) }.squareRoot()
      #expect(abs(product) < 1e-5 * norm, "class \(k): \(product) of \(norm)")
    }
  }

  /// A trained factor alone: nothing below it runs backward, and nothing else moves.
  @Test(arguments: [(ClassifierHead.scaled, "linear.scaling.scales"), (.cosine, "linear.scale"), (.linear, "linear.bias")])
  func onlyWhatIsTrainedHasAGradient(head: ClassifierHead, name: String) throws {
    ComputePool.configure(threadCount: 2)
    let graph = try Self.graph(Self.options(head) { $0.learnsHeadScale = head == .cosine })
    func network(_ trained: TrainedParameters) throws -> Network {
      try Network(
        graph: graph, images: 3, height: 8, width: 8, seed: 5, options: PlanOptions(algorithms: .fixed(.direct)), trained: trained)
    }
    let found = try [TrainedParameters.all, .only([name])].map { trained -> [Float] in
      let network = try network(trained)
      let pass = try network.trainingPass(images: 3, height: 8, width: 8)
      if trained != .all {
        #expect(!pass.report.kernels.contains { $0.pass == .backwardData || $0.pass == .backwardWeights })
        #expect(network.trainedSpan.count < 128)
      }
      ResidualNetworkTests.fill(pass)
      try pass.forward()
      _ = try Self.loss(pass, [.logits: .gradient])
      try pass.backward()
      let region = try #require(network.gradientRegions.first { $0.name == name })
      return network.gradients.withFloats { Array($0[region.range]) }
    }
    #expect(found[0] == found[1] && found[0].contains { $0 != 0 })
  }

  /// A rank without images joins with zeros.
  @Test func noImagesGiveNoGradient() throws {
    ComputePool.configure(threadCount: 2)
    let graph = try Self.graph(Self.cases[4])
    let network = try Network(
      graph: graph, images: 2, height: 8, width: 8, seed: 5, options: PlanOptions(algorithms: .fixed(.direct)))
    network.gradients.withFloats { $0.update(repeating: 3) }
    let pass = TestPass(network, try network.trainingPlan(images: 0, height: 8, width: 8))
    try pass.forward()
    #expect(try pass.logits.images == 0)
    try pass.backward()
    #expect(network.gradients.withFloats { $0.allSatisfy { $0 == 0 } })
  }

  /// Weights of the classifier as statistics at its input read them; normalized classifiers have none such.
  @Test func classifierWeightsAreThoseOfTheLogits() throws {
    func weights(_ options: ClassifierOptions) throws -> (weights: [Float], classes: Int, features: Int)? {
      try Network(graph: Self.graph(options), images: 1, height: 8, width: 8, seed: 5).classifierWeights()
    }
    let linear = try #require(try weights(Self.options(.linear)))
    #expect((linear.classes, linear.features, linear.weights.count) == (5, 32, 160))
    #expect(try weights(Self.options(.cosine)) == nil)
    #expect(try weights(Self.options(.scaled)) == nil)
  }
}
