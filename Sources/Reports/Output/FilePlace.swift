import Foundation

/// Where a path leads once links are followed, for files that may not be there yet.
struct FilePlace: Hashable {
  /// The path without links, as far as it is there.
  let path: String

  init(_ path: String) {
    var existing = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    var missing: [String] = []
    while existing != "/", !existing.isEmpty {
      if let resolved = realpath(existing, nil) {
        defer { free(resolved) }
        self.path = ([String(cString: resolved)] + missing.reversed()).joined(separator: "/").replacingOccurrences(of: "//", with: "/")
        return
      }
      let url = URL(fileURLWithPath: existing).standardizedFileURL
      missing.append(url.lastPathComponent)
      existing = url.deletingLastPathComponent().path
    }
    self.path = "/" + missing.reversed().joined(separator: "/")
  }

  /// The folder that it is in.
  var folder: String { (path as NSString).deletingLastPathComponent }
}
