import Foundation
import Kernels
import Models
import Networks
import Objectives
import Tensors
import TestSupport
import Testing

@testable import Detection

/// torchvision's files: both forms of their names, both shapes of linear layers, the epsilon of their batch norm, other numbers of classes.
@Suite(.serialized, .computePool) struct PretrainedDetectorTests {
  private static func network(classes: Int = 3, seed: UInt64, isFrozen: Bool = true) throws -> Network {
    var options = FasterRCNNOptions()
    (options.backboneWidth, options.pyramidChannels, options.headWidth, options.rows) = (16, 16, 16, 2)
    let graph = Detector(options, classes: classes, form: .softmax).graph(.eighteen)
    return try Network(
      graph: isFrozen ? graph.freezingBatchNormalization() : graph, images: 1, height: 64, width: 64, seed: seed,
      options: PlanOptions(algorithms: .fixed(.direct), allowsReferenceKernels: true))
  }

  /// All tensors of a model, with statistics that are not the first ones.
  private static func tensors(_ network: Network) throws -> [NamedTensor] {
    try network.parts.flatMap { part in
      try part.canonicalTensors(of: part.parameters)
        + part.runningStatistics.map { statistic in
          NamedTensor(
            name: statistic.name, shape: statistic.shape,
            values: statistic.values.indices.map { statistic.name.hasSuffix("var") ? 0.5 + Float($0) / 8 : Float($0) / 16 })
        }
    }
  }

  private static func parameters(_ network: Network) throws -> [[NamedTensor]] {
    try network.parts.map { try $0.canonicalTensors(of: $0.parameters) }
  }

  private static func stored(_ tensors: [NamedTensor]) -> [StoredTensor] { tensors.map { StoredTensor($0) } }

  @Test func presentNamesAreTakenAsTheyAre() throws {
    let (one, other) = (try Self.network(seed: 1), try Self.network(seed: 2))
    let file = try Self.tensors(one)
    let report = try other.loadPretrained(Self.stored(file), skipsHead: false, source: "file")
    #expect(report.missing.isEmpty && report.unexpected.isEmpty && report.matched.count == file.count && report.remarks.isEmpty)
    #expect(try Self.parameters(other) == Self.parameters(one))
    let variance = try #require(other.runningStatistics.first { $0.name == "backbone.body.bn1.running_var" })
    #expect(variance.values[1] == 0.625)
    #expect(file.contains { $0.name == "roi_heads.box_head.fc6.weight" && $0.shape == [16, 16 * 49] })
  }

  /// The published files: names without `.0`, no epsilon in batch norm. Linear layers may also come as kernels.
  @Test func earlyNamesAndKernelsAreUnderstood() throws {
    let (one, other) = (try Self.network(seed: 1), try Self.network(seed: 2))
    let file = try Self.tensors(one).map { tensor in
      var name = tensor.name.replacingOccurrences(of: "rpn.head.conv.0.0.", with: "rpn.head.conv.")
      for stem in ["inner_blocks", "layer_blocks"] {
        for level in 0..<4 { name = name.replacingOccurrences(of: "\(stem).\(level).0.", with: "\(stem).\(level).") }
      }
      let shape = name == "roi_heads.box_head.fc6.weight" ? [16, 16, 7, 7] : tensor.shape
      return NamedTensor(name: name, shape: shape, values: tensor.values)
    }
    #expect(file.contains { $0.name == "backbone.fpn.inner_blocks.2.weight" } && file.contains { $0.name == "rpn.head.conv.weight" })
    let report = try other.loadPretrained(Self.stored(file), skipsHead: false, source: "file")
    #expect(report.missing.isEmpty && report.unexpected.isEmpty && report.remarks.count == 1, "\(report)")
    #expect(report.lines(file: "file").contains { $0.contains("epsilon") })
    #expect(try Self.parameters(other) == Self.parameters(one))
    let variance = try #require(other.runningStatistics.first { $0.name == "backbone.body.layer2.0.bn1.running_var" })
    #expect(variance.values[1] == Float(0.625) - Float(1e-5))
    // A network whose batch norm is not frozen keeps the variances.
    let moving = try Self.network(seed: 2, isFrozen: false)
    #expect(try moving.loadPretrained(Self.stored(file), skipsHead: false, source: "file").remarks.isEmpty)
  }

  @Test func anotherNumberOfClassesKeepsTheRest() throws {
    let file = Self.stored(try Self.tensors(try Self.network(classes: 3, seed: 1)))
    let other = try Self.network(classes: 5, seed: 2)
    let refused = longtailError { try other.loadPretrained(file, skipsHead: false, source: "file") }
    #expect(refused?.message.contains("cls_score.weight is [4, 16]") == true && refused?.message.contains("bbox_pred") == true)
    #expect(refused?.advice?.contains("pretrainedHead") == true)
    let report = try other.loadPretrained(file, skipsHead: true, source: "file")
    #expect(report.skipped.count == 4 && report.missing.isEmpty && report.skipped.allSatisfy { $0.hasPrefix("roi_heads.box_predictor") })
  }

  /// Weights of a backbone for images with one class each: the pyramid and the heads begin anew.
  @Test func aBackboneAloneIsFound() throws {
    let other = try Self.network(seed: 2, isFrozen: false)
    let prefix = "backbone.body."
    var file = try Self.tensors(try Self.network(seed: 1)).filter { $0.name.hasPrefix(prefix) }.map {
      NamedTensor(name: String($0.name.dropFirst(prefix.count)), shape: $0.shape, values: $0.values)
    }
    file.append(NamedTensor(name: "fc.weight", shape: [2, 2], values: [0, 0, 0, 0]))
    let report = try other.loadPretrained(Self.stored(file), skipsHead: false, source: "file")
    #expect(report.unexpected == ["fc.weight"] && report.matched.count == file.count - 1)
    #expect(report.missing.allSatisfy { !$0.hasPrefix(prefix) } && report.missing.contains("roi_heads.box_head.fc6.weight"))
    let partial = longtailError { try other.loadPretrained(Self.stored(Array(file.dropFirst(3))), skipsHead: false, source: "file") }
    #expect(partial?.message.contains("backbone.body.conv1.weight") == true)
  }
}
