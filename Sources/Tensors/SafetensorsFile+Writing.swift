import Foundation

extension SafetensorsFile {
  /// Produces a file's bytes, piece by piece, without a second copy of the numbers.
  ///
  /// Deterministic: equal tensors give equal bytes, whatever their order. Tensors are laid out by falling alignment, then by name, as the
  /// reference writer does it; `__metadata__` comes first and always holds `format: pt`, which some readers demand; the header
  /// is padded with spaces, so that the data begins at a multiple of 8.
  /// - Parameters:
  ///   - tensors: names must differ.
  ///   - metadata: more text pairs.
  ///   - sink: receives the pieces in order.
  /// - Throws: `LongtailError` with code `internalError` where names repeat or shapes disagree with the numbers; whatever `sink` throws.
  public static func encode(
    _ tensors: [StoredTensor], metadata: [String: String] = [:], to sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let sorted = tensors.sorted { a, b in
      let (left, right) = (a.values.elementType.rank, b.values.elementType.rank)
      return left == right ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : left > right
    }
    let header = try encodedHeader(sorted, metadata: metadata)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try (length + header).withUnsafeBytes(sink)
    for tensor in sorted where tensor.values.count > 0 { try tensor.values.withBytes(sink) }
  }

  /// The bytes of a file, in memory.
  public static func encoded(_ tensors: [StoredTensor], metadata: [String: String] = [:]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try encode(tensors, metadata: metadata) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Writes a file: to a temporary name beside it, flushed to the disk, then renamed. A reader sees the old or the new file, nothing
  /// between.
  /// - Throws: `LongtailError` with code `inputOutput` that names the file; the temporary file is removed.
  public static func write(_ tensors: [StoredTensor], metadata: [String: String] = [:], to path: String) throws {
    let temporary = "\(path).tmp-\(getpid())"
    do {
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      if descriptor < 0 { throw LongtailError.inputOutput("cannot create", temporary, errno: errno) }
      defer { close(descriptor) }
      try encode(tensors, metadata: metadata) { try writeFully($0, to: descriptor, path: temporary) }
      if fsync(descriptor) != 0 { throw LongtailError.inputOutput("cannot flush", temporary, errno: errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    if rename(temporary, path) != 0 {
      let code = errno
      unlink(temporary)
      throw LongtailError.inputOutput("cannot rename '\(temporary)' to", path, errno: code)
    }
    try synchronizeDirectory(of: path)
  }

  /// Writes float32 tensors.
  public static func write(_ tensors: [NamedTensor], metadata: [String: String] = [:], to path: String) throws {
    try write(tensors.map { StoredTensor($0) }, metadata: metadata, to: path)
  }

  private static func encodedHeader(_ sorted: [StoredTensor], metadata: [String: String]) throws -> [UInt8] {
    var pairs = metadata
    pairs["format"] = "pt"
    var text = "{\"__metadata__\":{"
    text += pairs.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { "\(SettingValue.quoted($0.key)):\(SettingValue.quoted($0.value))" }.joined(separator: ",")
    text += "}"
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for tensor in sorted {
      if !names.insert(tensor.name).inserted {
        throw LongtailError(.internalError, "two tensors of one file are named '\(tensor.name)'")
      }
      let elements = tensor.shape.reduce(1, &*)
      if elements != tensor.values.count || tensor.shape.contains(where: { $0 < 0 }) {
        throw LongtailError(.internalError, "tensor '\(tensor.name)' of shape \(tensor.shape) holds \(tensor.values.count) numbers")
      }
      let end = offset + elements * tensor.values.elementType.byteCount
      let shape = tensor.shape.map { "\($0)" }.joined(separator: ",")
      text += ",\(SettingValue.quoted(tensor.name)):{\"dtype\":\"\(tensor.values.elementType.rawValue)\",\"shape\":[\(shape)],"
      text += "\"data_offsets\":[\(offset),\(end)]}"
      offset = end
    }
    text += "}"
    var bytes = Array(text.utf8)
    while bytes.count % 8 != 0 { bytes.append(UInt8(ascii: " ")) }
    if bytes.count > maximumHeaderLength {
      throw LongtailError(.internalError, "\(sorted.count) tensors need a header of \(bytes.count) bytes, above the limit of the format")
    }
    return bytes
  }

  private static func synchronizeDirectory(of path: String) throws {
    let directory = (path as NSString).deletingLastPathComponent
    let name = directory.isEmpty ? "." : directory
    let descriptor = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { throw LongtailError.inputOutput("cannot open directory", name, errno: errno) }
    defer { close(descriptor) }
    // Some file systems cannot flush a directory and say EINVAL; the rename itself is done.
    if fsync(descriptor) != 0, errno != EINVAL { throw LongtailError.inputOutput("cannot flush directory", name, errno: errno) }
  }
}
