import Tensors

/// Everything that a run needs to go on as if it had not stopped. A value: once made, later steps do not change it.
package struct CheckpointContents: Sendable, Equatable {
  /// Parameters and running statistics in canonical layout and names: `model.safetensors`, publishable as it is.
  package var model: [NamedTensor]
  /// The optimizer's buffers in canonical layout: `optimizer.safetensors`.
  package var optimizer: [NamedTensor]
  /// Class statistics, state of losses, step counters: `state.safetensors`. Only what is equal for equal runs; times belong in `run`.
  package var state: [StoredTensor]
  /// Where the run stands: `run.json`.
  package var run: RunRecord

  /// Creates the contents of a checkpoint.
  package init(model: [NamedTensor], optimizer: [NamedTensor] = [], state: [StoredTensor] = [], run: RunRecord) {
    self.model = model
    self.optimizer = optimizer
    self.state = state
    self.run = run
  }

  /// One hexadecimal SHA-256 over model, optimizer and state: equal for equal numbers, the same as that of the published checkpoint.
  ///
  /// `run` does not count, so that time stamps do not. Cost: one pass of SHA-256 over all numbers.
  /// - Throws: `LongtailError` with code `internalError` where names repeat or shapes disagree with the numbers.
  package func digest() throws -> String {
    var files: [String: String] = [:]
    for (file, tensors) in tensorFiles {
      let stream = try SHA256Digest.Stream()
      try SafetensorsFile.encode(tensors) { try stream.update($0) }
      files[file] = try stream.finish().description
    }
    return try Self.digest(ofFiles: files)
  }

  /// The digest of a checkpoint whose tensor files have these SHA-256 digests.
  static func digest(ofFiles digests: [String: String]) throws -> String {
    let lines = CheckpointFile.tensorFiles.map { "\($0) \(digests[$0] ?? "")\n" }
    return try SHA256Digest(of: lines.joined()).description
  }

  /// The tensors by file, in the order in which files are written.
  var tensorFiles: [(file: String, tensors: [StoredTensor])] {
    [
      (CheckpointFile.model, model.map { StoredTensor($0) }),
      (CheckpointFile.optimizer, optimizer.map { StoredTensor($0) }),
      (CheckpointFile.state, state),
    ]
  }

  /// Bytes of all numbers, headers and text not counted.
  var byteCount: Int {
    tensorFiles.reduce(0) { sum, file in
      sum + file.tensors.reduce(0) { $0 + $1.values.count * $1.values.elementType.byteCount }
    }
  }
}

/// Names of the files in a checkpoint's directory.
enum CheckpointFile {
  static let model = "model.safetensors"
  static let optimizer = "optimizer.safetensors"
  static let state = "state.safetensors"
  static let run = "run.json"
  static let manifest = "MANIFEST.json"
  static let tensorFiles = [model, optimizer, state]
  static let all = tensorFiles + [run]
}
