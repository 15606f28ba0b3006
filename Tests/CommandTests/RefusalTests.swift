import Foundation
import Images
import TestSupport
import Testing

/// A mistake, and how it is answered.
struct Mistake: CustomTestStringConvertible, Sendable {
  var settings: [String] = []
  var options: [String] = []
  var code: Int32
  var says: [String]

  var testDescription: String { (settings + options).joined(separator: " ") }
}

extension ProcessTests {
  /// What a person may get wrong: exit codes, messages, and that nothing is begun.
  @Suite(.serialized) struct RefusalTests {
    static let mistakes = [
      Mistake(settings: ["training.epcohs=3"], code: 64, says: ["--set training.epcohs=3", "`training.epochs`"]),
      Mistake(settings: ["trainin.epochs=3"], code: 64, says: ["`training`"]),
      Mistake(settings: ["optimizer.learningRate=-1"], code: 64, says: ["optimizer.learningRate", "-1", "greater than 0"]),
      Mistake(settings: ["training.globalBatch=many"], code: 64, says: ["training.globalBatch", "many"]),
      Mistake(settings: ["schedule.name=cosin"], code: 64, says: ["schedule.name", "`cosine`"]),
      Mistake(settings: ["data.name=scnes"], code: 64, says: ["scnes", "'scenes'"]),
      Mistake(settings: ["data.settings.widht=64"], code: 64, says: ["widht", "'width'"]),
      Mistake(settings: ["model.name=unett"], code: 64, says: ["unett", "'unet'"]),
      Mistake(settings: ["model.settings.dept=3"], code: 64, says: ["dept"]),
      Mistake(settings: ["objective.name=crossEntrpy"], code: 64, says: ["crossEntrpy", "'crossEntropy'"]),
      Mistake(settings: ["objective.settings.exponnt=2"], code: 64, says: ["exponnt", "exponent"]),
      Mistake(settings: ["optimizer.name=adan"], code: 64, says: ["adan", "'adam'"]),
      Mistake(settings: ["optimizer.settings.epsilom=1"], code: 64, says: ["epsilom", "'epsilon'"]),
      Mistake(settings: ["data.augmentation.flp=1"], code: 64, says: ["`data.augmentation.flip`"]),
      Mistake(
        settings: ["objective={name: weightedSum, settings: {terms: {crossEntropy: 1, dice: {smoth: 1}}}}"], code: 64,
        says: ["objective dice", "'smoth'", "'smooth'"]),
      Mistake(settings: ["checkpoint.best=[mioo]"], code: 64, says: ["checkpoint.best", "mioo", "'miou'"]),
      Mistake(settings: ["checkpoint.best=[iou.Rode]"], code: 64, says: ["Rode", "Road"]),
      Mistake(settings: ["groups={head: [Rod], tail: [Sky]}"], code: 64, says: ["Rod", "'Road'"]),
      Mistake(settings: ["evaluation.split=vall"], code: 64, says: ["evaluation.split", "vall", "val"]),
      Mistake(settings: ["training.globalBatch=100"], code: 64, says: ["training.globalBatch is 100", "12", "dropLast"]),
      Mistake(settings: ["data.name=camvid"], code: 64, says: ["root is missing"]),
      Mistake(settings: ["data.name=camvid", "data.root=/nowhere/at/all"], code: 66, says: ["/nowhere/at/all"]),
      Mistake(options: ["--expect-ranks", "3"], code: 78, says: ["3 ranks are expected, 1"]),
      Mistake(options: ["--resume", "required"], code: 66, says: ["no run to resume"]),
      Mistake(options: ["--resume", "sometimes"], code: 64, says: ["sometimes"]),
      Mistake(options: ["--overwrite", "--resume", "auto"], code: 64, says: ["--overwrite", "--resume"]),
      Mistake(options: ["--bogus"], code: 64, says: ["--bogus"]),
    ]

    @Test(arguments: mistakes) func isAnsweredBeforeTheFirstStep(_ mistake: Mistake) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let run = RunResult(path: "\(directory)/run")
        let outcome = try train(configuration, run.path, mistake.settings, mistake.options)
        #expect(outcome.exitCode == mistake.code, "\(outcome)")
        for text in mistake.says { #expect(outcome.errors.contains(text), "'\(text)' is not in: \(outcome)") }
        #expect(!outcome.output.contains("step 1"))
        #expect(Set(run.names()).isSubset(of: ["pictures", "label-audit.json", "label-audit-val.json"]), "\(run.names())")
      }
    }

