import ArgumentParser
import Collectives
import Configuration
import Foundation
import Reports
import Tensors
import Training

/// `longtail train`: trains, evaluates, keeps checkpoints, goes on from them.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a network as a configuration describes it.",
    discussion: "The run directory receives the merged configuration, log.jsonl, checkpoints, the table of classes and pictures.")

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("The run directory; by default the configuration's output, or runs/NAME.", valueName: "directory"))
  var output: String?

  @Option(help: "Whether to go on from a checkpoint in the run directory: never, auto or required.")
  var resume: ResumePolicy = .never

  @Flag(help: "Removes the checkpoints and logs of an earlier run in the same directory first.")
  var overwrite = false

  @Option(help: "Refuses to begin unless exactly this many ranks take part.")
  var expectRanks: Int?

  @Flag(
    help:
      "Has the ranks compare what they are about to do before each collective: finds the one that goes astray (engine.checkCollectives).")
  var checkCollectives = false

  @Option(
    help: ArgumentHelp(
      "The stage to begin with, where the configuration has several; those before it are not looked at.", valueName: "name"))
  var stage: String?

  @Flag(help: "Prints the path of the run directory, and does nothing else.")
  var `where` = false

  func validate() throws {
    if overwrite, resume != .never { throw ValidationError("--overwrite and --resume contradict each other.") }
  }

  func run() throws {
    if `where` {
      do {
        var configuration = try options.load()
        if let output { configuration.output = output }
        return printNow(configuration.outputDirectory + "\n")
      } catch {
        FailureHandler.endJob(error, communicator: nil)
      }
    }
    // Before anything takes time: a request may come as soon as the process is there.
    let signals = Result { try RequestSignals() }
    Job.finish { communicator in
      if let expectRanks, expectRanks != communicator.size {
        throw LongtailError(
          .mismatch, "\(expectRanks) ranks are expected, \(communicator.size) take part", advice: "Start with mpirun -n \(expectRanks).")
      }
      var configuration = try options.load()
      if let output { configuration.output = output }
      if checkCollectives { configuration.engine.checkCollectives = true }
      return try train(try configuration.recipe(), communicator, requests: signals.get().take)
    }
  }

  /// Trains the stages one after the other; those that are finished are passed over. Collective.
  /// - Returns: the exit code.
  private func train(_ recipe: [Configuration.Stage], _ communicator: any Communicator, requests: @escaping () -> Requests) throws -> Int32
  {
    var first = 0
    if let stage {
      guard let index = recipe.firstIndex(where: { $0.name == stage }) else {
        throw LongtailError.unknownName("stage", stage, known: recipe.map(\.name), at: "--stage")
      }
      first = index
    }
    for index in first..<recipe.count {
      let stage = recipe[index]
      // A stage behind the first may not have begun where the run is resumed.
      let policy: ResumePolicy = index > first && resume == .required ? .auto : resume
      let run = try TrainingRun(
        stage.configuration, communicator: communicator, resume: overwrite ? nil : policy,
        surroundings: StageSurroundings(of: index, in: recipe))
      if index == first { try run.announceMachine() }
      if recipe.count > 1 {
        if communicator.isRoot { printNow("stage \(index + 1) of \(recipe.count): \(stage.name)\n") }
        if policy != .never, !overwrite, index < recipe.count - 1, try run.isFinished() { continue }
      }
      if try run.train(requests: requests) == .stopped { return LongtailError.Code.stoppedOnRequest.rawValue }
    }
    return 0
  }
}

extension ResumePolicy: ExpressibleByArgument {}
