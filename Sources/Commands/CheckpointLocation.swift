import Checkpoints
import Foundation
import Tensors

/// What a path holds: one checkpoint, or a directory of them.
enum CheckpointLocation {
  /// A checkpoint's directory.
  case checkpoint(String)
  /// A directory of checkpoints, that of a run or one that lies elsewhere.
  case store(CheckpointStore)

  /// Looks at a path: a run directory, its `checkpoints`, or a checkpoint, complete or not.
  /// - Throws: `LongtailError(.missingInput)` for anything else.
  init(_ path: String) throws {
    let files = FileManager.default
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard files.fileExists(atPath: trimmed) else { throw LongtailError(.missingInput, "there is no \(trimmed)") }
    let name = URL(fileURLWithPath: trimmed).lastPathComponent
    // One that lost its manifest is still recognized, by its name or by what else is in it.
    let marks = ["MANIFEST.json", "run.json", "model.safetensors"]
    if name.hasPrefix("step-") || marks.contains(where: { files.fileExists(atPath: "\(trimmed)/\($0)") }) {
      self = .checkpoint(trimmed)
      return
    }
    for directory in ["\(trimmed)/checkpoints", trimmed] {
      let store = CheckpointStore(directory: directory)
      guard directory != trimmed || (try? store.steps().isEmpty) == false else { continue }
      guard files.fileExists(atPath: directory) else { continue }
      self = .store(store)
      return
    }
    throw LongtailError(
      .missingInput, "\(trimmed) is neither a run directory nor a checkpoint", advice: "A run directory holds checkpoints/.")
  }
}
