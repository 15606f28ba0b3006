import Foundation
import Tensors

/// The calls that change a disk, one by one, each with an error that names the file.
///
/// Everything that checkpoints write goes through here, so that tests can count the calls, fail one of them or end the process before it.
package struct FileSystem: Sendable {
  /// A call that changes the disk, or asks for its space.
  package enum Operation: String, Sendable, CaseIterable {
    case makeDirectory, create, write, synchronize, synchronizeDirectory, rename, remove, space
  }

  /// Called before each operation with the path; throwing makes the operation fail.
  private let before: (@Sendable (Operation, String) throws -> Void)?
  private let space: Int?

  /// The file system as it is.
  package init() {
    before = nil
    space = nil
  }

  /// The file system with a hook before every operation, and with as much free space as is said.
  package init(space: Int? = nil, before: @escaping @Sendable (Operation, String) throws -> Void) {
    self.before = before
    self.space = space
  }

  /// Creates a directory and those above it.
  func makeDirectory(_ path: String) throws {
    try before?(.makeDirectory, path)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw LongtailError(.inputOutput, "cannot create directory '\(path)': \(Self.reason(error))")
    }
  }

  /// A file being written. Small pieces, such as a network's many short tensors, go to the system together.
  final class Output {
    private static let capacity = 1 << 20
    private let descriptor: Int32
    private let path: String
    private let before: (@Sendable (Operation, String) throws -> Void)?
    private var waiting: [UInt8] = []

    fileprivate init(descriptor: Int32, path: String, before: (@Sendable (Operation, String) throws -> Void)?) {
      (self.descriptor, self.path, self.before) = (descriptor, path, before)
    }

    /// Appends bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
      if waiting.count + bytes.count > Self.capacity { try flush() }
      if bytes.count > Self.capacity { return try send(bytes) }
      waiting.append(contentsOf: bytes)
    }

    /// Appends bytes.
    func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    /// Hands everything to the system.
    fileprivate func flush() throws {
      if waiting.isEmpty { return }
      try waiting.withUnsafeBytes { try send($0) }
      waiting.removeAll(keepingCapacity: true)
    }

    private func send(_ bytes: UnsafeRawBufferPointer) throws {
      try before?(.write, path)
      try writeFully(bytes, to: descriptor, path: path)
    }
  }

  /// Creates a file, lets `produce` write it, and flushes it to the disk. The file must not exist.
  func writeFile(_ path: String, _ produce: (Output) throws -> Void) throws {
    try before?(.create, path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw LongtailError.inputOutput("cannot create", path, errno: errno) }
    do {
      let output = Output(descriptor: descriptor, path: path, before: before)
      try produce(output)
      try output.flush()
      try before?(.synchronize, path)
      if fsync(descriptor) != 0 { throw LongtailError.inputOutput("cannot flush", path, errno: errno) }
    } catch {
      close(descriptor)
      throw error
    }
    // Network file systems report a full disk as late as here.
    if close(descriptor) != 0, errno != EINTR { throw LongtailError.inputOutput("cannot close", path, errno: errno) }
  }

  /// Flushes a directory's list of names to the disk.
  func synchronizeDirectory(_ path: String) throws {
    try before?(.synchronizeDirectory, path)
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { throw LongtailError.inputOutput("cannot open directory", path, errno: errno) }
    defer { close(descriptor) }
    // Some file systems cannot flush a directory and say EINVAL; there is nothing more to do then.
    if fsync(descriptor) != 0, errno != EINVAL { throw LongtailError.inputOutput("cannot flush directory", path, errno: errno) }
  }

  /// Renames a file or directory.
  func rename(_ source: String, to target: String) throws {
    try before?(.rename, target)
    if Foundation.rename(source, target) != 0 {
      throw LongtailError.inputOutput("cannot rename '\(source)' to", target, errno: errno)
    }
  }

  /// Removes a file, or a directory with everything in it. Missing is fine.
  func remove(_ path: String) throws {
    try before?(.remove, path)
    if !exists(path) { return }
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw LongtailError(.inputOutput, "cannot remove '\(path)': \(Self.reason(error))")
    }
  }

  /// Bytes that may still be written to the file system of a directory.
  func availableBytes(_ path: String) throws -> Int {
    try before?(.space, path)
    if let space { return space }
    var status = statvfs()
    if statvfs(path, &status) != 0 { throw LongtailError.inputOutput("cannot ask for the free space of", path, errno: errno) }
    return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
  }

  /// Whether something has this name, a dangling link included.
  func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// Names in a directory, sorted. A directory that does not exist is empty.
  func names(in path: String) throws -> [String] {
    if !exists(path) { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    } catch {
      throw LongtailError(.inputOutput, "cannot list directory '\(path)': \(Self.reason(error))")
    }
  }

  /// The bytes of a small file.
  func read(_ path: String, limit: Int = 1 << 28) throws -> [UInt8] {
    let file = try ReadableFile(path: path)
    if file.byteCount > limit { throw LongtailError(.badData, "'\(path)' holds \(file.byteCount) bytes, expected at most \(limit)") }
    return try file.bytes(0..<file.byteCount)
  }

  private static func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey]
    if let code = (underlying as? POSIXError)?.code.rawValue ?? (underlying as? NSError).map({ Int32(truncatingIfNeeded: $0.code) }) {
      return String(cString: strerror(code))
    }
    return error.localizedDescription
  }
}
