import Checkpoints
import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// A run that is cut off and goes on, compared with the one that was left alone: bit for bit on as many ranks as before; on another number
  /// with the same images in the same order, and numbers that differ by what the order of sums does.
  @Suite(.serialized) struct ResumeMatrixTests {
    /// How far the loss of the first step after a change of ranks may be off, as a share: the state is equal, only sums are ordered anew.
    private static let firstStepTolerance = 1e-5
    /// How far losses may be off at the end, and the parameters by their norm: rounding grows from step to step.
    private static let lossTolerance = 2e-2
    private static let parameterTolerance = 2e-2

    private struct Line: Decodable {
      var step: Int
      var epoch: Int
      var samples: Int
      var images: Int
      var validPixels: Int
      var loss: Double
      var learningRate: Double
    }

    @Test(.enabled(if: !CrashTests.areComplete), arguments: ResumeCell.quick)
    func cell(_ cell: ResumeCell) throws {
      if max(cell.before, cell.after) > 1, !Program.hasMPI { return }
      try withTemporaryDirectory { directory in
        _ = try expectSame(cell, directory, undisturbed: try undisturbed(cell, directory))
      }
    }

    /// All cells; what was left alone is shared by the cells that train the same.
    @Test(.enabled(if: CrashTests.areComplete, "minutes; set LONGTAIL_CRASH_TESTS=1")) func allCells() throws {
      var done = 0
      var largest = (first: 0.0, loss: 0.0, parameters: 0.0)
      for feature in ResumeCell.Feature.allCases {
        for ranks in [1, 2, 4] where ranks == 1 || Program.hasMPI {
          let cells = ResumeCell.all.filter { $0.feature == feature && $0.before == ranks && ($0.after == 1 || Program.hasMPI) }
          guard let sample = cells.first else { continue }
          try withTemporaryDirectory { directory in
            let whole = try undisturbed(sample, directory)
            for cell in cells {
              let errors = try expectSame(cell, directory, undisturbed: whole)
              largest = (
                max(largest.first, errors.first), max(largest.loss, errors.loss), max(largest.parameters, errors.parameters)
              )
              done += 1
            }
          }
        }
      }
      CrashTests.report("resume matrix: \(done) cells; largest differences after a change of ranks: \(largest)")
      #expect(!Program.hasMPI || done == ResumeCell.all.count)
    }

    private func settings(_ cell: ResumeCell) -> [String] {
      [
        "training.epochs=4", "training.globalBatch=3", "training.dropLast=false", "schedule.name=constant", "checkpoint.everySteps=1",
        "optimizer.learningRate=1e-3",
      ] + cell.feature.settings
    }

    private func undisturbed(_ cell: ResumeCell, _ directory: String) throws -> RunResult {
      _ = try TinyExperiment.folder(in: directory, train: cell.feature.images)
      let run = RunResult(path: "\(directory)/undisturbed")
      let outcome = try train("\(directory)/tiny.yaml", run.path, settings(cell), ranks: cell.before == 1 ? nil : cell.before)
      try #require(outcome.exitCode == 0 && run.checkpoints.last == ResumeCell.steps, "\(outcome)")
      return run
    }

    /// Cuts a run off, lets it go on, and compares.
    /// - Returns: how far the numbers are off after a change of ranks.
    private func expectSame(_ cell: ResumeCell, _ directory: String, undisturbed whole: RunResult) throws
      -> (first: Double, loss: Double, parameters: Double)
    {
      let name = cell.testDescription
      let run = RunResult(path: "\(directory)/run")
      defer { try? FileManager.default.removeItem(atPath: run.path) }
      func arguments(_ settings: [String]) -> [String] {
        trainArguments("\(directory)/tiny.yaml", run.path, self.settings(cell) + settings, ["--resume", "auto"])
      }
      let part = try cell.firstPart()
      let cut = try Program.run(
        "longtail", arguments(part.settings), ranks: cell.before == 1 ? nil : cell.before, environment: part.environment)
      #expect(cut.exitCode == cell.cause.exitCode, "\(name): \(cut)")
      // What was saved after the step in question is lost as well.
      if cell.cause == .killedRoot {
        for later in run.checkpoints where later > cell.stop.step { try FileManager.default.removeItem(atPath: run.checkpoint(later)) }
      }
      let step = try #require(run.checkpoints.last, "\(name): \(cut)")
      switch (cell.cause, cell.stop) {
      case (.killedOther, _), (.killedRoot, .duringEvaluation): #expect((1..<ResumeCell.steps).contains(step), "\(name): \(step)")
      case (_, .duringEvaluation): #expect(step == cell.stop.step + 1, "\(name)")
      default: #expect(step == cell.stop.step, "\(name)")
      }

      let resumed = try Program.run("longtail", arguments([]), ranks: cell.after == 1 ? nil : cell.after)
      #expect(resumed.exitCode == 0, "\(name): \(resumed)")
      #expect(resumed.output.contains(", step \(step), saved"), "\(name): \(resumed)")
      if cell.before == cell.after {
        #expect(try run.digest(ResumeCell.steps) == whole.digest(ResumeCell.steps), "\(name)")
        #expect(run.lines() == whole.lines(), "\(name)")
        // A limit has an evaluation at its end that the uninterrupted run does not have.
        if cell.cause != .limit { #expect(run.lines("classes.jsonl") == whole.lines("classes.jsonl"), "\(name)") }
        return (0, 0, 0)
      }
      return try expectClose(run, whole, from: step, name)
    }

    /// Compares what a run did after a change of ranks.
    private func expectClose(_ run: RunResult, _ whole: RunResult, from step: Int, _ name: String) throws
      -> (first: Double, loss: Double, parameters: Double)
    {
      func lines(_ run: RunResult) throws -> [Line] {
        try run.lines().map { try JSONDecoder().decode(Line.self, from: Data("\($0)}".utf8)) }
      }
      let (found, expected) = (try lines(run), try lines(whole))
      #expect(found.map(\.step) == Array(1...ResumeCell.steps), "\(name)")
      var (first, loss) = (0.0, 0.0)
      for (a, b) in zip(found, expected) {
        // The same images: they differ in how many of their pixels are labelled.
        #expect((a.epoch, a.samples, a.images, a.validPixels) == (b.epoch, b.samples, b.images, b.validPixels), "\(name), step \(a.step)")
        #expect(a.learningRate == b.learningRate)
        let error = abs(a.loss - b.loss) / abs(b.loss)
        if a.step <= step { #expect(error == 0, "\(name), step \(a.step)") }
        if a.step == step + 1 { first = error }
        loss = max(loss, error)
      }
      let (model, other) = (try parameters(run), try parameters(whole))
      let difference = zip(model, other).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
      let parameters = (difference / other.reduce(0.0) { $0 + pow(Double($1), 2) }).squareRoot()
      #expect(model.count == other.count && !model.isEmpty, "\(name)")
      #expect(first <= Self.firstStepTolerance, "\(name)")
      #expect(loss <= Self.lossTolerance, "\(name)")
      #expect(parameters <= Self.parameterTolerance, "\(name)")
      return (first, loss, parameters)
    }

    private func parameters(_ run: RunResult) throws -> [Float] {
      try CheckpointStore.load(directory: run.checkpoint(ResumeCell.steps)).model.sorted { $0.name < $1.name }.flatMap(\.values)
    }
  }
}
