import ArgumentParser
import Configuration
import Images
import Tensors
import Training

/// What `bench step` times, and `bench scale` has it time.
struct BenchStepOptions: ParsableArguments {
  @Option(help: "The network: unet, segnet, ...")
  var model = "unet"

  @Option(help: "Channels of the network's first level.")
  var width = 32

  @Option(help: ArgumentHelp("Extents of the images.", valueName: "WIDTHxHEIGHT"))
  var size = "256x256"

  @Option(help: "Number of classes.")
  var classes = 12

  @Option(help: "The objective: pat, crossEntropy, ...")
  var objective = "pat"

  @Option(help: "The optimizer: adam, adamw, sgd.")
  var optimizer = "adam"

  @Option(help: "How convolution algorithms are found: model decides by rule, measured by the clock, direct takes the plain kernels.")
  var algorithms = "model"

  @Option(help: "Timed steps.")
  var steps = 8

  @Option(help: "Steps before them that are not timed.")
  var warmup = 3

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a key of the configuration, such as model.batchNorm=local; may be repeated.", valueName: "a.b=c"))
  var overrides: [String] = []

  /// The words that give these options to another process.
  var arguments: [String] {
    let words = [
      "--model", model, "--width", "\(width)", "--size", size, "--classes", "\(classes)", "--objective", objective,
      "--optimizer", optimizer, "--algorithms", algorithms, "--steps", "\(steps)", "--warmup", "\(warmup)",
    ]
    return words + overrides.flatMap { ["--set", $0] }
  }

  /// The benchmark that they describe.
  /// - Parameters:
  ///   - batch: images of a step, over all ranks together.
  ///   - threads: compute threads of each rank; nil leaves them to the machine.
  /// - Throws: `LongtailError` with code `usage`.
  func benchmark(batch: Int, threads: Int?) throws -> StepBenchmark.Options {
    var options = StepBenchmark.Options()
    options.configuration.model.name = model
    options.configuration.model.width = width
    options.configuration.objective.name = objective
    options.configuration.optimizer.name = optimizer
    options.configuration.training.globalBatch = batch
    options.configuration.engine.threads = threads
    options.configuration.engine.algorithms = try policy()
    options.size = try ImageSize(argument: size)
    options.classes = classes
    options.steps = steps
    options.warmup = warmup
    if !overrides.isEmpty { try options.apply(overrides: overrides) }
    return options
  }

  private func policy() throws -> Configuration.Engine.Algorithms {
    guard let found = Configuration.Engine.Algorithms(rawValue: algorithms) else {
      let known = Configuration.Engine.Algorithms.allCases.map(\.rawValue)
      throw LongtailError.unknownName("choice of", algorithms, known: known, at: "--algorithms")
    }
    return found
  }
}

extension ImageSize {
  /// Reads `WIDTHxHEIGHT`.
  /// - Throws: `LongtailError` with code `usage`.
  init(argument: String) throws {
    let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let width = parts[0], let height = parts[1], width > 0, height > 0 else {
      throw LongtailError(.usage, "--size is '\(argument)', which is not WIDTHxHEIGHT", advice: "For example: --size 256x256.")
    }
    self.init(width: width, height: height)
  }
}
