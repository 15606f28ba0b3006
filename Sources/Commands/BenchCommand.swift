import ArgumentParser
import CAllocations
import Collectives
import Reports
import Tensors
import Threading
import Training

/// `longtail bench`: how fast this machine trains.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures how fast this machine trains.",
    subcommands: [BenchStepCommand.self, BenchKernelsCommand.self, BenchCommCommand.self, BenchScaleCommand.self, BenchLoadCommand.self])
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

  @OptionGroup var step: BenchStepOptions

  @Option(help: "Images of a step, over all ranks together.")
  var batch = 8

  @Option(help: "Compute threads of each rank; by default as training chooses them.")
  var threads: Int?

  @Flag(help: "Prints one JSON object instead of tables.")
  var json = false

  func run() throws {
    Job.run { communicator in
      if let threads, !(1...4096).contains(threads) {
        throw LongtailError(.usage, "--threads is \(threads), but has to be from 1 to 4096")
      }
      let options = try step.benchmark(batch: batch, threads: threads)
      longtail_count_allocations(1)
      let benchmark = try StepBenchmark(options, heap: BenchStepCommand.heapCounters)
      let budget = try communicator.threadBudget()
      ComputePool.configure(threadCount: options.configuration.engine.threads ?? budget.threads)
      guard let report = try benchmark.run(communicator) else { return }
      printNow(json ? report.json.pretty : report.text)
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
