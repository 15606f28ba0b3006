import Foundation
import Objectives
import Tensors
import TestSupport
import Testing

@Suite("Pages of objectives", .computePool)
struct DocumentationTests {
  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources/Objectives/Objectives.docc")

  @Test("there is one for each objective, with all its settings and a source", arguments: ObjectiveRegistry.names)
  func pages(_ name: String) throws {
    let page = try String(contentsOf: Self.directory.appendingPathComponent("\(name).md"), encoding: .utf8)
    let entry = try ObjectiveRegistry.registry.entry(name)
    for setting in entry.settings.map(\.path) {
      // What all softmax losses have in common is told once.
      let isShared = page.contains("(homogenization.md)") && ["homogenization", "statistic", "maximumScale", "burnIn"].contains(setting)
      let isAdaptation = page.contains("(adaptation.md)") && ["adaptation", "detachAdaptation"].contains(setting)
      #expect(isShared || isAdaptation || page.contains("`\(setting)`"), "\(setting)")
    }
    // Whatever a page's table says about a default is what the code has.
    let defaults = Dictionary(uniqueKeysWithValues: entry.settings.map { ($0.path, $0.defaultText) })
    for row in page.split(separator: "\n") where row.hasPrefix("| `") {
      let cells = row.split(separator: "|").map { $0.filter { $0 != " " && $0 != "`" } }
      let expected = try #require(defaults[cells[0]], "\(cells[0]) is not a setting")
      let isSame = Double(cells[1]).map { Double(expected) == $0 } ?? (expected.filter { $0 != " " && $0 != "\"" } == cells[1])
      #expect(isSame, "\(cells[0]): \(cells[1]) on the page, \(expected) in the code")
    }
    if let source = entry.source, let paper = source.split(separator: " ").first(where: { $0.hasPrefix("arXiv:") }) {
      #expect(page.contains(paper), "\(paper)")
    }
    for heading in ["## What it changes", "## When it helps", "## Settings", "## Cost", "## Source"] {
      #expect(page.contains(heading), "\(heading)")
    }
    #expect(page.contains("```yaml\nobjective:\n  name: \(name)\n"))
  }

  @Test("the index names them all, and no page is about what does not exist")
  func index() throws {
    let index = try String(contentsOf: Self.directory.appendingPathComponent("README.md"), encoding: .utf8)
    for name in ObjectiveRegistry.names { #expect(index.contains("(\(name).md)"), "\(name)") }
    let pages = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path).filter { $0.hasSuffix(".md") }
    let expected = ObjectiveRegistry.names + ["Objectives", "README", "homogenization", "adaptation"]
    #expect(Set(pages) == Set(expected.map { "\($0).md" }))
  }
}
