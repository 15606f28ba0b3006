import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 8 in a training: one rank cannot go on while the others wait for it in a sum.
  @Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH: nothing here was tested"))
  struct Failure08FailingRankTests {
    private func expectEnd(_ program: Program, _ code: Int32, says text: String, name: String = #function) {
      let outcome = program.wait()
      expect(outcome, code, errors: [text])
      #expect(outcome.errors.occurrences(of: "longtail: rank ") == 1, "one message: \(outcome)")
      CrashTests.report("failure 8: a training, \(name): ended with code \(outcome.exitCode) and one message")
    }

    /// An image that breaks off, in the middle of the run: only the rank whose turn it is finds it.
    @Test func failure08APictureOfOneRankIsBroken() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let run = RunResult(path: "\(directory)/run")
        let file = URL(fileURLWithPath: "\(directory)/train/images/3.png")
        let data = try Data(contentsOf: file)
        let settings = ["training.epochs=100000", "evaluation.every=100000", "data.loader.cacheMegabytes=0"]
        for ranks in [2, 3] {
          try data.write(to: file)
          let program = try Program("longtail", trainArguments(configuration, run.path, settings, ["--overwrite"]), ranks: ranks)
          run.wait(forStep: 2, of: program)
          try data.prefix(data.count * 2 / 3).write(to: file)
          expectEnd(program, 65, says: file.path)
          try FileManager.default.removeItem(atPath: run.path)
        }
      }
    }

    /// Rank zero alone writes; here it cannot, and the others know nothing of it.
    @Test func failure08RankZeroCannotWrite() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let run = RunResult(path: "\(directory)/run")
        let arguments = trainArguments(configuration, run.path, ["training.epochs=100000", "evaluation.every=100000"], ["--overwrite"])
        let program = try Program("longtail", arguments, ranks: 3)
        run.wait(forStep: 2, of: program)
        // From now on no checkpoint and no log can be written: their directory is a file.
        try FileManager.default.moveItem(atPath: run.path, toPath: "\(directory)/elsewhere")
        try Data().write(to: URL(fileURLWithPath: run.path))
        expectEnd(program, 74, says: run.path)
      }
    }
  }
}
