import Foundation
import Kernels
import Models
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// Weights in the names of torchvision and timm.
@Suite(.computePool) struct PretrainedTests {
  static func network(classes: Int, seed: UInt64 = 1, model: String = "fcn-resnet18") throws -> Network {
    let graph = try ModelRegistry.make(model, width: 8, classes: classes, settings: model == "unet" ? [:] : ["dropout": 0.0])
    return try Network(
      graph: graph, images: 1, height: 48, width: 48, seed: seed, options: PlanOptions(algorithms: .fixed(.direct)))
  }

  /// All tensors of a network as a file of torchvision has them, counters of batches included.
  static func tensors(of network: Network) throws -> [StoredTensor] {
    let all = try network.canonicalTensors(of: network.parameters) + network.runningStatistics
    let counters = network.runningStatistics.filter { $0.name.hasSuffix("mean") }.map {
      StoredTensor(name: $0.name.replacingOccurrences(of: "running_mean", with: "num_batches_tracked"), 7)
    }
    return all.map { StoredTensor($0) } + counters
  }

  @Test func wholeNetworkIsTaken() throws {
    let (from, to) = (try Self.network(classes: 5), try Self.network(classes: 5, seed: 2))
    from.runningStatisticsBuffer.withFloats { for i in $0.indices { $0[i] = 0.5 + Float(i % 7) } }
    let file = try Self.tensors(of: from)
    let report = try to.loadPretrained(file, skipsHead: false, source: "file")
    #expect(report.missing.isEmpty && report.unexpected.isEmpty && report.skipped.isEmpty)
    #expect(report.matched.count + report.counters.count == file.count)
    let (a, b) = (try from.canonicalTensors(of: from.parameters), try to.canonicalTensors(of: to.parameters))
    #expect(a == b && from.runningStatistics == to.runningStatistics)
    let lines = report.lines(file: "x.safetensors")
    #expect(lines[1].hasPrefix("  matched: \(report.matched.count): backbone.conv1 (1), backbone.bn1 (4), "), "\(lines)")
    #expect(lines[2] == "  missing, left at their first values: 0" && lines[3] == "  unexpected, not used: 0")
  }

