import Foundation
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

extension ProcessTests {
  /// Searches over keys of a configuration, with pauses between their rungs.
  @Suite(.serialized) struct TuneCommandTests {
    private func arguments(_ configuration: String, _ output: String, _ options: [String] = []) -> [String] {
      [
        "tune", configuration, "--output", output, "--search", "optimizer.learningRate=1e-6,3e-3", "--search",
        "objective.name=pat,crossEntropy",
        "--rungs", "1/2,1", "--keep", "1/2", "--seeds", "0,1", "--set", "training.epochs=4",
      ] + options
    }

    private func rows(_ output: String) throws -> [[String: String]] {
      let lines = try String(contentsOfFile: "\(output)/tune.csv", encoding: .utf8).components(separatedBy: "\r\n").dropLast()
      let cells = lines.map { $0.components(separatedBy: ",") }
      let header = try #require(cells.first)
      return cells.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
    }

    private func pages(_ output: String) throws -> [String] {
      try ["tune.html", "tune.md", "tune.csv", "best.yaml"].map { try String(contentsOfFile: "\(output)/\($0)", encoding: .utf8) }
    }

    @Test func theBetterHalfGoesOnAndPausesChangeNothing() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 3)
        let output = "\(directory)/tuned"
        let outcome = try Program.run("longtail", arguments(configuration, output))
        expect(outcome, output: ["4 candidates, 2 runs each; 4, 2 of them on the rungs: 75 %", "rung 2 of 2, run 4 of 4", "the best: "])
        let rows = try rows(output)
        let candidates = rows.filter { $0["row"] == "candidate" }
        #expect(candidates.map { $0["rung"] } == ["2", "2", "1", "1"])
        // A rate of 1e-6 learns nothing in a few steps: a candidate with it may come second at most.
        #expect(candidates[0]["optimizer.learningRate"] == "3e-3")
        func numbers(_ key: String, _ rows: [[String: String]]) -> [Double] { rows.compactMap { $0[key].flatMap(Double.init) } }
        let first = numbers("score.1", candidates)
        #expect(first.count == 4 && (first.prefix(2).min() ?? 0) >= (first.suffix(2).max() ?? 1))
        let second = numbers("score.2", candidates)
        #expect(second.count == 2 && second[0] >= second[1])
        for candidate in candidates {
          let own = rows.filter { $0["row"] == "run" && $0["candidate"] == candidate["candidate"] }
          #expect(own.map { $0["seed"] } == ["0", "1"])
          let mean = numbers("score.1", own).reduce(0, +) / 2
          #expect(abs((numbers("score.1", [candidate]).first ?? -1) - mean) < 1e-12)
        }

        // A run that paused is the run that did not: step by step the same, and the same in the end.
        let name = try #require(candidates[0]["candidate"])
        let best = RunResult(path: "\(output)/\(name)-seed-1")
        #expect(best.checkpoints.contains(6) && best.checkpoints.last == 12)
        let values = ["optimizer.learningRate", "objective.name"].map { "\($0)=\(candidates[0][$0] ?? "")" }
        let whole = RunResult(path: "\(directory)/whole")
        expect(try train(configuration, whole.path, ["training.epochs=4", "seed=1"] + values))
        #expect(try best.digest(12) == whole.digest(12))
        #expect(best.lines("classes.jsonl") == whole.lines("classes.jsonl"))
        // One that was left is at its pause, with the schedule of the whole run before it.
        let left = RunResult(path: "\(output)/\(candidates[3]["candidate"] ?? "")-seed-0")
        #expect(left.checkpoints.last == 6)

        let page = try String(contentsOfFile: "\(output)/tune.html", encoding: .utf8)
        let parser = XMLParser(data: Data(page.utf8))
        #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        #expect(!page.contains("http") && !page.contains("<script") && page.occurrences(of: "<svg viewBox=\"0 0 440") >= 3)

        // The best configuration is whole: it trains as it is.
        let again = try Program.run("longtail", ["train", "\(output)/best.yaml", "--output", "\(directory)/best", "--set", "seed=1"])
        expect(again)
        #expect(try RunResult(path: "\(directory)/best").digest(12) == whole.digest(12))

