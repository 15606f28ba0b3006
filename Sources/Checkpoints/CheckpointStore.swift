import Tensors

/// A directory of checkpoints, `step-00000120` and so on, each published by one rename and verified when read.
///
/// Only one process may publish into a directory at a time; any number may read meanwhile. Opening a store changes nothing on the disk.
///
/// A checkpoint's directory that has its final name is complete: files are written to `.tmp-step-<n>-<pid>` beside it, each flushed, the
/// manifest with their digests last, then the directory, then renamed. Whenever the writer is killed, the previous checkpoint or the new
/// one is there. `LATEST` holds the newest name as a hint for people; it is never read.
public struct CheckpointStore: Sendable {
  /// The directory.
  public let directory: String

  let files: FileSystem

  /// Opens a directory, which need not exist yet.
  /// - Parameters:
  ///   - directory: holds one directory per checkpoint.
  ///   - files: the way to the disk.
  public init(directory: String, files: FileSystem = FileSystem()) {
    self.directory = directory
    self.files = files
  }

  /// A published checkpoint that was read back.
  public struct Published: Sendable, Equatable {
    /// Optimizer steps done.
    public let step: Int
    /// The checkpoint's directory.
    public let path: String
    /// Its manifest.
    public let manifest: CheckpointManifest
    /// Where the run stood.
    public let run: RunRecord

    /// One digest over model, optimizer and state, equal for equal runs.
    public var digest: String { manifest.digest }
  }

  /// A checkpoint that cannot be used, and why.
  public struct Rejected: Sendable, Equatable, CustomStringConvertible {
    /// The directory's name.
    public let name: String
    /// The step in its name.
    public let step: Int
    /// What is wrong: the file and how it differs.
    public let reason: String

    /// Name and reason.
    public var description: String { "\(name): \(reason)" }
  }

  /// What a search for the newest checkpoint found.
  public struct Selection: Sendable, Equatable {
    /// The newest one that is complete and verified; nil if there is none.
    public let newest: Published?
    /// Newer ones that were passed over, newest first. To be shown to the user.
    public let rejected: [Rejected]
  }

  /// The name of a step's directory: eight digits, more where a run is that long.
  public static func name(step: Int) -> String {
    "step-" + String(step, digits: 8)
  }

  /// The path of a step's directory, whether it exists or not.
  public func path(step: Int) -> String { "\(directory)/\(Self.name(step: step))" }

  /// The steps that have a directory, ascending; not verified.
  public func steps() throws -> [Int] {
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
