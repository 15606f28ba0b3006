import ArgumentParser
import Collectives
import Configuration
import Foundation
import Reports
import Runs
import Tensors
import Training

/// `longtail tune`: which values of some keys score best, found by a grid or by chance, with successive halving.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune", abstract: "Searches the values of keys that score best on validation samples.",
    discussion: """
      Every combination of the values is a candidate, or with --samples a random choice of them. All candidates are trained up to the first rung, a \
      share of the epochs, rounded up to the next evaluation; the better ones go on to the next. A run keeps the schedule of the whole run, pauses behind a rung and goes on from its \
      checkpoint, bit for bit. With --folds each candidate is trained once for each fold of the training samples and judged on it: validation and \
      test samples of the data set's own are not looked at. Test samples never are.

      Runs lie in DIR/CANDIDATE-seed-S or DIR/CANDIDATE-fold-F-seed-S, as those of compare. After an interruption start the same command again; \
      with more values it goes on with what is trained already. The result is DIR/tune.html, DIR/tune.md, DIR/tune.csv and the best \
      configuration, DIR/best.yaml.

      For example: longtail tune Configs/scenes-unet-pat.yaml --search optimizer.learningRate=1e-4..1e-2,log --search \
      objective.name=pat,crossEntropy --samples 12 --folds 3 --rungs 1/3,1 --output tuned
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A key with the values to try, a,b,c, or with a range to draw from, low..high or low..high,log; may be repeated.",
      valueName: "key=values"))
  var search: [String] = []

  @Option(help: ArgumentHelp("Draws this many candidates instead of trying all combinations.", valueName: "count"))
  var samples: Int?

  @Option(help: ArgumentHelp("Which of the many such draws.", valueName: "number"))
  var seed = 0

  @Option(
    help: ArgumentHelp(
      "The score to judge by, named as checkpoint.best names it; by default the one that the task is judged by.", valueName: "name"))
  var score: String?

  @Option(help: ArgumentHelp("The shares of the epochs that candidates are trained up to.", valueName: "1/3,1"))
  var rungs = "1/3,1"

  @Option(help: ArgumentHelp("The share of the candidates that goes on from a rung to the next.", valueName: "1/3"))
  var keep = "1/3"

  @Option(
    help: ArgumentHelp(
      "Trains and judges each candidate on this many folds of the training samples (data.split.folds).", valueName: "count"))
  var folds: Int?

  @Option(help: ArgumentHelp("Seeds of the runs with commas between; by default the configuration's own.", valueName: "0,1,2"))
  var seeds: String?

  @Option(help: ArgumentHelp("Where the runs and the pages go; made if it is missing.", valueName: "directory"))
  var output: String

  func validate() throws {
    if search.isEmpty { throw ValidationError("Name a key to search: --search optimizer.learningRate=0.001,0.003.") }
    _ = try CommandLineList.seeds(seeds)
    try CommandLineList.checkFolds(folds)
    if seed < 0 { throw ValidationError("--seed is \(seed), but is a whole number from 0 on.") }
  }

  func run() throws {
    Job.finish { communicator in
      let plan = try TuningPlan(
        options, search: search, samples: samples, seed: seed, score: score, halving: SuccessiveHalving(rungs: rungs, keep: keep),
        folds: folds, seeds: CommandLineList.seeds(seeds), output: output)
      if communicator.isRoot { try TuningFiles.requireReplaceable(in: output) }
      try plan.runs.check(ranks: communicator.size)
      var tuning = try Tuning(plan, communicator)
      return try tuning.run() ? 0 : LongtailError.Code.stoppedOnRequest.rawValue
    }
  }
}
