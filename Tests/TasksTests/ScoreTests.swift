import Tasks
import Tensors
import Testing

@Suite("Scores name themselves")
struct ScoreTests {
  private static let kinds = [
    ScoreKind("top", title: "top", scopes: [.whole, .groups, .classes], rank: .main),
    ScoreKind("error", title: "calibration error", direction: .smaller, scopes: [.whole]),
  ]

  @Test("names are those of kind and subject")
  func names() throws {
    let table = ScoreTable(Self.kinds, groups: ["many", "few"], classes: ["cat", "dog"])
    #expect(table.entries.map(\.name) == ["top", "error", "loss", "top.many", "top.few", "top.cat", "top.dog"])
    #expect(table.patterns == ["top", "error", "loss", "top.many", "top.few", "top.<class>"])
    #expect(table.main?.name == "top")
    #expect(try table.score("top.dog").kind.title(of: .class("dog")) == "top of dog")
  }

  @Test("thousands of classes are no endless message")
  func manyClasses() {
    let table = ScoreTable(Self.kinds, groups: ["many", "few"], classes: (0..<8142).map { "class \($0)" })
    let error = #expect(throws: LongtailError.self) { try table.score("top.klass 8141") }
    #expect(error?.code == .usage && (error?.advice?.count ?? 1000) < 200)
    #expect(error?.advice?.contains("'top.class 8141'") == true)
  }

  @Test("better is larger or smaller, as the kind says; undefined values never win")
  func comparison() {
    let (top, error) = (Self.kinds[0], Self.kinds[1])
    #expect(top.isBetter(0.5, than: 0.4) && !top.isBetter(0.4, than: 0.4))
    #expect(error.isBetter(0.4, than: 0.5) && error.isBetter(9, than: nil))
    #expect(!error.isBetter(.nan, than: nil) && !error.isBetter(nil, than: 3))
    #expect(error.isBetter(3, than: .nan))
  }

  @Test("confusions of thousands of classes take the room of what occurs")
  func sparseConfusions() {
    let counts = ConfusionCounts(
      classes: 8142,
      entries: [
        .init(truth: 8141, prediction: 3, count: 2), .init(truth: 0, prediction: 0, count: 5),
        .init(truth: 8141, prediction: 3, count: 1), .init(truth: 8141, prediction: 8141, count: 1),
        .init(truth: 9000, prediction: 0, count: 7), .init(truth: 1, prediction: 2, count: 0),
      ])
    #expect(counts.entries.map { [$0.truth, $0.prediction, Int($0.count)] } == [[0, 0, 5], [8141, 3, 3], [8141, 8141, 1]])
    #expect(counts.totals[8141] == 4)
    #expect(counts.confusions().map(\.share) == [0.75])
  }
}
