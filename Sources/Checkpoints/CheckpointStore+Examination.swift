import Tensors

extension CheckpointStore {
  /// Something that is wrong with a checkpoint.
  package struct Damage: Sendable, Equatable, CustomStringConvertible {
    /// The file, by its name in the checkpoint's directory.
    package let file: String
    /// The tensor in it, where the damage can be placed that closely.
    package let tensor: String?
    /// How it differs from the manifest.
    package let reason: String

    /// File, tensor and reason.
    package var description: String { "\(file)\(tensor.map { ", tensor '\($0)'" } ?? ""): \(reason)" }
  }

  /// What reading every byte of a checkpoint found.
  package struct Examination: Sendable, Equatable {
    /// The directory.
    package let path: String
    /// The step, from the manifest or, where that cannot be read, from the directory's name; nil where neither has it.
    package let step: Int?
    /// The manifest; nil where it is missing, damaged or of a newer format.
    package let manifest: CheckpointManifest?
    /// Everything that is wrong; empty for a valid checkpoint.
    package let damages: [Damage]
    /// Whether a later build wrote it, so that nothing can be said about it.
    package let isOfNewerFormat: Bool

    /// Whether it is complete and every byte is the one that was written.
    package var isValid: Bool { damages.isEmpty }
    /// Bytes of all files that the manifest lists.
    package var byteCount: Int { manifest?.files.values.reduce(0) { $0 + $1.bytes } ?? 0 }
  }

  /// Examines every checkpoint, newest first, those left under another name by a kill in the middle of replacing one included.
  ///
  /// Unlike `latestValid` it does not stop at the first thing that is wrong. Cost: reads each file once, damaged ones twice.
  /// - Throws: `LongtailError` with code `inputOutput` where the directory cannot be listed. Damage is not thrown but listed.
  package func examineAll() throws -> [Examination] {
    try candidates().map { Self.examine(directory: "\(directory)/\($0.name)", step: $0.step) }
  }

  /// Examines one checkpoint's directory, wherever it lies and whatever it is called.
  /// - Throws: `LongtailError` with code `missingInput` where there is no such directory.
  package static func examine(directory path: String) throws -> Examination {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    if !FileSystem().exists(trimmed) { throw LongtailError(.missingInput, "checkpoint '\(trimmed)' does not exist") }
    return examine(directory: trimmed, step: nil)
  }

  /// Names of what killed writers left behind; `prepareForWriting` puts it away when a run goes on.
  /// - Throws: `LongtailError` with code `inputOutput`.
  package func leftovers() throws -> [String] {
    try files.names(in: directory).filter { name in
      [Self.temporaryPrefix, Self.trashPrefix, Self.replacedPrefix].contains { name.hasPrefix($0) }
    }
  }

  private static func examine(directory path: String, step: Int?) -> Examination {
    let files = FileSystem()
    func result(_ damages: [Damage], manifest: CheckpointManifest? = nil, isNewer: Bool = false) -> Examination {
      Examination(path: path, step: manifest?.step ?? step, manifest: manifest, damages: damages, isOfNewerFormat: isNewer)
    }
    let place = "\(path)/\(CheckpointFile.manifest)"
    guard files.exists(place) else {
      return result([Damage(file: CheckpointFile.manifest, tensor: nil, reason: "missing, so the checkpoint is not complete")])
    }
    let manifest: CheckpointManifest
    do {
      manifest = try CheckpointManifest(bytes: files.read(place))
    } catch {
      let isNewer =
        (try? CheckpointJSON.decode(CheckpointManifest.Version.self, from: files.read(place)))
        .map { $0.formatVersion > RunRecord.currentFormatVersion } ?? false
      return result([Damage(file: CheckpointFile.manifest, tensor: nil, reason: reason(error))], isNewer: isNewer)
    }
    var damages: [Damage] = []
    if let step, manifest.step != step {
      damages.append(Damage(file: CheckpointFile.manifest, tensor: nil, reason: "belongs to step \(manifest.step)"))
    }
    for name in CheckpointFile.all { damages += damage(of: name, in: path, manifest) }
    if damages.isEmpty {
      // Every file is as it was written: what remains is whether they belong together.
      do { _ = try CheckpointStore(directory: path).verify(path: path, step: step) } catch {
        damages.append(Damage(file: CheckpointFile.manifest, tensor: nil, reason: reason(error)))
      }
    }
    return result(damages, manifest: manifest)
  }

  private static func damage(of name: String, in directory: String, _ manifest: CheckpointManifest) -> [Damage] {
    let path = "\(directory)/\(name)"
    guard let expected = manifest.files[name] else {
      return [Damage(file: CheckpointFile.manifest, tensor: nil, reason: "does not list \(name)")]
    }
    guard FileSystem().exists(path) else { return [Damage(file: name, tensor: nil, reason: "missing")] }
    do {
      let found = try ReadableFile(path: path).byteCount
      if found != expected.bytes {
        let word = found < expected.bytes ? "truncated" : "too long"
        return [Damage(file: name, tensor: nil, reason: "\(word): \(found) bytes, expected \(expected.bytes)")]
      }
      if try SHA256Digest(ofFile: path).description == expected.sha256 { return [] }
    } catch {
      return [Damage(file: name, tensor: nil, reason: reason(error))]
    }
    let file = Damage(file: name, tensor: nil, reason: "damaged: its SHA-256 differs from the manifest's")
    guard CheckpointFile.tensorFiles.contains(name) else { return [file] }
    return [file] + damagedTensors(of: name, in: path, manifest.tensors[name] ?? [:])
  }

  /// The tensors of a damaged file whose own digests differ. Damage to the header shows as tensors that are missing or new.
  private static func damagedTensors(of name: String, in path: String, _ expected: [String: String]) -> [Damage] {
    guard let file = try? SafetensorsFile(path: path) else {
      return [Damage(file: name, tensor: nil, reason: "its header is damaged, so none of its tensors can be read")]
    }
    var damages: [Damage] = []
    for entry in file.entries {
      let found = try? file.read(entry.name)
      switch expected[entry.name] {
      case nil: damages.append(Damage(file: name, tensor: entry.name, reason: "the manifest does not know it"))
      case found?.digest.description: break
      case .some: damages.append(Damage(file: name, tensor: entry.name, reason: "its numbers differ from the manifest's digest"))
      }
    }
    let names = Set(file.entries.map(\.name))
    for missing in expected.keys.sorted() where !names.contains(missing) {
      damages.append(Damage(file: name, tensor: missing, reason: "missing"))
    }
    return damages
  }
}
