import Foundation
import Testing

/// Scores name themselves: outside the room of their task no source knows a name.
@Suite("Names of scores stand in their task's room alone") struct SourceTests {
  private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources")
  /// Names of scores of segmentation in a text between quotes, as files and configurations have them; and as people read them.
  private static let pattern =
    #/"[^"]*(?:\b(?:miou|iou|mIoU|IoU|meanIoU|pixelAccuracy|meanAccuracy|meanDice)\b|pixel accuracy|mean accuracy)[^"]*"/#
  /// The reader of old records, whose files do not say how their scores are called.
  private static let oldRecords = "Reports/Records/EarlyRecords.swift"
  /// Other rooms with names of their own, the pages of annotations, whose boxes have an IoU too, and the diagnosis of pixels in words.
  private static let others = ["Detection/", "BuiltInTasks/Detection/", "Commands/DetectionReport/", "Reports/Diagnosis/"]

  @Test func noOtherRoomNamesThem() throws {
    let files = try #require(FileManager.default.enumerator(at: Self.sources, includingPropertiesForKeys: nil)).compactMap { $0 as? URL }
      .filter { $0.pathExtension == "swift" }
    #expect(files.count > 300, "the sources are where this test looks for them")
    var found: [String] = []
    var own = 0
    for file in files {
      let path = String(file.standardizedFileURL.path.dropFirst(Self.sources.standardizedFileURL.path.count + 1))
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
      let named = lines.filter { $0.firstMatch(of: Self.pattern) != nil }
      if Self.others.contains(where: path.hasPrefix) { continue }
      if path.hasPrefix("Segmentation/") || path == Self.oldRecords {
        own += named.count
      } else {
        found += named.map { "\(path): \($0)" }
      }
    }
    #expect(own > 10, "the pattern finds names where they belong")
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
  }
}
