import ArgumentParser
import CAllocations
import Collectives
import Configuration
import Images
import Reports
import Tensors
import Threading
import Training

/// `longtail bench`: how fast this machine trains.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures how fast this machine trains.",
    subcommands: [BenchStepCommand.self, BenchCommCommand.self, BenchScaleCommand.self])
}

/// `longtail bench step`: times a whole training step.
struct BenchStepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Times a training step on noise: forward, objective, backward, sums over ranks, update.",
    discussion: """
      The images of a step, new in each, are made outside of the timed part. A step's time is that of the slowest rank. Layers are timed in \
      three further steps. convolutionMilliseconds counts transposed convolutions too. Allocations are counted in \
      the whole process: oneDNN makes about nine small ones for every kernel that it runs.
      """)

  @Option(help: "The network: unet, segnet, ...")
  var model = "unet"

  @Option(help: "Channels of the network's first level.")
  var width = 32

  @Option(help: ArgumentHelp("Extents of the images.", valueName: "WIDTHxHEIGHT"))
  var size = "256x256"

  @Option(help: "Images of a step, over all ranks together.")
  var batch = 8

  @Option(help: "Number of classes.")
  var classes = 12

  @Option(help: "Compute threads of each rank; by default as training chooses them.")
  var threads: Int?

  @Option(help: "The objective: pat, crossEntropy, ...")
  var objective = "pat"

  @Option(help: "The optimizer: adam, adamw, sgd.")
  var optimizer = "adam"

  @Option(help: "How convolution algorithms are found: automatic measures them, direct does not.")
  var algorithms = "automatic"

  @Option(help: "Timed steps.")
  var steps = 8

  @Option(help: "Steps before them that are not timed.")
  var warmup = 3

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a key of the configuration, such as model.batchNorm=local; may be repeated.", valueName: "a.b=c"))
  var overrides: [String] = []

  @Flag(help: "Prints one JSON object instead of tables.")
  var json = false

  func run() throws {
    Job.run { communicator in
      if let threads, !(1...4096).contains(threads) {
        throw LongtailError(.usage, "--threads is \(threads), but has to be from 1 to 4096")
      }
      let options = try benchmarkOptions()
      longtail_count_allocations(1)
      let benchmark = try StepBenchmark(options, heap: BenchStepCommand.heapCounters)
      let budget = try communicator.threadBudget()
      ComputePool.configure(threadCount: options.configuration.engine.threads ?? budget.threads)
      guard let report = try benchmark.run(communicator) else { return }
      printNow(json ? report.json.pretty : report.text)
    }
  }

  private func benchmarkOptions() throws -> StepBenchmark.Options {
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
    switch algorithms {
    // The second is what configurations call it.
    case "automatic", "auto": return .auto
    case "direct": return .direct
    default: throw LongtailError.unknownName("choice of", algorithms, known: ["automatic", "direct"], at: "--algorithms")
    }
  }

  private static var heapCounters: StepBenchmark.HeapCounters {
    var counters = StepBenchmark.HeapCounters()
    if longtail_allocations_are_countable() != 0 {
      counters.allocations = { (count: Int(longtail_allocation_count()), bytes: Int(longtail_allocated_bytes())) }
    }
    if longtail_heap_bytes() >= 0 { counters.bytesInUse = { Int(longtail_heap_bytes()) } }
    return counters
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
