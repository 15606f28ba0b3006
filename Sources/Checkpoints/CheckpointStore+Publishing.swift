import Foundation
import Tensors

extension CheckpointStore {
  /// Makes the directory ready for writing: creates it and puts away what a killed writer left behind.
  ///
  /// Only for the process that owns the directory: a temporary directory of a writer still alive would be taken away.
  /// - Returns: the names of what was removed, or put back in its place.
  /// - Throws: `LongtailError` with code `inputOutput`.
  @discardableResult
  package func prepareForWriting() throws -> [String] {
    try files.makeDirectory(directory)
    let names = try files.names(in: directory)
    var treated: [String] = []
    for name in names where name.hasPrefix(Self.replacedPrefix) {
      // Killed while a checkpoint was being replaced by another one of the same step.
      let original = String(name.dropFirst(Self.replacedPrefix.count))
      if names.contains(original) {
        try files.remove("\(directory)/\(name)")
      } else {
        try files.rename("\(directory)/\(name)", to: "\(directory)/\(original)")
      }
      treated.append(name)
    }
    for name in names where name.hasPrefix(Self.temporaryPrefix) || name.hasPrefix(Self.trashPrefix) {
      try files.remove("\(directory)/\(name)")
      treated.append(name)
    }
    if !treated.isEmpty { try files.synchronizeDirectory(directory) }
    return treated
  }

  /// Writes a checkpoint and publishes it by one rename; a checkpoint of the same step is replaced.
  ///
  /// When this returns, the checkpoint survives a power failure, and its manifest was read back. When it throws, what was there before is
  /// still there. Needs twice the checkpoint's size of free space, so that logs do not run out of it next.
  /// - Throws: `LongtailError` with code `inputOutput` for a full disk and every other failure to write; the temporary directory is
  ///   removed.
  @discardableResult
  package func publish(_ contents: CheckpointContents) throws -> Published {
    let step = contents.run.globalStep
    if step < 0 { throw LongtailError(.internalError, "a checkpoint of step \(step) cannot be published") }
    var contents = contents
    contents.run.formatVersion = RunRecord.currentFormatVersion
    contents.run.savedAt = Date().timeIntervalSince1970
    try files.makeDirectory(directory)
    try checkSpace(for: contents)
    let name = Self.name(step: step)
    let temporary = "\(directory)/\(Self.temporaryPrefix)\(name)-\(getpid())"
    do {
      try files.remove(temporary)
      try files.makeDirectory(temporary)
      try write(contents, into: temporary)
      try files.synchronizeDirectory(temporary)
      try place(temporary, as: name)
    } catch {
      try? files.remove(temporary)
      throw Self.writingFailure(error, name: name)
    }
    // It is published: a hint that cannot be written must not make it look failed.
    try? writeHint(name)
    let path = "\(directory)/\(name)"
    do {
      return Published(step: step, path: path, manifest: try manifest(path: path, step: step), run: contents.run)
    } catch {
      throw LongtailError(.inputOutput, "checkpoint \(name) was written, but cannot be read back: \(Self.reason(error))")
    }
  }

  private func checkSpace(for contents: CheckpointContents) throws {
    let text = contents.run.configurationText.utf8.count + contents.run.algorithmChoices.utf8.count
    let tensors = contents.model.count + contents.optimizer.count + contents.state.count
    let needed = 2 * (contents.byteCount + text + 512 * tensors + 65536)
    let available: Int
    do {
      available = try files.availableBytes(directory)
    } catch { throw Self.writingFailure(error, name: Self.name(step: contents.run.globalStep)) }
    if available < needed {
      throw LongtailError(
        .inputOutput,
        "checkpoint \(Self.name(step: contents.run.globalStep)) needs \(needed) free bytes in '\(directory)', there are \(available)",
        advice: "Free some space, or keep fewer checkpoints.")
    }
  }

  private func write(_ contents: CheckpointContents, into temporary: String) throws {
    var listed: [String: CheckpointManifest.File] = [:]
    var tensors: [String: [String: String]] = [:]
    for (file, stored) in contents.tensorFiles {
      listed[file] = try writeDigested("\(temporary)/\(file)") { try SafetensorsFile.encode(stored, to: $0) }
      tensors[file] = Dictionary(stored.map { ($0.name, $0.digest.description) }) { first, _ in first }
    }
    let record = try CheckpointJSON.encode(contents.run)
    listed[CheckpointFile.run] = try writeDigested("\(temporary)/\(CheckpointFile.run)") { try record.withUnsafeBytes($0) }
    let manifest = CheckpointManifest(
      formatVersion: RunRecord.currentFormatVersion, step: contents.run.globalStep, files: listed, tensors: tensors,
      digest: try CheckpointContents.digest(ofFiles: listed.mapValues(\.sha256)))
    let bytes = try manifest.encoded()
    try files.writeFile("\(temporary)/\(CheckpointFile.manifest)") { try $0.write(bytes) }
  }

  private func writeDigested(
    _ path: String, _ produce: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> CheckpointManifest.File {
    let stream = try SHA256Digest.Stream()
    var count = 0
    try files.writeFile(path) { output in
      try produce { bytes in
        try stream.update(bytes)
        count += bytes.count
        try output.write(bytes)
      }
    }
    return CheckpointManifest.File(bytes: count, sha256: try stream.finish().description)
  }

  private func place(_ temporary: String, as name: String) throws {
    let target = "\(directory)/\(name)"
    let replaced = "\(directory)/\(Self.replacedPrefix)\(name)"
    let isReplacement = files.exists(target)
    if isReplacement {
      try files.remove(replaced)
      try files.rename(target, to: replaced)
    }
    do {
      try files.rename(temporary, to: target)
    } catch {
      if isReplacement { try? files.rename(replaced, to: target) }
      throw error
    }
    try files.synchronizeDirectory(directory)
    if isReplacement { try? discard(Self.replacedPrefix + name) }
  }

  private func writeHint(_ name: String) throws {
    let temporary = "\(directory)/\(Self.temporaryPrefix)\(Self.latestName)-\(getpid())"
    try files.remove(temporary)
    try files.writeFile(temporary) { try $0.write(Array("\(name)\n".utf8)) }
    try files.rename(temporary, to: "\(directory)/\(Self.latestName)")
    try files.synchronizeDirectory(directory)
  }

  /// Removes a directory so that a kill in the middle leaves nothing that looks like a checkpoint.
  func discard(_ name: String) throws {
    let trash = "\(directory)/\(Self.trashPrefix)\(name)-\(getpid())"
    try files.remove(trash)
    try files.rename("\(directory)/\(name)", to: trash)
    try files.synchronizeDirectory(directory)
    try files.remove(trash)
  }

  private static func writingFailure(_ error: any Error, name: String) -> any Error {
    guard let error = error as? LongtailError else {
      return LongtailError(.inputOutput, "checkpoint \(name) could not be written: \(error)")
    }
    return LongtailError(error.code, "checkpoint \(name) could not be written: \(error.message)", advice: error.advice)
  }
}
