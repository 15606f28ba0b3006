import Exchange
import Foundation
import Kernels
import Models
import Networks
import Tensors
import TestSupport
import Testing

/// Weights of networks for recognition to torchvision and back, with torchvision itself.
@Suite(.computePool) struct TorchvisionTests {
  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("NetworksTests/Oracle/make_recognition_networks.py").path

  private static func network(_ name: String, classes: Int, seed: UInt64) throws -> Network {
    try Network(
      graph: ModelRegistry.make(name, width: 8, classes: classes), images: 1, height: 96, width: 96, seed: seed,
      options: PlanOptions(algorithms: .fixed(.direct)))
  }

  @Test(
    .enabled(
      if: Python.has("torch", "torchvision", "safetensors"),
      "no Python with torch, torchvision and safetensors (LONGTAIL_PYTHON): nothing was loaded by torchvision"),
    arguments: ["resnet18", "resnet50", "resnext50"])
  func weightsGoToTorchvisionAndBack(name: String) throws {
    let network = try Self.network(name, classes: 10, seed: 3)
    let tensors = try network.canonicalTensors(of: network.parameters) + network.runningStatistics
    let model = TrainedModel(
      graph: network.graph, tensors: tensors, name: name, classNames: (0..<10).map { "\($0)" }, mean: [0, 0, 0],
      standardDeviation: [1, 1, 1])
    try withTemporaryDirectory { directory in
      let (own, theirs) = ("\(directory)/own.safetensors", "\(directory)/theirs.safetensors")
      try model.writeSafetensors(to: own)
      // Counters of batches have defaults in torchvision: a strict load of all others is all that can be wanted.
      let loaded = try Program(Python.interpreter ?? "python3", [Self.script, "--load", name, own]).wait()
      #expect(loaded.exitCode == 0 && loaded.output.contains("All keys matched"), "\(loaded)")

      let saved = try Program(Python.interpreter ?? "python3", [Self.script, "--save", name, theirs]).wait()
      try #require(saved.exitCode == 0, "\(saved)")
      let file = try SafetensorsFile(path: theirs)
      let report = try network.loadPretrained(file.readAll(), skipsHead: false, source: theirs)
      #expect(report.missing.isEmpty && report.unexpected.isEmpty && report.matched.count == tensors.count)
      let now = Dictionary(
        uniqueKeysWithValues: (try network.canonicalTensors(of: network.parameters) + network.runningStatistics).map { ($0.name, $0) })
      for tensor in try file.readAll() where !tensor.name.hasSuffix("num_batches_tracked") {
        #expect(try now[tensor.name] == tensor.namedTensor(), "\(tensor.name)")
      }

      // Other classes: the head stays as it was.
      let other = try Self.network(name, classes: 7, seed: 5)
      let head = try other.canonicalTensors(of: other.parameters).filter { $0.name.hasPrefix("fc.") }
      let refusal = longtailError { try other.loadPretrained(file.readAll(), skipsHead: false, source: theirs) }
      #expect(refusal?.message.contains("fc.weight is [10, ") == true && refusal?.advice?.contains("pretrainedHead: skip") == true)
      let partial = try other.loadPretrained(file.readAll(), skipsHead: true, source: theirs)
      #expect(Set(partial.skipped) == ["fc.weight", "fc.bias"] && partial.missing.isEmpty)
      let kept = try other.canonicalTensors(of: other.parameters).filter { $0.name.hasPrefix("fc.") }
      #expect(kept == head)
    }
  }
}
