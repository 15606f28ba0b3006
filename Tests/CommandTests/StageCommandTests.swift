import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Runs of several stages through the commands.
  @Suite struct StageCommandTests {
    private func write(_ text: String, to path: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

    @Test func aStageThatSeveralRunsHaveInCommonIsTrainedOnce() throws {
      try withTemporaryDirectory { directory in
        let base = try TinyExperiment.scenes(in: directory, validation: 3)
        let name = URL(fileURLWithPath: base).lastPathComponent
        for (candidate, objective) in [("two", "balancedSoftmax"), ("other", "focal")] {
          try write(
            """
            extends: \(name)
            stages:
              - {name: base}
              - name: head
                start: {stage: base, except: [head.*]}
                model: {trained: [head.*]}
                objective: {name: \(objective)}

            """, to: "\(directory)/\(candidate).yaml")
        }
        let output = "\(directory)/comparison"
        let arguments = ["compare", base, "\(directory)/two.yaml", "\(directory)/other.yaml", "--output", output, "--seeds", "0,1"]
        let outcome = try Program.run("longtail", arguments)
        #expect(outcome.exitCode == 0, "\(outcome)")
        let stem = name.replacingOccurrences(of: ".yaml", with: "")
        for seed in 0...1 {
          // The first stage of the others is the whole of the first run, which came before them.
          for candidate in ["two", "other"] {
            #expect(outcome.output.contains("\(candidate), seed \(seed), stage base is finished: \(output)/\(stem)-seed-\(seed)\n"))
            #expect(FileManager.default.fileExists(atPath: "\(output)/\(candidate)-seed-\(seed)/final-table.md"))
          }
        }
        #expect(!FileManager.default.fileExists(atPath: "\(output)/stages"))
        #expect(try String(contentsOfFile: "\(output)/report.md", encoding: .utf8).contains("other"))

        // Without the first run it lies in a place of its own, once for both.
        let apart = "\(directory)/apart"
        let second = try Program.run(
          "longtail", ["compare", "\(directory)/two.yaml", "\(directory)/other.yaml", "--output", apart, "--seeds", "1"])
        #expect(second.exitCode == 0, "\(second)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(apart)/stages").count == 1)
        // What is there is not done again, and the numbers are those of the other comparison.
        let again = try Program.run(
          "longtail", ["compare", "\(directory)/two.yaml", "\(directory)/other.yaml", "--output", apart, "--seeds", "1"])
        #expect(again.exitCode == 0 && again.output.components(separatedBy: " is finished: ").count == 5, "\(again)")
        func table(_ place: String) throws -> String { try String(contentsOfFile: "\(place)/final-table.md", encoding: .utf8) }
        #expect(try table("\(apart)/two-seed-1") == table("\(output)/two-seed-1"))
      }
    }
  }
}
