import Foundation
import Tensors

/// A directory that goes away with the closure.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let path = NSTemporaryDirectory() + "longtail-configuration-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

/// The error that a closure throws, nil when it throws none or another kind.
func longtailError(_ body: () throws -> Void) -> LongtailError? {
  do {
    try body()
    return nil
  } catch {
    return error as? LongtailError
  }
}
