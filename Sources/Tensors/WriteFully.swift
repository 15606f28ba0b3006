import Foundation

/// Appends bytes to an open file, over as many calls as the system needs.
/// - Throws: `LongtailError` with code `inputOutput` that names the file.
package func writeFully(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
  var done = 0
  while done < bytes.count {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
    let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
    if count < 0 {
      let code = errno
      if code == EINTR { continue }
      throw LongtailError.inputOutput("cannot write", path, errno: code)
    }
    done += count
  }
}
