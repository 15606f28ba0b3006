import BuiltInTasks
import Detection
import Exchange
import Foundation
import Images
import Models
import Networks
import Objectives
import Tasks
import Tensors
import TestSupport
import Testing

/// Whole detectors beside ONNX Runtime: every box that the engine finds, with its class and score.
@Suite(.serialized, .computePool) struct DetectorONNXTests {
  private struct Answer: Decodable {
    var boxes: [Float]
    var scores: [Float]
    var labels: [Int]
    var metadata: [String: String]
  }

  private static let canvas = ImageSize(width: 128, height: 96)
  private static let covered = (width: 117, height: 80)

  private static func detector(_ form: RegionForm) -> Detector {
    var options = FasterRCNNOptions()
    (options.backboneWidth, options.pyramidChannels, options.headWidth, options.rows) = (16, 16, 32, 4)
    (options.proposals, options.detections, options.canonicalSize) = (40, 30, 56)
    // Scores of an untrained head lie close together.
    options.scoreThreshold = form == .softmax ? 0.15 : form == .softmaxWithObjectness ? 0 : 0.0005
    options.anchorSizes = [10, 20, 40, 60, 90]
    return Detector(options, classes: 5, form: form)
  }

  private static func model(_ detector: Detector) throws -> (network: Network, model: TrainedModel) {
    let network = try Network(graph: detector.graph(.eighteen), images: 1, height: canvas.height, width: canvas.width, seed: 4)
    // Codes and scores that differ: heads begin with next to nothing.
    for part in network.parts {
      for tensor in part.parameterTensors where tensor.name.contains("cls_") || tensor.name.contains("bbox_pred") {
        let random = CounterRandom(seed: 8, purpose: .testing, sample: tensor.name.utf8.reduce(0) { 31 &* $0 &+ Int($1) } & 0xFFFF)
        let isWeight = tensor.name.hasSuffix("weight")
        let values = try tensor.read(part.parameters).indices.map { place in
          Float(random.uniform(place, in: -1...1) * (isWeight ? (tensor.name.hasPrefix("rpn") ? 0.4 : 1.5) : 0.1))
        }
        try tensor.write(values, part.parameters)
      }
    }
    let tensors = try network.parts.flatMap { try $0.canonicalTensors(of: $0.parameters) + $0.runningStatistics }
    return (
      network,
      TrainedModel(
        graph: network.graph, tensors: tensors, name: "fasterRCNN-resnet18", classNames: ["a", "b", "c", "d", "e"],
        mean: [0.5, 0.5, 0.5], standardDeviation: [0.2, 0.2, 0.2])
    )
  }

  @Test(
    .enabled(if: Python.has("onnx", "onnxruntime", "numpy"), "no Python with onnx and onnxruntime (LONGTAIL_PYTHON): nothing was compared"),
    arguments: RegionForm.allCases)
  func onnxRuntimeFindsTheSameBoxes(form: RegionForm) throws {
    let detector = Self.detector(form)
    let (network, model) = try Self.model(detector)
    let count = 3 * Self.canvas.width * Self.canvas.height
    let random = CounterRandom(seed: 2, purpose: .testing)
    let input = (0..<count).map { place -> Float in
      let (row, column) = (place / Self.canvas.width % Self.canvas.height, place % Self.canvas.width)
      return row < Self.covered.height && column < Self.covered.width ? Float(random.uniform(place, in: -2...2)) : 0
    }
    let memory = HostBuffer(floatCount: count)
    memory.withFloats { for i in $0.indices { $0[i] = input[i] } }
    let plan = try network.inferencePlan(images: 1, height: Self.canvas.height, width: Self.canvas.width, ports: Set(Detector.ports))
    try plan.forward(network.parameterSet, images: BatchImages(memory))
    let expected = try DetectorInference(detector).predictions(
      NetworkOutputs(of: plan, network, network.parameterSet), image: 0, input: Self.canvas, size: Self.covered)
    #expect(expected.count >= 5 && Set(expected.map(\.label)).count > 1, "\(expected.count) boxes are little to compare")

    try withTemporaryDirectory { directory in
      let files = ["model.onnx", "input.bin"].map { "\(directory)/\($0)" }
      var file = DetectorONNX(model, detector, canvas: Self.canvas)
      try Data(try file.bytes()).write(to: URL(fileURLWithPath: files[0]))
      try input.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: files[1])) }
      let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/run_detector.py").path
      let outcome = try Program(
        Python.interpreter ?? "python3",
        [script, files[0], files[1], "1,3,\(Self.canvas.height),\(Self.canvas.width)", "\(Self.covered.width),\(Self.covered.height)"]
      ).wait()
      try #require(outcome.exitCode == 0, "\(outcome)")
      let answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8))
      #expect(answer.metadata["canvas"] == "128x96" && answer.metadata["classNames"]?.contains("\"e\"") == true)
      try #require(answer.scores.count == expected.count, "\(form): \(answer.scores.count) boxes, expected \(expected.count)")
      // Of scores that are equal to rounding either may stand first.
      var isTaken = [Bool](repeating: false, count: expected.count)
      for (place, own) in expected.enumerated() {
        let found = answer.scores.indices.first { other in
          let box = Array(answer.boxes[4 * other..<4 * other + 4])
          let distances = zip(box, [own.box.left, own.box.top, own.box.right, own.box.bottom]).map { abs($0 - $1) }
          return !isTaken[other] && answer.labels[other] == own.label && abs(answer.scores[other] - own.score) < 1e-4
            && distances.allSatisfy { $0 < 0.02 }
        }
        #expect(found.map { abs($0 - place) <= 1 } == true, "\(form): box \(place), \(own), is at \(found.map { "\($0)" } ?? "no place")")
        if let found { isTaken[found] = true }
      }
    }
  }

  /// Tensors of another network are refused by name.
  @Test func missingTensorsAreNamed() throws {
    let detector = Self.detector(.sigmoid)
    var (_, model) = try Self.model(detector)
    model.tensors.removeAll { $0.name == "roi_heads.box_head.fc7.weight" }
    var file = DetectorONNX(model, detector, canvas: Self.canvas)
    #expect(longtailError { try file.bytes() }?.message.contains("fc7") == true)
  }
}
