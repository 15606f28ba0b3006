import Foundation
import Reports
import Tasks
import Testing

@Suite("Means under two groupings") struct GroupComparisonTests {
  private let overlap = ScoreKind("overlap", title: "overlap", scopes: [.classes], rank: .main)

  private func comparison(_ places: [[Int]]) -> GroupComparison? {
    let scores = [
      Score(overlap, of: .class("road"), 0.9), Score(overlap, of: .class("pole"), 0.1), Score(overlap, of: .class("bear"), nil),
      Score(overlap, of: .class("sign"), 0.3),
    ]
    return GroupComparison(
      scores, classNames: ["road", "pole", "bear", "sign"],
      groupings: zip(["pixels", "images"], places).map { .init(unit: $0, groups: ClassGroups(places: $1)) })
  }

  @Test func everyGroupingHasItsLine() throws {
    let lines = try #require(comparison([[0, 2, 2, 2], [0, 0, 2, 1]])).text.split(separator: "\n").map { line in
      line.split(separator: " ").map(String.init)
    }
    #expect(lines.first?.first == "groups")
    #expect(lines.contains { $0 == ["pixels", "90.00", "1", "–", "0", "20.00", "2"] }, "\(lines)")
    #expect(lines.contains { $0 == ["images", "50.00", "2", "30.00", "1", "–", "0"] }, "\(lines)")
  }

  @Test func theSameAsJSON() throws {
    let data = try JSONEncoder().encode(try #require(comparison([[0, 2, 2, 2], [0, 0, 2, 1]])))
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: [String: [String: Any]]])
    #expect(object["pixels"]?["tail"]?["value"] as? Double == 0.2 && object["pixels"]?["tail"]?["classes"] as? Int == 2)
    #expect(object["images"]?["head"]?["value"] as? Double == 0.5 && object["images"]?["tail"]?["value"] is NSNull)
  }

  @Test func groupsOfOtherClassesAreNone() { #expect(comparison([[0, 1], [0, 1]]) == nil) }
}
