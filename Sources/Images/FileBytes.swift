import Foundation
import Tensors

/// Reads and writes whole files, with errors that name them.
enum FileBytes {
  /// The content of a regular file.
  /// - Throws: `.missingInput` where there is none, `.badData` past the limit, `.inputOutput` where reading fails.
  static func read(_ path: String, limit: Int) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 {
      let code = errno
      if code == ENOENT || code == ENOTDIR { throw LongtailError(.missingInput, "\(path): there is no such file") }
      throw LongtailError(.inputOutput, "\(path): cannot be opened: \(text(of: code))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw LongtailError(.inputOutput, "\(path): cannot be examined: \(text(of: errno))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw LongtailError(.badData, "\(path): not a regular file") }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw LongtailError(
        .badData, "\(path): \(size) bytes are more than the \(limit) that an image file may have", advice: ImageLimits.advice)
    }
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: max(1, size)) { buffer, count in
      while count < size {
        let part = Foundation.read(descriptor, buffer.baseAddress?.advanced(by: count), size - count)
        if part < 0 && errno == EINTR { continue }
        if part < 0 { failure = errno }
        if part <= 0 { break }
        count += part
      }
    }
    if failure != 0 { throw LongtailError(.inputOutput, "\(path): reading failed: \(text(of: failure))") }
    return bytes
  }

  /// Writes a file in one go: readers see the old content or the new one, never a part.
  /// - Throws: `.inputOutput`.
  static func write(_ bytes: [UInt8], to path: String) throws {
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw LongtailError(.inputOutput, "\(path): cannot be written: \(error.localizedDescription)")
    }
  }

  private static func text(of code: Int32) -> String { String(cString: strerror(code)) }
}
