import Tensors

extension CheckpointStore {
  /// Finds the newest checkpoint that is complete and whose every file has the size and the SHA-256 in its manifest.
  ///
  /// A damaged one is passed over with its reason and the one before is tried. Cost: reads each checkpoint it looks at once.
  /// - Throws: `LongtailError` with code `inputOutput` where the directory cannot be listed. Damage is not thrown but listed.
  package func latestValid() throws -> Selection {
    var rejected: [Rejected] = []
    for candidate in try candidates() {
      do {
        return Selection(newest: try verify(name: candidate.name, step: candidate.step), rejected: rejected)
      } catch {
        rejected.append(Rejected(name: candidate.name, step: candidate.step, reason: Self.reason(error)))
      }
    }
    return Selection(newest: nil, rejected: rejected)
  }

  /// Verifies every checkpoint, newest first.
  /// - Throws: as `latestValid`.
  package func verifyAll() throws -> (valid: [Published], rejected: [Rejected]) {
    var valid: [Published] = []
    var rejected: [Rejected] = []
    for candidate in try candidates() {
      do {
        valid.append(try verify(name: candidate.name, step: candidate.step))
      } catch {
        rejected.append(Rejected(name: candidate.name, step: candidate.step, reason: Self.reason(error)))
      }
    }
    return (valid, rejected)
  }

  /// Verifies the checkpoint of one step and reads it.
  /// - Throws: `LongtailError`: `missingInput` where there is none, `badData` that names the damaged file.
  package func load(step: Int) throws -> CheckpointContents {
    guard let candidate = try candidates().first(where: { $0.step == step }) else {
      let known = try steps().map { "\($0)" }
      throw LongtailError(
        .missingInput, "'\(directory)' holds no checkpoint of step \(step)",
        advice: known.isEmpty ? "It holds none at all." : "It holds steps \(known.joined(separator: ", ")).")
    }
    return try load(verify(name: candidate.name, step: candidate.step))
  }

  /// Reads a checkpoint that was verified; each tensor's own digest is compared once more.
  /// - Throws: `LongtailError` with code `badData` that names the file and the tensor.
  package func load(_ published: Published) throws -> CheckpointContents {
    var tensors: [String: [StoredTensor]] = [:]
    for file in CheckpointFile.tensorFiles {
      let path = "\(published.path)/\(file)"
      let found = try SafetensorsFile(path: path).readAll()
      let expected = published.manifest.tensors[file] ?? [:]
      for tensor in found where expected[tensor.name] != tensor.digest.description {
        throw LongtailError(.badData, "'\(path)', tensor '\(tensor.name)': its digest differs from the manifest's")
      }
      if found.count != expected.count {
        throw LongtailError(.badData, "'\(path)' holds \(found.count) tensors, the manifest lists \(expected.count)")
      }
      tensors[file] = found
    }
    return CheckpointContents(
      model: try (tensors[CheckpointFile.model] ?? []).map { try $0.namedTensor() },
      optimizer: try (tensors[CheckpointFile.optimizer] ?? []).map { try $0.namedTensor() },
      state: tensors[CheckpointFile.state] ?? [], run: published.run)
  }

  /// Verifies and reads a checkpoint's directory, wherever it lies and whatever it is called.
  /// - Throws: `LongtailError`: `missingInput` where there is none, `badData` that names the damaged file.
  package static func load(directory path: String) throws -> CheckpointContents {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    let store = CheckpointStore(directory: trimmed)
    if !store.files.exists(trimmed) { throw LongtailError(.missingInput, "checkpoint '\(trimmed)' does not exist") }
    do {
      return try store.load(store.verify(path: trimmed, step: nil))
    } catch let error as LongtailError where error.code == .missingInput || error.code == .badData {
      throw LongtailError(.badData, "'\(trimmed)' is not a valid checkpoint: \(error.message)", advice: error.advice)
    }
  }

  private func verify(name: String, step: Int) throws -> Published {
    try verify(path: "\(directory)/\(name)", step: step)
  }

  /// The manifest of a directory, its seal checked, with the sizes of all files checked as well; cheap.
  func manifest(path: String, step: Int?) throws -> CheckpointManifest {
    let place = "\(path)/\(CheckpointFile.manifest)"
    if !files.exists(place) { throw LongtailError(.badData, "it has no \(CheckpointFile.manifest)") }
    let manifest = try CheckpointManifest(bytes: files.read(place))
    if let step, manifest.step != step {
      throw LongtailError(.badData, "\(CheckpointFile.manifest) belongs to step \(manifest.step)")
    }
    for name in CheckpointFile.all {
      guard let expected = manifest.files[name] else {
        throw LongtailError(.badData, "\(CheckpointFile.manifest) does not list \(name)")
      }
      let path = "\(path)/\(name)"
      if !files.exists(path) { throw LongtailError(.badData, "\(name) is missing") }
      let found = try ReadableFile(path: path).byteCount
      if found != expected.bytes {
        let word = found < expected.bytes ? "truncated" : "too long"
        throw LongtailError(.badData, "\(name) is \(word): \(found) bytes, expected \(expected.bytes)")
      }
    }
    return manifest
  }

  func verify(path: String, step: Int?) throws -> Published {
    let manifest = try manifest(path: path, step: step)
    for name in CheckpointFile.all {
      let found = try SHA256Digest(ofFile: "\(path)/\(name)").description
      if found != manifest.files[name]?.sha256 {
        throw LongtailError(.badData, "\(name) is damaged: its SHA-256 differs from the manifest's")
      }
    }
    if try CheckpointContents.digest(ofFiles: manifest.files.mapValues(\.sha256)) != manifest.digest {
      throw LongtailError(.badData, "\(CheckpointFile.manifest) is damaged: its digest does not follow from its files")
    }
    let run: RunRecord
    do {
      run = try CheckpointJSON.decode(RunRecord.self, from: files.read("\(path)/\(CheckpointFile.run)"))
    } catch let error as DecodingError {
      throw LongtailError(.badData, "\(CheckpointFile.run) cannot be understood: \(error)")
    }
    if run.globalStep != manifest.step {
      throw LongtailError(.badData, "\(CheckpointFile.run) is of step \(run.globalStep), the manifest of \(manifest.step)")
    }
    return Published(step: manifest.step, path: path, manifest: manifest, run: run)
  }

  static func reason(_ error: any Error) -> String {
    (error as? LongtailError)?.message ?? "\(error)"
  }
}
