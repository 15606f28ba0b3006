import Foundation
import Images
import Tensors

/// Images that are files, one each.
package struct FileSource: ImageSource {
  /// Their paths.
  package let paths: [String]
  /// How much a file may ask for.
  package let limits: ImageLimits

  /// - Parameters:
  ///   - paths: of PNG and JPEG files.
  ///   - limits: how much a file may ask for.
  package init(paths: [String], limits: ImageLimits = .standard) {
    (self.paths, self.limits) = (paths, limits)
  }

  /// How many there are.
  package var count: Int { paths.count }

  /// The path.
  package func location(of index: Int) -> String { paths[index] }

  /// The file, its header read.
  package func content(of index: Int) throws -> ImageContent { .file(try EncodedImage(contentsOf: paths[index], limits: limits)) }

  /// Path, size and time of change.
  package func fingerprint(of index: Int) -> String {
    var status = stat()
    guard stat(paths[index], &status) == 0 else { return "\(paths[index]) is not there" }
    return "\(paths[index]) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
  }

  /// The number of bytes.
  package func listing(of index: Int) -> String {
    var status = stat()
    return stat(paths[index], &status) == 0 ? "\(status.st_size) bytes" : "not there"
  }

  /// The file, read to its end.
  package func examined(_ index: Int, range: SampleRange?) throws -> ImageFile? {
    try ImageFile(contentsOf: paths[index], range: range, limits: limits)
  }
}
