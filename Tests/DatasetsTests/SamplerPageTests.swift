import Datasets
import Foundation
import TestSupport
import Testing

/// The page about samplers knows them all.
@Suite struct SamplerPageTests {
  @Test func everySamplerAndSettingIsExplained() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sources/Datasets/Datasets.docc/SamplersAndSplits.md")
    let page = try String(contentsOf: path, encoding: .utf8)
    for entry in SamplerRegistry.entries {
      let row = try #require(page.split(separator: "\n").first { $0.hasPrefix("| `\(entry.name)` |") }, "\(entry.name)")
      for setting in entry.settings {
        #expect(row.contains("`\(setting.key)`"), "\(entry.name): \(setting.key)")
        if let usual = setting.usual { #expect(row.contains("\(usual.intValue.map { "\($0)" } ?? "\(usual)")"), "\(entry.name): \(usual)") }
      }
    }
  }
}
