import Foundation
import Images
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

extension ProcessTests {
  /// `report`, `runs`, `export` and `completions` on what short trainings leave.
  @Suite(.serialized) struct ReportCommandTests {
    private func page(_ path: String) throws -> String {
      let page = try String(contentsOfFile: path, encoding: .utf8)
      let parser = XMLParser(data: Data(page.utf8))
      #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
      #expect(!page.contains("http") && !page.contains("<script") && !page.contains("<link") && !page.contains("href"))
      #expect(page.occurrences(of: " src=") == page.occurrences(of: " src=\"data:image/png;base64,"))
      return page
    }

    private struct Details: Decodable {
      struct Image: Decodable {
        var name: String
        var pixels: Int
        var correctPixels: Int
        var miou: Double?
      }
      var step: Int
      var confusion: [[Int]]
      var images: [Image]
    }

    private func details(_ run: RunResult) throws -> Details {
      try JSONDecoder().decode(Details.self, from: Data(contentsOf: URL(fileURLWithPath: "\(run.path)/evaluation.json")))
    }

    @Test func trainingEndsWithAPage() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory, validation: 5)
        let run = RunResult(path: "\(directory)/run")
        let settings = ["training.epochs=2", "reporting.pictures=2"]
        expect(try train(configuration, run.path, settings), output: ["report   \(run.path)/report.html"])
        let written = try page("\(run.path)/report.html")
        // Two of the best and two of the worst, each as input, truth and prediction.
        #expect(written.occurrences(of: " src=") == 12)
        for text in ["training loss", "Confusions", "Worth a look", "Settings", "Versions and machine", "finished"] {
          #expect(written.contains(text), "\(text)")
        }
        // Images and classes tell of the same pixels.
        let found = try details(run)
        #expect(found.step == 6)
        #expect(found.images.map(\.name).count == 5)
        #expect(found.images.map(\.pixels).reduce(0, +) == found.confusion.joined().reduce(0, +))
        #expect(found.images.map(\.correctPixels).reduce(0, +) == found.confusion.indices.map { found.confusion[$0][$0] }.reduce(0, +))
        #expect(found.images.allSatisfy { $0.miou.map { (0...1).contains($0) } == true })

        // The command makes the same page from the directory alone, and the same pictures from the checkpoint.
        expect(try Program.run("longtail", ["report", run.path, "--output", "\(directory)/again.html"]))
        let again = try page("\(directory)/again.html")
        #expect(again.occurrences(of: " src=") == 12)
        expect(try Program.run("longtail", ["report", run.path, "--evaluate", "--output", "\(directory)/evaluated.html"]))
        #expect(try page("\(directory)/evaluated.html") == again)

        // What an early build left has no confusions, and can be given some.
        try FileManager.default.removeItem(atPath: "\(run.path)/evaluation.json")
        expect(try Program.run("longtail", ["report", run.path]))
        let bare = try page("\(run.path)/report.html")
        #expect(bare.contains("No confusion matrix") && !bare.contains("<h2>Confusions"))
        let options = ["--evaluate", "--pictures", "1"]
        expect(try Program.run("longtail", ["report", run.path] + options))
        #expect(try page("\(run.path)/report.html").occurrences(of: " src=") == 6)

