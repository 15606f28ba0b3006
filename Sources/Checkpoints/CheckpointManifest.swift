import Tensors

/// The list of a checkpoint's files with sizes and digests: `MANIFEST.json`, written last.
///
/// It carries a seal, the SHA-256 of the manifest's own bytes with the seal's digits taken as zeros, so that damage to the manifest shows
/// too.
package struct CheckpointManifest: Sendable, Equatable, Codable {
  /// A file's size and content.
  package struct File: Sendable, Equatable, Codable {
    /// Size in bytes.
    package var bytes: Int
    /// SHA-256, hexadecimal.
    package var sha256: String
  }

  /// Version of the checkpoint's format.
  package var formatVersion: Int
  /// Optimizer steps done.
  package var step: Int
  /// The files by name.
  package var files: [String: File]
  /// For each file of tensors, the 64-bit digest of each tensor (`StoredTensor.digest`) by name: says which tensor differs between two
  /// runs.
  package var tensors: [String: [String: String]]
  /// One digest over model, optimizer and state, equal for equal runs; see `CheckpointContents.digest()`.
  package var digest: String
  /// SHA-256 of the manifest's own bytes with these digits as zeros.
  var seal: String

  /// Only this much can be asked of a manifest of a version to come.
  struct Version: Decodable {
    var formatVersion: Int
  }

  private static let blank = String(repeating: "0", count: 64)

  init(formatVersion: Int, step: Int, files: [String: File], tensors: [String: [String: String]], digest: String) {
    self.formatVersion = formatVersion
    self.step = step
    self.files = files
    self.tensors = tensors
    self.digest = digest
    seal = Self.blank
  }

  /// The manifest's bytes, sealed.
  func encoded() throws -> [UInt8] {
    var open = self
    open.seal = Self.blank
    var bytes = try CheckpointJSON.encode(open)
    let seal = Array(try bytes.withUnsafeBytes { try SHA256Digest(of: $0) }.description.utf8)
    guard let place = Self.range(of: Array(Self.blank.utf8), in: bytes) else {
      throw LongtailError(.internalError, "a checkpoint's manifest has no place for its seal")
    }
    bytes.replaceSubrange(place, with: seal)
    return bytes
  }

  /// Reads a manifest and checks its seal.
  /// - Throws: `LongtailError` with code `badData` that says what is wrong, without the path.
  init(bytes: [UInt8]) throws {
    guard let version = try? CheckpointJSON.decode(Version.self, from: bytes) else {
      throw LongtailError(.badData, "\(CheckpointFile.manifest) is damaged")
    }
    let newest = RunRecord.currentFormatVersion
    if version.formatVersion > newest {
      throw LongtailError(
        .badData, "format version \(version.formatVersion) is newer than \(newest), the newest that this build reads",
        advice: "Use the build that wrote it, or a later one.")
    }
    guard version.formatVersion >= 1, let manifest = try? CheckpointJSON.decode(Self.self, from: bytes) else {
      throw LongtailError(.badData, "\(CheckpointFile.manifest) is damaged")
    }
    let seal = Array(manifest.seal.utf8)
    guard seal.count == 64, let place = Self.range(of: seal, in: bytes) else {
      throw LongtailError(.badData, "\(CheckpointFile.manifest) is damaged: it has no seal")
    }
    var open = bytes
    open.replaceSubrange(place, with: Array(Self.blank.utf8))
    let expected = try open.withUnsafeBytes { try SHA256Digest(of: $0) }.description
    if expected != manifest.seal { throw LongtailError(.badData, "\(CheckpointFile.manifest) is damaged: it does not match its seal") }
    self = manifest
  }

  private static func range(of part: [UInt8], in bytes: [UInt8]) -> Range<Int>? {
    guard part.count <= bytes.count else { return nil }
    // Cheap first: the digits of a seal rarely begin anywhere else.
    for start in 0...(bytes.count - part.count) where bytes[start] == part.first {
      if bytes[start..<start + part.count].elementsEqual(part) { return start..<start + part.count }
    }
    return nil
  }
}
