import Datasets
import Detection
import Foundation
import Tensors
import TestSupport
import Testing

/// Faster R-CNN on real ranks, one of which has no image in every second step: see `DetectorProbe`.
@Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH: nothing here was tested"))
struct DetectorTests {
  private struct Outcome {
    let digest: String
    let losses: [[Double]]
    let scores: String
    let inventory: [String]
    let tensors: [String: StoredTensor]
  }

  private func run(
    _ name: String, in directory: String, ranks: Int, objective: String, steps: Int = 5, event: String = "none", _ overrides: [String] = []
  ) throws -> Program.Outcome {
    try Program.run(
      "DetectorProbe", ["\(directory)/\(name)", "\(directory)/\(name)", "\(steps)", event, objective] + overrides, ranks: ranks)
  }

  private func whole(
    _ name: String, in directory: String, ranks: Int, objective: String, steps: Int = 5, _ overrides: [String] = []
  ) throws -> Outcome {
    let ended = try run(name, in: directory, ranks: ranks, objective: objective, steps: steps, overrides)
    try #require(ended.exitCode == 0, "\(objective) on \(ranks) ranks: \(ended)")
    let lines = try String(contentsOfFile: "\(directory)/\(name).txt", encoding: .utf8).components(separatedBy: "\n")
    let tensors = try SafetensorsFile(path: "\(directory)/\(name).safetensors").readAll()
    return Outcome(
      digest: lines[0], losses: lines[1].split(separator: ";").map { $0.split(separator: " ").compactMap { Double($0) } },
      scores: lines[2], inventory: Array(lines[3...]), tensors: Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) }))
  }

  /// Two steps, the second of which leaves a rank without an image. In later ones a sum that is rounded otherwise may lie on the other side of a
  /// rectifier's zero, and single gradients differ by a hundredth.
  @Test(arguments: ["crossEntropy", "eqlv2", "seesaw"]) func stepsAreEqualOnAnyNumberOfRanks(objective: String) throws {
    try withTemporaryDirectory { directory in
      let one = try whole("one", in: directory, ranks: 1, objective: objective, steps: 2)
      #expect(one.losses.count == 2 && one.losses.allSatisfy { $0.count == 3 && $0[2] > 8 })
      #expect(one.tensors["model.roi_heads.box_predictor.cls_score.weight"] != nil)
      for ranks in [2, 3] {
        let many = try whole("on\(ranks)", in: directory, ranks: ranks, objective: objective, steps: 2)
        #expect(many.inventory == one.inventory && Set(many.tensors.keys) == Set(one.tensors.keys))
        // The same anchors and regions are drawn.
        #expect(many.losses.map { $0[2] } == one.losses.map { $0[2] }, "\(many.losses), \(one.losses)")
        for (a, b) in zip(many.losses, one.losses) {
          #expect(abs(a[0] - b[0]) <= 1e-4 * b[0] && abs(a[1] - b[1]) <= 1e-4 * b[1], "\(objective) on \(ranks): \(a), \(b)")
        }
        for (name, expected) in one.tensors where expected.values.integers == nil {
          let (a, b) = (expected.values.doubles ?? [], many.tensors[name]?.values.doubles ?? [])
          let largest = a.map(abs).max() ?? 0
          let error = a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
          #expect(error <= 1e-4 * max(largest, 1e-3), "\(objective), \(name) on \(ranks) ranks: \(error) of \(largest)")
        }
      }
    }
  }

  @Test(arguments: [("eqlv2", 1), ("eqlv2", 3), ("seesaw", 2), ("pat", 2)]) func runsAreResumedExactly(objective: String, ranks: Int) throws
  {
    try withTemporaryDirectory { directory in
      let expected = try whole("whole", in: directory, ranks: ranks, objective: objective)
      let killed = try run("killed", in: directory, ranks: ranks, objective: objective, event: "kill:3")
      #expect(killed.exitCode != 0 && !FileManager.default.fileExists(atPath: "\(directory)/killed.txt"))
      let resumed = try whole("killed", in: directory, ranks: ranks, objective: objective)
      #expect(resumed.digest == expected.digest && resumed.tensors == expected.tensors && resumed.scores == expected.scores)
      #expect(resumed.losses == Array(expected.losses[2...]))
    }
  }

  /// Both networks are one model, under torchvision's names and shapes; what the second stage's optimizer remembers is state.
  @Test func bothStagesArePublished() throws {
    try withTemporaryDirectory { directory in
      let found = try whole("one", in: directory, ranks: 1, objective: "eqlv2", steps: 2)
      for line in [
        "model.backbone.body.conv1.weight  F32  16 x 3 x 7 x 7", "model.backbone.fpn.inner_blocks.0.0.weight  F32  16 x 16 x 1 x 1",
        "model.rpn.head.conv.0.0.weight  F32  16 x 16 x 3 x 3", "model.roi_heads.box_head.fc6.weight  F32  16 x 400",
        "model.roi_heads.box_predictor.cls_score.weight  F32  11 x 16", "model.roi_heads.box_predictor.bbox_pred.bias  F32  44",
        "average.roi_heads.box_head.fc7.weight  F32  16 x 16", "regions.optimizer.momentum.roi_heads.box_head.fc7.weight  F32  16 x 16",
      ] { #expect(found.inventory.contains(line), "\(line)") }
      #expect(found.inventory.contains { $0.hasPrefix("objective.eqlv2.positiveGradients") })
      #expect(!found.inventory.contains { $0.hasPrefix("regions.roi_heads") })
      #expect(found.scores.contains("ap50 "))
    }
  }

  /// Only the class layer moves where nothing else is named: the decoupled stage.
  @Test func aClassLayerIsTrainedAlone() throws {
    try withTemporaryDirectory { directory in
      let layer = [
        "model.trained=[\"roi_heads.box_predictor.cls_score.*\"]", "model.batchNorm=frozen", "training.exponentialMovingAverage=null",
      ]
      let one = try whole("few", in: directory, ranks: 2, objective: "sigmoid", steps: 1, layer)
      let two = try whole("more", in: directory, ranks: 2, objective: "sigmoid", steps: 3, layer)
      func numbers(_ outcome: Outcome, _ name: String) -> [Double] { outcome.tensors["model.\(name)"]?.values.doubles ?? [] }
      for name in [
        "backbone.body.conv1.weight", "rpn.head.bbox_pred.weight", "roi_heads.box_head.fc7.weight",
        "roi_heads.box_predictor.bbox_pred.weight",
      ] {
        #expect(!numbers(one, name).isEmpty && numbers(one, name) == numbers(two, name), "\(name)")
      }
      #expect(numbers(one, "roi_heads.box_predictor.cls_score.weight") != numbers(two, "roi_heads.box_predictor.cls_score.weight"))
    }
  }

  /// The same by the method's own setting, whose class layer has the columns of another objective.
  @Test func aClassLayerIsAStage() throws {
    try withTemporaryDirectory { directory in
      let layer = ["method.name=fasterRCNN", "method.settings={trains: classLayer}", "training.exponentialMovingAverage=null"]
      let one = try whole("few", in: directory, ranks: 1, objective: "seesaw", steps: 1, layer)
      let two = try whole("more", in: directory, ranks: 1, objective: "seesaw", steps: 2, layer)
      let name = "model.backbone.body.bn1.running_mean"
      #expect(one.tensors[name] != nil && one.tensors[name] == two.tensors[name])
      #expect(one.tensors["model.roi_heads.box_predictor.cls_score.weight"]?.shape == [12, 16])
      #expect(
        one.tensors["model.roi_heads.box_predictor.cls_score.weight"] != two.tensors["model.roi_heads.box_predictor.cls_score.weight"])
    }
  }

  /// The odds of the classes are taken out of the bias, and nothing else is touched.
  @Test(arguments: [("sigmoid", 0), ("crossEntropy", 1)]) func oddsAreTakenOutOfTheBias(objective: String, first: Int) throws {
    try withTemporaryDirectory { directory in
      let trained = try whole(
        "run", in: directory, ranks: 1, objective: objective, steps: 1,
        ["epilogue=[{name: regionBiasShift, settings: {frequency: instances, strength: 0.5}}]"])
      let shifted = try SafetensorsFile(path: "\(directory)/run-epilogue.safetensors").readAll()
      let scenes = try ObjectScenes(width: 96, height: 64, train: 6, validation: 3, test: 0, seed: 1)
      var counts = [Double](repeating: 0, count: 10)
      for index in 0..<6 { for object in try scenes.objects(split: .train, index: index) { counts[object.kind.rawValue] += 1 } }
      let total = counts.reduce(0, +)
      #expect(Set(counts).count > 3)
      for tensor in shifted {
        let (before, after) = (trained.tensors["model.\(tensor.name)"]?.values.floats ?? [], tensor.values.floats ?? [])
        guard tensor.name == "roi_heads.box_predictor.cls_score.bias" else {
          #expect(before == after, "\(tensor.name)")
          continue
        }
        for k in 0..<10 {
          let f = min(max(counts[k], 0.5), total - 0.5) / total
          let expected = objective == "sigmoid" ? log((1 - f) / f) : -log(f)
          #expect(abs(Double(after[first + k] - before[first + k]) - 0.5 * expected) < 1e-5, "class \(k), seen \(counts[k]) times")
        }
        if first == 1 { #expect(after[0] == before[0]) }
      }
    }
  }

  /// Retrained on rows that are computed once: only the class layer is another one, and the same on any number of ranks, with learned weights too.
  @Test(arguments: ["none", "meta"]) func classLayersAreRetrainedOnCachedRows(reweighting: String) throws {
    try withTemporaryDirectory { directory in
      let epilogue = [
        "epilogue=[{name: regionClassifier, settings: {steps: 12, images: 3, rows: 10, reweighting: \(reweighting), metaRate: 0.1}}]"
      ]
      var made: [[String: NamedTensor]] = []
      for ranks in [1, 2, 3] {
        let trained = try whole("on\(ranks)", in: directory, ranks: ranks, objective: "sigmoid", steps: 1, epilogue)
        let tensors = try SafetensorsFile(path: "\(directory)/on\(ranks)-epilogue.safetensors").readAll()
        let found = Dictionary(uniqueKeysWithValues: try tensors.map { ($0.name, try $0.namedTensor()) })
        for (name, tensor) in found {
          let before = trained.tensors["model.\(name)"]?.values.floats
          if name.contains("cls_score") { #expect(before != tensor.values) } else { #expect(before == tensor.values, "\(name)") }
        }
        made.append(found)
      }
      for name in ["weight", "bias"].map({ "roi_heads.box_predictor.cls_score.\($0)" }) {
        let one = try #require(made[0][name]).values
        let largest = one.map(abs).max() ?? 0
        #expect(largest > 0.02)
        for other in made[1...] {
          let error = zip(one, try #require(other[name]).values).map { abs($0 - $1) }.max() ?? .infinity
          #expect(error <= 2e-3 * largest, "\(name): \(error) of \(largest)")
        }
      }
    }
  }
}
