import Checkpoints
import Foundation
import Tensors

/// A small checkpoint whose numbers all tell the step.
func contents(step: Int, value: Float? = nil) -> CheckpointContents {
  let values = [Float](repeating: value ?? Float(step), count: 6)
  var run = RunRecord()
  run.globalStep = step
  run.epoch = step / 10
  run.consumedSamples = step * 8
  run.seed = .max
  run.configurationText = "model: unet\nname: \"Größe\"\n"
  run.configurationDigest = "00ff"
  run.worldSize = 4
  run.classNames = ["road", "sky"]
  run.versions = ["longtail": "1"]
  run.metrics = ["meanIoU": 0.1, "iou/sky": .nan, "worst": -.infinity]
  run.best = [RunRecord.Best(metric: "meanIoU", value: 0.1, step: step)]
  run.elapsedSeconds = 0.1 + 0.2
  run.counters = ["notFinite": 3]
  return CheckpointContents(
    model: [NamedTensor(name: "a.weight", shape: [2, 3], values: values), NamedTensor(name: "a.running_mean", shape: [], values: [.nan])],
    optimizer: [NamedTensor(name: "a.weight.firstMoment", shape: [2, 3], values: values)],
    state: [StoredTensor(name: "stepCount", Int64(step)), StoredTensor(name: "classStatistics", [0.1, -0.0])], run: run)
}

extension CheckpointStore {
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: directory).sorted()) ?? [] }
}

/// Counts the operations on the disk, and from one on fails them.
final class Fault: @unchecked Sendable {
  enum Kind {
    /// One operation fails, as with a full disk.
    case once
    /// All later ones fail as well: for the disk, the process is dead.
    case forGood
  }

  private let lock = NSLock()
  private let kind: Kind
  private let failing: Int
  private(set) var count = 0
  private(set) var operations: [FileSystem.Operation] = []

  init(_ kind: Kind, at failing: Int) {
    self.kind = kind
    self.failing = failing
  }

  var files: FileSystem { files(space: nil) }

  func files(space: Int?) -> FileSystem {
    FileSystem(space: space) { operation, path in
      self.lock.lock()
      defer { self.lock.unlock() }
      self.count += 1
      self.operations.append(operation)
      if self.count == self.failing || (self.kind == .forGood && self.count > self.failing) {
        throw LongtailError.inputOutput("cannot \(operation.rawValue)", path, errno: ENOSPC)
      }
    }
  }
}
