import Tensors

/// A directory of checkpoints, `step-00000120` and so on, each published by one rename and verified when read.
///
/// Only one process may publish into a directory at a time; any number may read meanwhile. Opening a store changes nothing on the disk.
///
/// A checkpoint's directory that has its final name is complete: files are written to `.tmp-step-<n>-<pid>` beside it, each flushed, the
/// manifest with their digests last, then the directory, then renamed. Whenever the writer is killed, the previous checkpoint or the new
/// one is there. `LATEST` holds the newest name as a hint for people; it is never read.
package struct CheckpointStore: Sendable {
  /// The directory.
  package let directory: String

  let files: FileSystem

  /// Opens a directory, which need not exist yet.
  /// - Parameters:
  ///   - directory: holds one directory per checkpoint.
  ///   - files: the way to the disk.
  package init(directory: String, files: FileSystem = FileSystem()) {
    self.directory = directory
    self.files = files
  }

  /// A published checkpoint that was read back.
  package struct Published: Sendable, Equatable {
    /// Optimizer steps done.
    package let step: Int
    /// The checkpoint's directory.
    package let path: String
    /// Its manifest.
    package let manifest: CheckpointManifest
    /// Where the run stood.
    package let run: RunRecord

    /// One digest over model, optimizer and state, equal for equal runs.
    package var digest: String { manifest.digest }
  }

  /// A checkpoint that cannot be used, and why.
  package struct Rejected: Sendable, Equatable, CustomStringConvertible {
    /// The directory's name.
    package let name: String
    /// The step in its name.
    package let step: Int
    /// What is wrong: the file and how it differs.
    package let reason: String

    /// Name and reason.
    package var description: String { "\(name): \(reason)" }
  }

  /// What a search for the newest checkpoint found.
  package struct Selection: Sendable, Equatable {
    /// The newest one that is complete and verified; nil if there is none.
    package let newest: Published?
    /// Newer ones that were passed over, newest first. To be shown to the user.
    package let rejected: [Rejected]
  }

  /// The name of a step's directory: eight digits, more where a run is that long.
  package static func name(step: Int) -> String {
    "step-" + String(step, digits: 8)
  }

  /// The path of a step's directory, whether it exists or not.
  package func path(step: Int) -> String { "\(directory)/\(Self.name(step: step))" }

  /// The steps that have a directory, ascending; not verified.
  package func steps() throws -> [Int] {
    Array(Set(try candidates().map(\.step))).sorted()
  }

  /// Names and steps of everything that may hold a checkpoint, newest first. Of one step the published name comes first; after a kill in
  /// the middle of replacing one, the replaced one is still there under another.
  func candidates() throws -> [(name: String, step: Int)] {
    var found: [(name: String, step: Int)] = []
    for name in try files.names(in: directory) {
      for prefix in ["step-", Self.replacedPrefix + "step-"] where name.hasPrefix(prefix) {
        let digits = name.dropFirst(prefix.count)
        guard digits.count >= 8, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let step = Int(digits) else { continue }
        found.append((name, step))
      }
    }
    return found.sorted { $0.step == $1.step ? $0.name > $1.name : $0.step > $1.step }
  }

  static let temporaryPrefix = ".tmp-"
  static let trashPrefix = ".trash-"
  static let replacedPrefix = ".replaced-"
  static let latestName = "LATEST"
}
