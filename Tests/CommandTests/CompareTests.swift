import Foundation
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

extension ProcessTests {
  /// Several objectives and seeds in one command, and the report about them.
  @Suite(.serialized) struct CompareTests {
    private static let settings = ["training.epochs=4", "checkpoint.everySteps=2", "reporting.pictures=1"]

    private func arguments(_ configuration: String, _ output: String, _ options: [String] = []) -> [String] {
      ["compare", configuration, "--output", output, "--objective", "pat,crossEntropy", "--seeds", "0,1"]
        + CompareTests.settings.flatMap { ["--set", $0] } + options
    }

    /// The lines of `report.csv` as dictionaries from column to cell; no cell of these has a comma in it.
    private func rows(_ output: String) throws -> [[String: String]] {
      let lines = try String(contentsOfFile: "\(output)/report.csv", encoding: .utf8).components(separatedBy: "\r\n").dropLast()
      let cells = lines.map { $0.components(separatedBy: ",") }
      let header = try #require(cells.first)
      return cells.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
    }

    /// All but what a clock decides.
    private func untimed(_ output: String) throws -> [[String: String]] {
      try rows(output).map { $0.filter { $0.key != "secondsPerStep" } }
    }

    /// What the tests look at in a line of `classes.jsonl`.
    private struct Evaluation: Decodable {
      struct Class: Decodable {
        var name: String
        var iou: Double?
      }
      var miou: Double
      var pixelAccuracy: Double
      var meanAccuracy: Double
      var groups: [String: Double?]
      var classes: [Class]
    }

    private func lastEvaluation(_ run: RunResult) throws -> Evaluation {
      let text = try String(contentsOfFile: "\(run.path)/classes.jsonl", encoding: .utf8)
      return try JSONDecoder().decode(Evaluation.self, from: Data(#require(text.split(separator: "\n").last).utf8))
    }

    private func expectPage(_ output: String, pictures: Int) throws {
      let page = try String(contentsOfFile: "\(output)/report.html", encoding: .utf8)
      let parser = XMLParser(data: Data(page.utf8))
      #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
      #expect(!page.contains("http") && !page.contains("<script") && !page.contains("<link") && !page.contains("href"))
      #expect(page.occurrences(of: " src=\"data:image/png;base64,") == pictures)
      #expect(page.occurrences(of: " src=") == pictures)
    }

    @Test func theReportHasTheNumbersOfTheLogs() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 3)
        let output = "\(directory)/new/comparison"
        let outcome = try Program.run("longtail", arguments(configuration, output))
        expect(outcome, output: ["run 4 of 4", "\(output)/report.html", "\(output)/report.csv", "\(output)/report.md"])

        let rows = try rows(output)
        #expect(
          rows.map { "\($0["row"] ?? "") \($0["name"] ?? "") \($0["seed"] ?? "")" } == [
            "run pat 0", "run pat 1", "mean pat ", "standardDeviation pat ",
            "run crossEntropy 0", "run crossEntropy 1", "mean crossEntropy ", "standardDeviation crossEntropy ",
          ])
        let keys = ["miou", "pixelAccuracy", "meanAccuracy"]
        for (row, name) in zip([0, 1, 4, 5], ["pat-seed-0", "pat-seed-1", "crossEntropy-seed-0", "crossEntropy-seed-1"]) {
          let logged = try lastEvaluation(RunResult(path: "\(output)/\(name)"))
          func number(_ key: String) -> Double? { rows[row][key].flatMap(Double.init) }
          #expect(number("miou") == logged.miou, "\(name)")
          #expect(number("pixelAccuracy") == logged.pixelAccuracy, "\(name)")
          #expect(number("meanAccuracy") == logged.meanAccuracy, "\(name)")
          for group in ["head", "medium", "tail"] { #expect(number("miou.\(group)") == logged.groups[group] ?? nil, "\(name)") }
          #expect(logged.classes.count == 11)
          for entry in logged.classes { #expect(number("iou.\(entry.name)") == entry.iou, "\(name)") }
          #expect(rows[row]["step"] == "12" && rows[row]["finished"] == "true")
        }
        for first in [0, 4] {
          for key in keys {
            let values = [first, first + 1].compactMap { rows[$0][key].flatMap(Double.init) }
            let mean = (values[0] + values[1]) / 2
            #expect(rows[first + 2][key].flatMap(Double.init) == mean)
            let deviation = abs(values[0] - values[1]) / 2.0.squareRoot()
            let error = try abs(#require(rows[first + 3][key].flatMap(Double.init)) - deviation)
            #expect(error < 1e-12)
          }
        }
        // Other seeds and other objectives are other runs.
        #expect(Set([0, 1, 4, 5].map { rows[$0]["miou"] }).count == 4)
        // Image and labels once, and a prediction of each run.
        try expectPage(output, pictures: 2 + 4)

        // Nothing is trained twice, nor touched.
        let before = try RunResult(path: output).contents()
        let again = try Program.run("longtail", arguments(configuration, output))
        expect(again)
        #expect(again.output.occurrences(of: " is finished: ") == 4)
        #expect(try RunResult(path: output).contents() == before)
      }
    }

    @Test func anInterruptedComparisonGoesOn() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 3)
        expect(try Program.run("longtail", arguments(configuration, "\(directory)/whole")))