        expect(try Program.run("longtail", ["report", "\(directory)/nowhere"]), 66, errors: ["nowhere"])
        expect(try Program.run("longtail", ["report", run.path, "--pictures", "1"]), 64, errors: ["--evaluate"])
      }
    }

    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH")) func scoresOfImagesDoNotDependOnRanks() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory, validation: 5)
        let settings = ["training.epochs=1", "evaluation.batch=2", "optimizer.learningRate=0.0"]
        let one = RunResult(path: "\(directory)/one")
        expect(try train(configuration, one.path, settings))
        let expected = try details(one)
        for ranks in [2, 3] {
          let run = RunResult(path: "\(directory)/\(ranks)")
          expect(try train(configuration, run.path, settings, ranks: ranks))
          let found = try details(run)
          #expect(found.images.map(\.name) == expected.images.map(\.name))
          #expect(found.images.map(\.pixels) == expected.images.map(\.pixels), "\(ranks) ranks")
          // Every rank judged its own images: none is missing and none counted twice.
          #expect(found.images.map(\.pixels).reduce(0, +) == found.confusion.joined().reduce(0, +))
        }
      }
    }

    @Test(.enabled(if: Python.has("tensorboard"), "no Python with tensorboard (LONGTAIL_PYTHON): nothing was read with it"))
    func eventsOfAResumedRunAreThoseOfAWholeOne() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let settings = ["training.epochs=4", "checkpoint.everySteps=2", "reporting.tensorboard=true", "reporting.pictures=1"]
        let whole = RunResult(path: "\(directory)/whole")
        expect(try train(configuration, whole.path, settings))
        let cut = try whole.copy(to: "\(directory)/cut", upTo: 8)
        expect(try train(configuration, cut.path, settings, ["--resume", "required"]), output: ["step-00000008"])
        let script = """
          import json, sys
          from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
          a = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "histograms": 0})
          a.Reload()
          tags = a.Tags()
          print(json.dumps([
            {t: [[e.step, e.value] for e in a.Scalars(t)] for t in tags["scalars"]},
            {t: [[e.step, len(e.encoded_image_string)] for e in a.Images(t)] for t in tags["images"]},
            {t: [[e.step, e.histogram_value.sum] for e in a.Histograms(t)] for t in tags["histograms"]},
          ], sort_keys=True))
          """
        let outputs = try [whole, cut].map { run in
          let outcome = try Python.run(script, ["\(run.path)/tensorboard"])
          try #require(outcome.exitCode == 0, "\(outcome)")
          return outcome.output
        }
        #expect(outputs[0] == outputs[1])
        #expect(outputs[0].contains("\"train/loss\": [[1, ") && outputs[0].contains("parameters/head.weight"))
        #expect(outputs[0].contains("IoU/ground") && outputs[0].contains("predictions/"))
        #expect(whole.names("tensorboard").count == 1 && cut.names("tensorboard") == whole.names("tensorboard"))
      }
    }

    private struct Listing: Decodable {
      struct Run: Decodable {
        var name: String
        var state: String
        var step: Int
        var steps: Int?
        var miou: Double?
        var bestMiou: Double?
        var trainingSeconds: Double
      }
      var runs: [Run]
      var problems: [String]
    }

    @Test func runsAreListed() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let runs = "\(directory)/runs"
        expect(try train(configuration, "\(runs)/a-10", ["training.epochs=2"]))
        expect(try train(configuration, "\(runs)/a-9", ["training.epochs=3", "seed=1"]))
        // One that was cut off: its last evaluation never took place.
        let short = try RunResult(path: "\(runs)/a-9").copy(to: "\(runs)/deep/cut", upTo: 3)
        for file in ["log.jsonl", "classes.jsonl"] {
          let text = try String(contentsOfFile: "\(short.path)/\(file)", encoding: .utf8)
          let lines = text.split(separator: "\n").filter { !$0.hasPrefix("{\"step\":9,") }
          try (lines.joined(separator: "\n") + "\n").write(toFile: "\(short.path)/\(file)", atomically: true, encoding: .utf8)
        }
        try FileManager.default.createDirectory(atPath: "\(runs)/empty", withIntermediateDirectories: true)
        func listed(_ arguments: [String]) throws -> Listing {
          let outcome = try Program.run("longtail", ["runs"] + arguments + ["--json"])
          expect(outcome)
          return try JSONDecoder().decode(Listing.self, from: Data(outcome.output.utf8))
        }
        let all = try listed([runs])
        #expect(all.runs.map(\.name) == ["a-9", "a-10", "cut"])
        #expect(all.runs.map(\.state) == ["finished", "finished", "interrupted"])
        #expect(all.runs.map(\.step) == [9, 6, 8])
        #expect(all.runs.map(\.steps) == [9, 6, 9])
        #expect(all.runs.allSatisfy { ($0.bestMiou ?? -1) >= ($0.miou ?? 2) && $0.trainingSeconds > 0 })
        let sorted = try listed([runs, "--sort", "miou"]).runs.compactMap(\.miou)
        #expect(sorted.count == 3 && sorted == sorted.sorted(by: >))
        // By default those in ./runs; a table for people.
        let table = try Program.run("longtail", ["runs"], directory: directory)
        expect(table, output: ["3 of 3", "interrupted", "unet 8"])
        try "{\"step\":1}\n".write(toFile: "\(runs)/a-10/log.jsonl", atomically: true, encoding: .utf8)
        #expect(try listed([runs, "\(runs)/a-9"]).runs.count == 2)
        #expect(try listed([runs]).problems.first?.contains("a-10/log.jsonl:1") == true)
        expect(try Program.run("longtail", ["runs", "\(directory)/nowhere"]), 66, errors: ["nowhere"])
      }
    }

    @Test func networksAreExported() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let run = RunResult(path: "\(directory)/run")
        expect(try train(configuration, run.path, ["training.epochs=1"]))
        // Nothing but the checkpoint is needed.
        try FileManager.default.removeItem(atPath: "\(directory)/train")
        try FileManager.default.removeItem(atPath: "\(directory)/val")
        for (arguments, file) in [
          ([run.path], "model.onnx"), ([run.path], "model.safetensors"), ([run.checkpoint(3), "--format", "safetensors"], "weights"),
        ] {
          let outcome = try Program.run("longtail", ["export"] + arguments + ["--output", "\(directory)/\(file)"])
          expect(outcome, output: ["-> \(directory)/\(file)"])
          let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(file)"))
          for text in ["classNames", "ground", "running_var", "standardDeviation"] {
            #expect(data.range(of: Data(text.utf8)) != nil, "\(file): \(text)")
          }
          // The optimizer's state is none of the network's.
          #expect(data.range(of: Data("moment".utf8)) == nil)
        }
        let none = try Program.run("longtail", ["export", run.path, "--output", "\(directory)/model.bin"])
        expect(none, 64, errors: ["--format"])
      }
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionsKnowTheCommands(shell: String) throws {
      let outcome = try Program.run("longtail", ["completions", shell])
      expect(outcome, output: ["train", "evaluate", "export"])
      if shell == "bash" {
        try withTemporaryDirectory { directory in
          try outcome.output.write(toFile: "\(directory)/longtail", atomically: true, encoding: .utf8)
          expect(try Program.run("/bin/bash", ["-n", "\(directory)/longtail"]))
        }
      }
    }
  }
}
