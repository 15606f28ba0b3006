import Foundation
import Tensors

/// Calls `body` with the path of an empty directory and removes it afterwards.
///
/// In memory where the system offers that: thousands of flushes to a disk would take most of the tests' time, and a killed process does not
/// lose what it wrote either way.
public func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let base = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory()
  let path = base + "longtail-test-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

/// The error that a closure throws, if it is one of this project's; nil when it throws none or another kind.
public func longtailError<Result>(_ body: () throws -> Result) -> LongtailError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? LongtailError
  }
}
