import Foundation
import Tensors

/// Files that commands write for people say in themselves who wrote them: so a command replaces its own, and nobody else's.
package enum OwnFile {
  /// What PNG files have as their software, pages as their generator and safetensors as a key.
  package static let mark = "longtail"
  /// A line of Markdown pages that is not shown.
  static let markdownMark = "<!-- longtail -->"
  /// What the tables of comparisons and of searches begin with.
  static let tableHeads = [
    "row,name,objective,seed,runs,finished,step", "row,name,objective,fold,seed,runs,finished,step", "row,candidate,",
  ]
  /// What the tables of predicted classes begin with.
  static let predictionHead = "image,class1,probability1"
  /// What the boxes of detectors begin with.
  static let detectionHead = "{\"info\": {\"description\": \"predicted by longtail"
  /// What the configurations begin with that a search has found.
  package static let configurationMark = "# Found by longtail"

  /// Bytes at a file's beginning that are looked at; every mark stands in them.
  private static let head = 1 << 16

  /// Whether a regular file at a path says that it was written here. A link is nobody's.
  package static func isOwn(_ path: String) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    return isOwn(head: (try? file.read(upToCount: head)) ?? Data())
  }

  static func isOwn(head: Data) -> Bool {
    func begins(_ bytes: [UInt8]) -> Bool { head.starts(with: bytes) }
    func holds(_ text: String) -> Bool { head.range(of: Data(text.utf8)) != nil }
    if begins([0x89, 0x50, 0x4E, 0x47]) { return holds("Software\0\(mark)") }
    if begins(Array("<!DOCTYPE html>".utf8)) { return holds("name=\"generator\" content=\"\(mark)\"") }
    if (tableHeads + [predictionHead, detectionHead, configurationMark]).contains(where: { begins(Array($0.utf8)) }) { return true }
    if begins(Array("# ".utf8)) { return holds(markdownMark) }
    // The program that made an ONNX model is its second field.
    if head.dropFirst(2).starts(with: [0x12, UInt8(mark.utf8.count)] + Array(mark.utf8)) { return true }
    return head.dropFirst(8).first == UInt8(ascii: "{") && holds("\"\(mark)\":\"")
  }

  /// Returns where nothing is at a path, or a file of our own.
  /// - Parameter advice: what to do otherwise.
  /// - Throws: `.usage` naming the file.
  package static func requireReplaceable(_ path: String, advice: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR { throw LongtailError(.usage, "\(path) is a folder", advice: "Name a file in it.") }
    guard !isOwn(path) else { return }
    throw LongtailError(.usage, "\(path) is there already, and was not written by longtail as it is now", advice: advice)
  }
}