  /// Names of a classifier's backbone: without the prefix, with a layer that is not needed.
  @Test func backboneAloneIsTaken() throws {
    let (from, to) = (try Self.network(classes: 5), try Self.network(classes: 9, seed: 2))
    var file = try Self.tensors(of: from).filter { $0.name.hasPrefix("backbone.") }
    for i in file.indices { file[i].name.removeFirst("backbone.".count) }
    file.append(StoredTensor(NamedTensor(name: "fc.weight", shape: [2, 2], values: [1, 2, 3, 4])))
    let report = try to.loadPretrained(file, skipsHead: false, source: "file")
    #expect(report.unexpected == ["fc.weight"])
    #expect(!report.missing.isEmpty && report.missing.allSatisfy { $0.contains("classifier.") })
    #expect(report.matched.allSatisfy { $0.hasPrefix("backbone.") })
    func values(_ network: Network) throws -> [[Float]] {
      try network.canonicalTensors(of: network.parameters).filter { $0.name.hasPrefix("backbone.") }.map(\.values)
    }
    let (a, b) = (try values(from), try values(to))
    #expect(a == b)
    // A part of a backbone is never wanted.
    let error = #expect(throws: LongtailError.self) {
      try to.loadPretrained(Array(file.dropFirst(3)), skipsHead: false, source: "part.safetensors")
    }
    #expect(error?.message.contains("backbone.conv1.weight") == true && error?.message.contains("part.safetensors") == true)
  }

  @Test func otherClassesNeedPermission() throws {
    let (from, to) = (try Self.network(classes: 5), try Self.network(classes: 9, seed: 2))
    let file = try Self.tensors(of: from)
    let before = try to.canonicalTensors(of: to.parameters)
    let error = #expect(throws: LongtailError.self) { try to.loadPretrained(file, skipsHead: false, source: "file") }
    #expect(
      error?.message.contains("classifier.4.weight is [5, 128, 1, 1], the network has [9, 128, 1, 1]") == true,
      "\(String(describing: error))")
    #expect(error?.advice?.contains("pretrainedHead: skip") == true && error?.code == .badData)
    let untouched = try to.canonicalTensors(of: to.parameters)
    #expect(untouched == before)
    let report = try to.loadPretrained(file, skipsHead: true, source: "file")
    #expect(
      Set(report.skipped) == ["classifier.4.weight", "classifier.4.bias", "aux_classifier.4.weight", "aux_classifier.4.bias"])
    #expect(report.missing.isEmpty && report.unexpected.isEmpty)
    let names = Set(report.skipped)
    for (tensor, former) in zip(try to.canonicalTensors(of: to.parameters), before) where names.contains(tensor.name) {
      #expect(tensor == former)
    }
  }

  @Test func otherFilesAreRefused() throws {
    let to = try Self.network(classes: 5)
    let foreign = try Self.tensors(of: Self.network(classes: 5, model: "unet"))
    let error = #expect(throws: LongtailError.self) { try to.loadPretrained(foreign, skipsHead: false, source: "file") }
    #expect(error?.message.contains("no tensor of this network") == true)
    var file = try Self.tensors(of: to)
    file[0].shape = [file[0].shape[0] * file[0].shape[1]] + file[0].shape[2...]
    let other = #expect(throws: LongtailError.self) { try to.loadPretrained(file, skipsHead: true, source: "file") }
    #expect(other?.message.contains("\(file[0].name) is ") == true && other?.advice?.contains("model.name") == true)
  }

  /// A network without a backbone is frozen as a whole: training then computes what inference does.
  @Test func frozenNetworkComputesAsInference() throws {
    ComputePool.configure(threadCount: 2)
    let graph = try ModelRegistry.make("unet", width: 8, classes: 5).freezingBatchNormalization()
    let network = try Network(
      graph: graph, images: 2, height: 32, width: 48, seed: 1, options: PlanOptions(algorithms: .fixed(.direct)))
    network.runningStatisticsBuffer.withFloats { for i in $0.indices { $0[i] = 0.5 + Float(i % 5) / 8 } }
    let statistics = network.runningStatistics
    let plans = [
      try network.trainingPass(images: 2, height: 32, width: 48), try network.inferencePass(images: 2, height: 32, width: 48),
    ]
    let logits = try plans.map { plan in
      ResidualNetworkTests.fill(plan)
      try plan.forward()
      return NetworkOracleTests.logitValues(try plan.logits)
    }
    #expect(logits[0].contains { $0 != 0 })
    for (a, b) in zip(logits[0], logits[1]) { #expect(abs(a - b) < 1e-4 * max(1, abs(b))) }
    #expect(network.runningStatistics == statistics)
  }

  @Test func frozenBatchNormTakesNoStatistics() throws {
    ComputePool.configure(threadCount: 2)
    let graph = try ModelRegistry.make("fcn-resnet18", width: 8, classes: 5, settings: ["dropout": 0.0]).freezingBatchNormalization()
    let network = try Network(
      graph: graph, images: 2, height: 40, width: 48, seed: 1, options: PlanOptions(algorithms: .fixed(.direct)))
    // About what the activations have: with means far above them every ReLU would be dead.
    let statistics = network.runningStatistics.map { tensor in
      let isMean = tensor.name.hasSuffix("mean")
      let values = tensor.values.indices.map { isMean ? Float($0 % 5 - 2) / 50 : 0.04 + Float($0 % 5) / 100 }
      return NamedTensor(name: tensor.name, shape: tensor.shape, values: values)
    }
    try network.loadRunningStatistics(statistics)
    let training = try network.trainingPass(images: 2, height: 40, width: 48)
    ResidualNetworkTests.fill(training)
    try training.forward()
    let labels = (0..<(2 * 40 * 48)).map { Int(ResidualNetworkTests.mixed(5, $0) >> 16) % 5 }
    let weight = graph.auxiliaryWeights[0]
    func loss(_ pass: TestPass) throws -> Double {
      let auxiliary = try pass.plan.rows(.auxiliary(0))
      return ResidualNetworkTests.crossEntropy(try pass.logits, try pass.logitsGradient, labels, weight: 1)
        + weight
        * ResidualNetworkTests.crossEntropy(auxiliary.values, try #require(auxiliary.gradient), labels, weight: weight)
    }
    _ = try loss(training)
    try training.backward()
    let gradients = try network.canonicalTensors(of: network.gradients)
    #expect(network.frozenRegions.count == 2 * 20)
    for tensor in gradients where tensor.name.hasPrefix("backbone.") {
      let isNorm = tensor.name.contains(".bn") || tensor.name.contains("downsample.1")
      #expect(tensor.values.allSatisfy { $0 == 0 } == isNorm, "\(tensor.name)")
    }
    let now = network.runningStatistics
    for (former, tensor) in zip(statistics, now) { #expect((former == tensor) == former.name.hasPrefix("backbone."), "\(former.name)") }
    // The slope of the loss along the gradient of one convolution of the backbone.
    let name = "backbone.layer3.0.conv2.weight"
    let gradient = try #require(gradients.first { $0.name == name })
    let norm = gradient.values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    var parameters = try network.canonicalTensors(of: network.parameters)
    let place = try #require(parameters.firstIndex { $0.name == name })
    let original = parameters[place].values
    func moved(by step: Double) throws -> Double {
      parameters[place].values = zip(original, gradient.values).map { Float(Double($0) + step * Double($1) / norm) }
      try network.load(parameters, into: network.parameters)
      try training.forward()
      return try loss(training)
    }
    let slope = (try moved(by: 0.002) - moved(by: -0.002)) / 0.004
    #expect(abs(slope - norm) < 0.05 * norm, "\(slope), the gradient says \(norm)")
  }
}

/// Weights of networks that classify images.
extension PretrainedTests {
  private static func classifier(_ settings: [String: SettingValue] = [:], classes: Int = 5, seed: UInt64) throws -> Network {
    try Network(
      graph: ModelRegistry.make("resnet20", width: 8, classes: classes, settings: settings), images: 1, height: 16, width: 16, seed: seed,
      options: PlanOptions(algorithms: .fixed(.direct)))
  }

  /// A second stage begins with the classifier of the first one, and scales of one.
  @Test func scaledHeadBeginsWithALinearOne() throws {
    let (from, to) = (try Self.classifier(seed: 1), try Self.classifier(["head": "scaled"], seed: 2))
    let report = try to.loadPretrained(try Self.tensors(of: from), skipsHead: false, source: "file")
    #expect(report.missing == ["linear.scaling.scales"] && report.unexpected.isEmpty)
    let tensors = try to.canonicalTensors(of: to.parameters)
    #expect(tensors.first { $0.name == "linear.scaling.scales" }?.values == Array(repeating: 1, count: 5))
    let weights = try [from, to].map { network in
      try network.canonicalTensors(of: network.parameters).first { $0.name == "linear.weight" }
    }
    #expect(weights[0] == weights[1])
  }

  /// All classifiers are left out, whatever they consist of; the rest is the backbone, of which nothing may lack.
  @Test func classifiersAreLeftOut() throws {
    let settings: [String: SettingValue] = ["head": "cosine", "learnsHeadScale": true, "furtherHeads": ["scaled", "linear"]]
    let (from, to) = (try Self.classifier(seed: 1), try Self.classifier(settings, classes: 9, seed: 2))
    let file = try Self.tensors(of: from)
    let report = try to.loadPretrained(file, skipsHead: true, source: "file")
    #expect(
      Set(report.skipped) == [
        "linear.weight", "linear.scale", "heads.1.weight", "heads.1.bias", "heads.1.scaling.scales", "heads.2.weight", "heads.2.bias",
      ])
    #expect(report.missing.isEmpty)
    let error = longtailError {
      try to.loadPretrained(file.filter { !$0.name.hasPrefix("layer2.") }, skipsHead: true, source: "file")
    }
    #expect(error?.message.contains("lacks 30 tensors of the backbone: layer2.0.conv1.weight") == true, "\(String(describing: error))")
  }
}
