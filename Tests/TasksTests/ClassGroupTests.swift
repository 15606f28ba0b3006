import Tasks
import Tensors
import Testing

@Suite("Groups of classes")
struct ClassGroupTests {
  /// CamVid's classes, by what they have of ten thousand labelled pixels.
  static let shares: [Int64] = [1754, 2422, 102, 3296, 467, 1012, 122, 117, 611, 67, 30]

  @Test("CamVid's shares give its groups")
  func camVidGroups() throws {
    let groups = try ClassGroups(counts: ClassGroupTests.shares)
    #expect(groups.names == ["head", "medium", "tail"])
    #expect(groups.classes(of: "head") == [0, 1, 3, 5])
    #expect(groups.classes(of: "medium") == [4, 8])
    #expect(groups.classes(of: "tail") == [2, 6, 7, 9, 10])
    #expect(groups.rarest == groups.classes(of: "tail"))
    let scores = (0..<11).map { $0 == 10 ? nil : Double($0) }
    #expect(groups.mean(of: scores, group: "tail") == ClassMean([2, 6, 7, 9]))
    #expect(groups.mean(of: scores, group: "tail").averagedClasses == 4)
  }

  @Test("thresholds and counts that make no sense are refused")
  func refusals() {
    #expect(throws: LongtailError.self) { try ClassGroups(counts: [1, 2], head: 0.01, tail: 0.1) }
    #expect(throws: LongtailError.self) { try ClassGroups(counts: [0, 0], head: 0.1) }
    #expect(throws: LongtailError.self) { try ClassGroups(counts: [3, -1], head: 0.1) }
  }

  @Test("thresholds of shares belong to the upper group")
  func thresholds() throws {
    #expect(try ClassGroups(counts: [800, 100, 85, 15], head: 0.1, tail: 0.015).places == [0, 0, 1, 1])
  }

  @Test("many is more than 100, few is fewer than 20, and the bounds are medium")
  func counts() {
    let groups = ClassGroups(counts: [1280, 101, 100, 20, 19, 0], moreThan: 100, fewerThan: 20)
    #expect(groups.places.indices.map(groups.name) == ["many", "many", "medium", "medium", "few", "few"])
  }
}