        let output = "\(directory)/cut"
        func interrupt(_ signal: Int32, in name: String, expecting code: Int32) throws {
          let program = try Program("longtail", arguments(configuration, output))
          let run = RunResult(path: "\(output)/\(name)")
          let limit = Date().addingTimeInterval(60)
          while run.checkpoints.count < 2, Date() < limit, program.process.isRunning { usleep(1000) }
          kill(program.process.processIdentifier, signal)
          expect(program.wait(), code)
          #expect((2..<6).contains(run.checkpoints.count), "it was not interrupted in the middle: \(run.checkpoints)")
          #expect(!FileManager.default.fileExists(atPath: "\(output)/report.csv"))
        }
        // All objectives have their first seed before one has its second.
        try interrupt(SIGKILL, in: "crossEntropy-seed-0", expecting: 137)
        try interrupt(SIGTERM, in: "pat-seed-1", expecting: 75)
        let last = try Program.run("longtail", arguments(configuration, output))
        expect(last, output: ["run 1 of 4: pat, seed 0 is finished", "resuming from \(output)/pat-seed-1"])
        #expect(try untimed(output) == untimed("\(directory)/whole"))
      }
    }

    @Test func aReportOfWhatIsThere() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 3)
        let output = "\(directory)/comparison"
        let none = try Program.run("longtail", ["compare", "--report-only", "--output", output])
        expect(none, 66, errors: ["there are no runs"])
        let settings = ["training.epochs=1"]
        expect(try train(configuration, "\(output)/tiny-seed-0", settings))
        expect(try train(configuration, "\(output)/tiny-seed-1", settings + ["seed=1"]))
        let all = try Program.run("longtail", ["compare", "--report-only", "--output", output, "--compat", "ibla"])
        expect(all)
        let rows = try rows(output)
        #expect(rows.map { $0["seed"] } == ["0", "1", "", ""])
        let scores = rows.prefix(2).compactMap { $0["miou.ibla"].flatMap(Double.init) }
        #expect(scores.count == 2 && scores.allSatisfy { (0...1).contains($0) })
        #expect(rows[2]["miou.ibla"].flatMap(Double.init) == (scores[0] + scores[1]) / 2)
        try expectPage(output, pictures: 0)

        let planned = ["compare", configuration, "--seeds", "1,2", "--set", "training.epochs=1", "--output", output, "--report-only"]
        expect(try Program.run("longtail", planned))
        #expect(try self.rows(output).map { $0["seed"] } == ["1", "", ""])
        let markdown = try String(contentsOfFile: "\(output)/report.md", encoding: .utf8)
        #expect(markdown.contains("tiny, seed 2 is missing"))
        #expect(!FileManager.default.fileExists(atPath: "\(output)/tiny-seed-2"))

        // A run that somebody made longer, and that has not come to its end.
        try FileManager.default.removeItem(atPath: "\(output)/tiny-seed-1")
        let text = try String(contentsOfFile: "\(output)/tiny-seed-0/config.yaml", encoding: .utf8)
        try text.replacingOccurrences(of: "epochs: 1", with: "epochs: 5")
          .write(toFile: "\(output)/tiny-seed-0/config.yaml", atomically: true, encoding: .utf8)
        expect(try Program.run("longtail", ["compare", "--report-only", "--output", output]))
        #expect(try self.rows(output).map { $0["finished"] } == ["false", "", ""])
      }
    }

    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH")) func ranksGoThroughTheRunsTogether() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 3)
        let output = "\(directory)/comparison"
        let outcome = try Program.run("longtail", arguments(configuration, output), ranks: 2)
        expect(outcome, output: ["run 4 of 4"])
        #expect(outcome.output.occurrences(of: "report   \(output)/report.") == 3)
        #expect(try rows(output).filter { $0["finished"] == "true" }.count == 4)
        try expectPage(output, pictures: 6)
        let again = try Program.run("longtail", arguments(configuration, output), ranks: 2)
        expect(again)
        #expect(again.output.occurrences(of: " is finished: ") == 4)
      }
    }

    /// CamVid's layout has validation samples of its own: they are damaged here, and nobody notices.
    @Test func foldsAreOfTheTrainingSamplesAlone() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.camVid(in: directory, train: 6, validation: 2)
        for name in ["val/0.png", "valannot/1.png"] {
          try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
        }
        let output = "\(directory)/comparison"
        let arguments = [
          "compare", configuration, "--output", output, "--folds", "2", "--seeds", "0,1", "--objective", "pat,crossEntropy", "--set",
          "training.epochs=1", "--set", "reporting.pictures=1", "--set", "training.globalBatch=2",
        ]
        let outcome = try Program.run("longtail", arguments)
        expect(outcome, output: ["run 8 of 8: crossEntropy, fold 1, seed 1"])
        let rows = try rows(output)
        #expect(
          rows.filter { $0["row"] == "run" }.map { "\($0["name"] ?? "") \($0["fold"] ?? "") \($0["seed"] ?? "")" }.sorted() == [
            "crossEntropy 0 0", "crossEntropy 0 1", "crossEntropy 1 0", "crossEntropy 1 1", "pat 0 0", "pat 0 1", "pat 1 0", "pat 1 1",
          ])
        #expect(rows.filter { $0["row"] == "mean" }.allSatisfy { $0["runs"] == "4" })
        // Each training sample is held out once.
        func list(_ name: String, fold: Int) throws -> [Substring] {
          try String(contentsOfFile: "\(output)/pat-fold-\(fold)-seed-1/split/\(name).txt", encoding: .utf8).split(separator: "\n")
        }
        let held = try (0..<2).map { try list("val", fold: $0) }
        #expect(Set(held.joined()).count == 6 && held.joined().count == 6)
        #expect(try Set(list("train", fold: 0)) == Set(held[1]))
        // Groups are those of all training samples, whatever a fold has of them.
        func groups(fold: Int) throws -> [String] {
          let classes = try jsonObject(String(contentsOfFile: "\(output)/pat-fold-\(fold)-seed-0/classes.json", encoding: .utf8))["classes"]
          return try #require(classes as? [[String: Any]]).compactMap { $0["group"] as? String }
        }
        #expect(try groups(fold: 0).count == 11 && groups(fold: 0) == groups(fold: 1))
        // Pictures are those of one fold: image and truth, and the two candidates with two seeds.
        try expectPage(output, pictures: 2 + 4)

        let whole = try untimed(output)
        let found = try Program.run("longtail", ["compare", "--report-only", "--output", output])
        expect(found)
        func sorted(_ rows: [[String: String]]) -> [[String: String]] {
          rows.sorted { "\($0.sorted { $0.key < $1.key })" < "\($1.sorted { $0.key < $1.key })" }
        }
        #expect(try sorted(untimed(output)) == sorted(whole))
        // Its checkpoints are judged on the fold, too.
        let judged = try Program.run("longtail", ["evaluate", "\(output)/pat-fold-1-seed-0", "--json"])
        expect(judged, output: ["\"images\":3,"])

        for (options, says) in [
          (["--folds", "1"], "--folds: 1"), (["--folds", "2", "--set", "evaluation.split=train"], "evaluation.split is train"),
          (["--folds", "2", "--set", "data.split={trainList: a, validationList: b}"], "lists of samples"),
        ] {
          let refused = try Program.run("longtail", ["compare", configuration, "--output", "\(directory)/none"] + options)
          expect(refused, 64, errors: [says])
        }
      }
    }

    @Test func mistakesAreAnsweredBeforeAnythingIsTrained() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let output = "\(directory)/comparison"
        let mistakes: [(options: [String], code: Int32, says: [String])] = [
          ([configuration, "--objective", "pat,crossEntrpy"], 64, ["crossEntrpy", "'crossEntropy'"]),
          ([configuration, "--objective", "pat,pat"], 64, ["share the directory"]),
          ([configuration, "--seeds", "0,one"], 64, ["'one'"]),
          ([configuration, "--seeds", "3,3"], 64, ["share the directory"]),
          ([configuration, configuration], 64, ["share the directory"]),
          ([configuration, "--set", "objective.settings.exponnt=2"], 64, ["exponnt", "exponent"]),
          ([configuration, "--compat", "iblaa"], 64, ["iblaa"]),
          (["\(directory)/nothing.yaml"], 66, ["nothing.yaml"]),
          ([], 64, ["configuration"]),
          (["--report-only", "--seeds", "1"], 64, ["need a configuration"]),
        ]
        for mistake in mistakes {
          let outcome = try Program.run("longtail", ["compare", "--output", output] + mistake.options)
          expect(outcome, mistake.code, errors: mistake.says)
          #expect(!FileManager.default.fileExists(atPath: output), "\(mistake.options)")
        }
      }
    }
  }
}
