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
    for setting in try ObjectiveRegistry.settingNames(of: name, context: testContext(classes: 4)) {
      // What all softmax losses have in common is told once.
      let isShared = page.contains("(homogenization.md)") && ["homogenization", "statistic", "maximumScale", "burnIn"].contains(setting)
      let isAdaptation = page.contains("(adaptation.md)") && ["adaptation", "detachAdaptation"].contains(setting)
      #expect(isShared || isAdaptation || page.contains("`\(setting)`"), "\(setting)")
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