    /// The parameters run away in the first step; nothing of that is saved.
    @Test func lossThatIsNotFinite() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        for ranks in [nil, Program.hasMPI ? 2 : nil] {
          let run = RunResult(path: "\(directory)/run-\(ranks ?? 0)")
          let settings = ["optimizer={name: sgd, learningRate: 1e30}", "schedule.name=constant"]
          let outcome = try train(configuration, run.path, settings, ranks: ranks)
          expect(outcome, 79, errors: ["is not finite", "Lower the learning rate"])
          #expect(outcome.errors.occurrences(of: "is not finite") == 1)
          #expect(run.checkpoints.isEmpty)
        }
      }
    }

    @Test func anOutputThatCannotBe() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        expect(try train(configuration, "\(configuration)/run"), 74, errors: ["\(configuration)/run: cannot be made"])
      }
    }

    @Test func aMistakeInAFileHasItsLine() throws {
      try withTemporaryDirectory { directory in
        let path = "\(directory)/wrong.yaml"
        try "seed: 1\ntraining:\n  epochs: 2\n  globalBach: 4\nmodel: {name: unet, widht: 8}\n".write(
          toFile: path, atomically: true, encoding: .utf8)
        for command in [["train", path, "--output", "\(directory)/run"], ["stats", path]] {
          let outcome = try Program.run("longtail", command)
          #expect(outcome.exitCode == 64)
          for text in ["\(path):4", "globalBatch", "\(path):5", "`model.width`"] {
            #expect(outcome.errors.contains(text), "'\(text)' is not in: \(outcome)")
          }
        }
        let missing = try Program.run("longtail", ["train", "\(directory)/wrng.yaml"])
        expect(missing, 66, errors: ["wrng.yaml", "Did you mean wrong.yaml"])
        #expect(!FileManager.default.fileExists(atPath: "\(directory)/run"))
      }
    }

    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH")) func twoRanksSpeakOnce() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        for (settings, options, code, text) in [
          (["objective.name=crossEntrpy"], [], 64, "there is no objective 'crossEntrpy'"),
          (["training.epcohs=3"], [], 64, "unknown key"),
          ([], ["--bogus"], 64, "Unknown option"),
          ([], ["--expect-ranks", "3"], 78, "3 ranks are expected, 2 take part"),
        ] as [([String], [String], Int32, String)] {
          let outcome = try train(configuration, "\(directory)/run", settings, options, ranks: 2)
          #expect(outcome.exitCode == code, "\(outcome)")
          #expect(outcome.errors.lowercased().occurrences(of: text.lowercased()) == 1, "\(outcome)")
        }
        let missing = try Program.run("longtail", ["train", "\(directory)/nowhere.yaml"], ranks: 2)
        expect(missing, 66)
        #expect(missing.errors.occurrences(of: "there is no such file") == 1, "\(missing)")
        for option in ["--help", "--version"] {
          let outcome = try Program.run("longtail", [option], ranks: 2)
          expect(outcome)
          #expect(outcome.output.occurrences(of: option == "--help" ? "OVERVIEW" : "0.") == 1, "\(outcome)")
        }
      }
    }

    @Test func helpAndVersion() throws {
      for command in ["", "train", "evaluate", "predict", "stats", "verify", "inspect"] {
        let outcome = try Program.run("longtail", (command.isEmpty ? [] : [command]) + ["--help"])
        expect(outcome, output: ["USAGE: longtail \(command)"])
      }
      let help = try Program.run("longtail", ["--help"])
      for text in ["64 usage", "65 bad data", "66 missing input", "75 stopped", "78 mismatch", "train", "evaluate", "predict", "stats"] {
        #expect(help.output.contains(text), "\(text)")
      }
      let version = try Program.run("longtail", ["--version"])
      expect(version)
      #expect(version.output.split(separator: ".").count == 3, "\(version)")
      #expect(try Program.run("longtail", ["trian"]).exitCode == 64)
    }

    @Test func anEarlierRunIsLeftAlone() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let run = RunResult(path: "\(directory)/run")
        expect(try train(configuration, run.path))
        let before = try run.contents()

        let again = try train(configuration, run.path)
        expect(again, 64, errors: [run.path, "holds a run already"])
        #expect(try run.contents() == before)

        let changed = try train(configuration, run.path, ["seed=5", "model.width=16"], ["--resume", "auto"])
        expect(changed, 78)
        #expect(changed.errors.contains("seed: 0 -> 5"), "\(changed)")
        #expect(changed.errors.contains("model.width: 8 -> 16"), "\(changed)")
        #expect(try run.contents() == before)

        for settings in [["objective.name=patt"], ["checkpoint.best=[iou.Rode]"], ["groups={head: [Rod], tail: [Sky]}"]] {
          let outcome = try train(configuration, run.path, settings, ["--overwrite"])
          expect(outcome, 64)
          #expect(try run.contents() == before, "what could not be replaced is still there")
        }
        let replaced = try train(configuration, run.path, ["seed=5", "training.epochs=1"], ["--overwrite"])
        expect(replaced)
        #expect(run.checkpoints == [3], "\(replaced)")
        #expect(run.loggedSteps == [1, 2, 3], "\(replaced)")
      }
    }
  }
}