        // The same command has nothing left to do, and one with more values trains only those.
        let before = try pages(output)
        let nothing = try Program.run("longtail", arguments(configuration, output))
        expect(nothing)
        #expect(nothing.output.occurrences(of: "is done this far") == 8 && nothing.output.occurrences(of: " is finished: ") == 4)
        #expect(try pages(output) == before)
      }
    }

    @Test func aSearchThatWasInterruptedGoesOn() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 3)
        let settings = ["--set", "checkpoint.everySteps=2"]
        expect(try Program.run("longtail", arguments(configuration, "\(directory)/whole", settings)))
        let output = "\(directory)/cut"
        for (signal, code, name) in [
          (SIGKILL, Int32(137), "learningRate=1e-6_name=crossEntropy-seed-0"), (SIGTERM, 75, "learningRate=3e-3_name=pat-seed-1"),
        ] {
          let program = try Program("longtail", arguments(configuration, output, settings))
          let run = RunResult(path: "\(output)/\(name)")
          let limit = Date().addingTimeInterval(120)
          while run.checkpoints.isEmpty, Date() < limit, program.process.isRunning { usleep(1000) }
          kill(program.process.processIdentifier, signal)
          expect(program.wait(), code)
        }
        expect(try Program.run("longtail", arguments(configuration, output, settings)), output: ["resuming from"])
        let (one, other) = try (pages(output), pages("\(directory)/whole"))
        #expect(one == other)
      }
    }

    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH")) func ranksSearchTogetherOnFolds() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.camVid(in: directory, train: 8, validation: 2)
        let output = "\(directory)/tuned"
        let arguments = [
          "tune", configuration, "--output", output, "--search", "optimizer.learningRate=1e-4..1e-2,log", "--samples", "3", "--seed", "5",
          "--folds",
          "2", "--rungs", "1/2,1", "--keep", "1/3", "--set", "training.epochs=2", "--set", "training.globalBatch=2", "--score",
          "pixelAccuracy",
        ]
        expect(try Program.run("longtail", arguments, ranks: 2), output: ["3 candidates, 2 runs each; 3, 1 of them", "fold 1, seed 0"])
        let rows = try rows(output)
        #expect(rows.filter { $0["row"] == "candidate" }.map { $0["rung"] } == ["2", "1", "1"])
        #expect(Set(rows.filter { $0["row"] == "run" }.map { $0["fold"] }) == ["0", "1"])
        #expect(try pages(output)[1].contains("pixel accuracy"))
        let again = try Program.run("longtail", arguments, ranks: 2)
        expect(again)
        #expect(again.output.occurrences(of: "is done this far") == 6)
        // No split is in the best configuration: it is for all training samples.
        #expect(try !pages(output)[3].contains("folds: 2"))
      }
    }

    @Test func aRungThatEndsLaterSaysSo() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 3)
        let output = "\(directory)/tuned"
        let options = [
          "--search", "optimizer.learningRate=1e-3,3e-3", "--rungs", "1/4,1", "--keep", "1/2", "--set", "training.epochs=4", "--set",
          "evaluation.every=2",
        ]
        // Two candidates up to a half in place of a quarter, one of them to the end.
        let outcome = try Program.run("longtail", ["tune", configuration, "--output", output] + options)
        expect(outcome, output: ["2, 1 of them on the rungs: 75 %", "rung 1 up to 50 % of the epochs, not 25 %"])
        #expect(try rows(output).filter { $0["row"] == "candidate" }.map { $0["share"] } == ["1.0", "0.5"])
        #expect(try pages(output)[1].contains("2 up to 50 % of the epochs, then 1 up to all epochs"))
      }
    }

    @Test func mistakesAreAnsweredBeforeAnythingIsTrained() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let mistakes: [(options: [String], says: [String])] = [
          ([], ["Name a key to search"]),
          (["--search", "optimizer.learningRat=1,2"], ["learningRat", "learningRate"]),
          (["--search", "optimizer.learningRate=1e-3,fast"], ["learningRate=fast", "fast"]),
          (["--search", "optimizer.learningRate=1e-3..1e-2"], ["--samples"]),
          (["--search", "objective.name=pat,crossEntrpy"], ["crossEntrpy", "crossEntropy"]),
          (["--search", "seed=1,2"], ["--seeds"]),
          (["--search", "model.width=8,16", "--score", "miuo"], ["miuo", "miou"]),
          (["--search", "model.width=8,16", "--rungs", "1,1/2"], ["--rungs"]),
          (["--search", "model.width=8,16", "--keep", "0"], ["--keep"]),
          (["--search", "model.width=8,16", "--set", "evaluation.split=test"], ["evaluation.split is test"]),
          (["--search", "model.width=8,16", "--samples", "3"], ["only 2 different"]),
          (
            ["--search", "model.width=8,16", "--set", "training.epochs=12", "--set", "evaluation.every=10", "--rungs", "1/3,1/2,1"],
            ["0.333 and 0.5 both end with epoch 10 of 12", "evaluation.every: 10"]
          ),
          (
            ["--search", "evaluation.every=1,9", "--set", "training.epochs=8"], ["0.333 and 1 both end with epoch 8 of 8", "every=9"]
          ),
        ]
        for mistake in mistakes {
          let outcome = try Program.run("longtail", ["tune", configuration, "--output", "\(directory)/none"] + mistake.options)
          expect(outcome, 64, errors: mistake.says)
          #expect(!FileManager.default.fileExists(atPath: "\(directory)/none"), "\(mistake.options)")
        }
      }
    }
  }
}
