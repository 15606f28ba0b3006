import Exchange
import Foundation
import Kernels
import Models
import Networks
import Tensors
import TestSupport
import Testing

@Suite(.computePool) struct ONNXTests {
  /// A layer that no exporter knows.
  private struct Mystery: Layer {
    let kind = "mystery"
    func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape { inputs[0] }
    func compile(_ builder: NodeBuilder) throws -> any PlannedLayer { throw LongtailError(.internalError, "it is not for computing") }
  }

  /// Layers that U-Net and SegNet do not have: strided, dilated and grouped convolutions, addition, average pooling, enlarging, dropout.
  private static func variety() -> Graph {
    var graph = Graph(inputChannels: 3, strideMultiple: 8)
    let start = graph.add(Convolution(filters: 16, kernel: 7, stride: 2, padding: 3, bias: false), named: "stem", to: graph.input)
    var x = graph.add(BatchNormalization(rectified: true), named: "norm", to: start)
    x = graph.add(Pooling(.maximum, kernel: 3, stride: 2, padding: 1), named: "pool", to: x)
    let branch = graph.add(Convolution(filters: 16, kernel: 3, padding: 2, dilation: 2), named: "dilated", to: x)
    let plain = graph.add(BatchNormalization(rectified: false), named: "plain", to: branch)
    x = graph.add(Addition(), named: "sum", to: x, plain)
    x = graph.add(Rectifier(), named: "relu", to: x)
    x = graph.add(Convolution(filters: 16, kernel: 3, padding: 1, groups: 2), named: "grouped", to: x)
    x = graph.add(Pooling(.average, kernel: 2), named: "mean", to: x)
    x = graph.add(Dropout(probability: 0.5), named: "drop", to: x)
    x = graph.add(BilinearResampling(), named: "larger", to: x, plain)
    x = graph.add(Convolution(filters: 8, kernel: 1), named: "head", to: x)
    graph.add(BilinearResampling(), named: "resize", to: x, graph.input)
    return graph
  }

  /// All models that a configuration can name, of several sizes only the smallest; and the variety.
  private static let names =
    ModelRegistry.entries.map(\.name).filter { name in !["34", "50", "101", "152", "44", "56"].contains { name.hasSuffix($0) } } + [
      "variety"
    ]

