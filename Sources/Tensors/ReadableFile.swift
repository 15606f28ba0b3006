import Foundation

/// A file opened for reading, with errors that name it.
package final class ReadableFile {
  package let path: String
  /// Size in bytes when it was opened.
  package let byteCount: Int
  private let descriptor: Int32

  package init(path: String) throws {
    self.path = path
    // O_NONBLOCK, so that a named pipe in place of a file is refused instead of waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 {
      let code = errno
      if code == ENOENT || code == ENOTDIR { throw LongtailError(.missingInput, "'\(path)' does not exist") }
      throw LongtailError.inputOutput("cannot open", path, errno: code)
    }
    var status = stat()
    if fstat(descriptor, &status) != 0 {
      let code = errno
      close(descriptor)
      throw LongtailError.inputOutput("cannot read the size of", path, errno: code)
    }
    if status.st_mode & S_IFMT != S_IFREG {
      close(descriptor)
      throw LongtailError(.badData, "'\(path)' is not a regular file")
    }
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `target` from `offset` on; a file that ends before is an error.
  package func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < target.count {
      let remaining = UnsafeMutableRawBufferPointer(rebasing: target[done...])
      let count = pread(descriptor, remaining.baseAddress, remaining.count, off_t(offset + done))
      if count < 0 {
        let code = errno
        if code == EINTR { continue }
        throw LongtailError.inputOutput("cannot read", path, errno: code)
      }
      if count == 0 {
        throw LongtailError(.badData, "'\(path)' ends at byte \(offset + done), expected \(offset + target.count) bytes")
      }
      done += count
    }
  }

  /// The bytes of a range.
  package func bytes(_ range: Range<Int>) throws -> [UInt8] {
    try array(of: UInt8.self, count: range.count, at: range.lowerBound)
  }

  /// `count` plain numbers from `offset` on. `Element` must be valid for every pattern of bits.
  package func array<Element: BitwiseCopyable>(of type: Element.Type, count: Int, at offset: Int) throws -> [Element] {
    try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      let part = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
      try read(at: offset, into: UnsafeMutableRawBufferPointer(part))
      initialized = count
    }
  }

  /// The whole content in pieces of at most 1 MiB.
  package func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let pieceSize = 1 << 20
    var piece = [UInt8](repeating: 0, count: min(pieceSize, max(1, byteCount)))
    var offset = 0
    while offset < byteCount {
      let count = min(piece.count, byteCount - offset)
      try piece.withUnsafeMutableBytes { buffer in
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        try read(at: offset, into: part)
        try body(UnsafeRawBufferPointer(part))
      }
      offset += count
    }
  }
}

extension LongtailError {
  /// A system call on a file failed: `action` reads like "cannot open".
  package static func inputOutput(_ action: String, _ path: String, errno code: Int32) -> LongtailError {
    let advice: String?
    switch code {
    case ENOSPC, EDQUOT: advice = "Free some space, or write to another file system."
    case EACCES, EPERM, EROFS: advice = "Check the permissions of the file and its directory."
    case EMFILE, ENFILE: advice = "Raise the limit on open files (ulimit -n)."
    default: advice = nil
    }
    return LongtailError(.inputOutput, "\(action) '\(path)': \(String(cString: strerror(code)))", advice: advice)
  }
}