  /// The same numbers for the same name.
  private static func numbers(_ name: String, _ count: Int) -> [Float] {
    var random = SeededNumbers(seed: name.utf8.reduce(17) { $0 &* 31 &+ Int($1) })
    return (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
  }

  /// A network whose parameters and running statistics are far from their first values.
  private static func network(_ graph: Graph, height: Int, width: Int) throws -> (network: Network, tensors: [NamedTensor]) {
    let network = try Network(
      graph: graph, images: 2, height: height, width: width, seed: 1,
      options: PlanOptions(algorithms: .fixed(.direct), allowsReferenceKernels: true))
    let parameters = network.parameterNames.map { entry -> NamedTensor in
      let raw = numbers(entry.name, entry.shape.reduce(1, *))
      let fan = Float(entry.shape.dropFirst().reduce(1, *))
      let isScale = entry.shape.count == 1 && ["weight", "scale", "scales"].contains { entry.name.hasSuffix($0) }
      return NamedTensor(
        name: entry.name, shape: entry.shape,
        values: raw.map { entry.shape.count > 1 ? $0 * (3 / fan).squareRoot() : isScale ? 1 + 0.3 * $0 : 0.3 * $0 })
    }
    let statistics = network.runningStatistics.map { tensor in
      NamedTensor(
        name: tensor.name, shape: tensor.shape,
        values: numbers(tensor.name, tensor.values.count).map { tensor.name.hasSuffix("var") ? 1 + 0.5 * $0 : 0.2 * $0 })
    }
    try network.load(parameters, into: network.parameters)
    try network.loadRunningStatistics(statistics)
    return (network, parameters + statistics)
  }

  private static func model(_ graph: Graph, _ tensors: [NamedTensor], offsets: [Double] = []) -> TrainedModel {
    TrainedModel(
      graph: graph, tensors: tensors, name: "some", classNames: (0..<graph.channels(of: graph.output)).map { "class \($0) \"é\"" },
      mean: [0.5, 0.25, 0.125], standardDeviation: [1, 2, 4], predictionOffsets: offsets)
  }

  private struct Answer: Decodable {
    var shape: [Int]
    var operatorSet: Int
    var metadata: [String: String]
    var operators: [String]
  }

  @Test(
    .enabled(if: Python.has("onnx", "onnxruntime", "numpy"), "no Python with onnx and onnxruntime (LONGTAIL_PYTHON): no logits compared"),
    arguments: names, [false, true])
  func onnxRuntimeFindsTheSameLogits(name: String, withOffsets: Bool) throws {
    let graph = name == "variety" ? Self.variety() : try ModelRegistry.make(name, width: 8, classes: 5)
    try compare(graph, name, withOffsets: withOffsets)
  }

  /// Classifiers of every kind, bottlenecks and groups.
  @Test(
    .enabled(if: Python.has("onnx", "onnxruntime", "numpy"), "no Python with onnx and onnxruntime (LONGTAIL_PYTHON): no logits compared"),
    arguments: [
      ("resnet50", [:]), ("resnext50", ["head": "scaled"]), ("resnet20", ["head": "cosine", "width": 8]),
      ("resnet20", ["head": "cosine", "learnsHeadScale": true, "furtherHeads": ["linear"]]),
      ("resnet20", ["head": "weightNormalized", "projection": ["hidden": 9, "normalized": true]]),
      ("resnet10-small", ["head": "squashed", "headScale": 20]),
      ("resnet10-small", ["head": "squashed", "projection": ["width": 11, "rectified": true, "classified": true]]),
    ] as [(String, [String: SettingValue])])
  func onnxRuntimeFindsTheSameScores(name: String, settings: [String: SettingValue]) throws {
    try compare(ModelRegistry.make(name, width: 8, classes: 5, settings: settings), "\(name) \(settings.count)", withOffsets: true)
  }

  private func compare(_ graph: Graph, _ name: String, withOffsets: Bool) throws {
    // ResNets of four stages for photographs leave nothing of small images that the library has kernels for.
    let isForPhotographs = try graph.hasLogitsOfImages && graph.coarsestStride() == 32
    let (height, width) = isForPhotographs ? (96, 128) : (32, 48)
    let images = 3
    let (network, tensors) = try Self.network(graph, height: height, width: width)
    let classes = graph.channels(of: graph.output)
    let positions = graph.hasLogitsOfImages ? 1 : height * width
    let offsets = withOffsets ? (0..<classes).map { Double($0) - 1.5 } : []
    let input = Self.numbers("images", images * 3 * height * width)
    let plan = try network.inferencePlan(images: images, height: height, width: width)
    let memory = HostBuffer(floatCount: input.count)
    memory.withFloats { memory in for i in memory.indices { memory[i] = input[i] } }
    try plan.forward(network.parameterSet, images: BatchImages(memory))
    let logits = try plan.logits()
    var expected: [Float] = []
    logits.buffer.withFloats { floats in
      for image in 0..<images {
        for k in 0..<classes {
          for row in 0..<positions {
            expected.append(floats[logits.index(image: image, row: row, class: k)] + Float(withOffsets ? offsets[k] : 0))
          }
        }
      }
    }
    try withTemporaryDirectory { directory in
      let files = ["model.onnx", "input.bin", "output.bin"].map { "\(directory)/\($0)" }
      try Self.model(graph, tensors, offsets: offsets).writeONNX(to: files[0])
      try input.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: files[1])) }
      let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/run_onnx.py").path
      let outcome = try Program(
        Python.interpreter ?? "python3", [script, files[0], files[1], "\(images),3,\(height),\(width)", files[2]]
      ).wait()
      try #require(outcome.exitCode == 0, "\(outcome)")
      let answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8))
      #expect(answer.shape == (graph.hasLogitsOfImages ? [images, classes] : [images, classes, height, width]))
      #expect(answer.operatorSet == ONNXGraph.operatorSet)
      #expect(answer.metadata["mean"] == "[0.5,0.25,0.125]")
      #expect(answer.metadata["strideMultiple"] == "\(graph.strideMultiple)")
      #expect(answer.metadata["classNames"]?.hasPrefix(#"["class 0 \"é\"","class 1"#) == true)
      let output = try Data(contentsOf: URL(fileURLWithPath: files[2]))
      let found = output.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      try #require(found.count == expected.count)
      let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
      let size = expected.map(abs).max() ?? 0
      #expect(error <= 1e-4, "largest difference \(error), largest logit \(size)")
      #expect(size > 0.1, "the logits are no numbers to compare: \(size)")
    }
  }

  /// What the file says, read without ONNX: operators in order, constants with their names.
  @Test func theModelIsWhatTheGraphSays() throws {
    var graph = Graph(inputChannels: 3, strideMultiple: 2)
    var x = graph.add(Convolution(filters: 8, kernel: 3, padding: 1), named: "first", to: graph.input)
    x = graph.add(BatchNormalization(rectified: true), named: "norm", to: x)
    let pooled = graph.add(Pooling(.maximum, kernel: 2), named: "pool", to: x)
    graph.add(MaximumUnpooling(), named: "unpool", to: pooled, pooled)
    let shapes: [(String, [Int])] = [
      ("first.weight", [8, 3, 3, 3]), ("first.bias", [8]), ("norm.weight", [8]), ("norm.bias", [8]), ("norm.running_mean", [8]),
      ("norm.running_var", [8]),
    ]
    let tensors = shapes.map { NamedTensor(name: $0.0, shape: $0.1, values: Self.numbers($0.0, $0.1.reduce(1, *))) }
    let bytes = try Self.model(graph, tensors).onnx()
    var (operations, constants): ([String], [String]) = ([], [])
    func text(_ content: ProtocolFields.Content) -> String {
      if case .bytes(let bytes) = content { String(decoding: bytes, as: UTF8.self) } else { "" }
    }
    func fields(_ content: ProtocolFields.Content) -> ProtocolFields {
      if case .bytes(let bytes) = content { ProtocolFields(bytes) } else { ProtocolFields([]) }
    }
    for (field, content) in ProtocolFields(bytes) where field == 7 {
      for (field, content) in fields(content) {
        if field == 1 { for inner in fields(content) where inner.field == 4 { operations.append(text(inner.content)) } }
        if field == 5 { for inner in fields(content) where inner.field == 8 { constants.append(text(inner.content)) } }
      }
    }
    #expect(operations == ["Conv", "BatchNormalization", "Relu", "MaxPool", "MaxUnpool", "Identity"])
    #expect(constants == shapes.map(\.0))

    let missing = longtailError { try Self.model(graph, Array(tensors.dropLast())).onnx() }
    #expect(missing?.code == .badData && missing?.message.contains("norm.running_var") == true)
    var wrong = tensors
    wrong[1].shape = [4, 2]
    #expect(longtailError { try Self.model(graph, wrong).onnx() }?.message.contains("first.bias") == true)
    graph.add(Mystery(), named: "riddle", to: x)
    let unknown = longtailError { try Self.model(graph, tensors).onnx() }
    #expect(unknown?.code == .usage)
    #expect(unknown?.message == "layer riddle is a mystery, which cannot be written as ONNX")
  }

  @Test func safetensorsHoldTheNumbersAndHowToUseThem() throws {
    try withTemporaryDirectory { directory in
      let tensors = [
        NamedTensor(name: "head.weight", shape: [2, 3, 1, 1], values: [1, 2, 3, 4, 5, 6]),
        NamedTensor(name: "norm.running_var", shape: [2], values: [0.5, 0.25]),
      ]
      var model = Self.model(.unet(width: 8, classes: 2), tensors, offsets: [0.5, -1])
      model.notes["step"] = "7"
      try model.writeSafetensors(to: "\(directory)/model.safetensors")
      let file = try SafetensorsFile(path: "\(directory)/model.safetensors")
      #expect(Set(try file.readAll().map { try $0.namedTensor().name }) == ["head.weight", "norm.running_var"])
      #expect(try file.readAll().first { $0.name == "head.weight" } == StoredTensor(tensors[0]))
      #expect(file.metadata["step"] == "7")
      #expect(file.metadata["predictionOffsets"] == "[0.5,-1.0]")
      #expect(file.metadata["format"] == "pt")
    }
  }
}
