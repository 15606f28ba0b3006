import ArgumentParser
import Collectives
import Configuration
import Reports
import Tensors
import Threading
import Training

/// `longtail bench comm`: times the sums over ranks.
struct BenchCommCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "comm", abstract: "Times the sums over ranks: gradients of several sizes, and small packed vectors.",
    discussion: """
      Start it as training is started: Launch/run -n 2 bench comm. Beside each size stand a copy in memory of as many bytes by all ranks at \
      once, the least time for ranks that send 2(p - 1)/p of the bytes through memory, and one blocking MPI_Allreduce in the same run.
      """)

  @Option(help: ArgumentHelp("Sizes of gradients: 1KiB,64KiB,100MiB.", valueName: "SIZES"))
  var bytes: String?

  @Option(help: ArgumentHelp("Lengths of the packed vector: 8,512.", valueName: "COUNTS"))
  var numbers: String?

  @Option(help: "Gradients in messages between nodes: float32 or bfloat16.")
  var wirePrecision = WirePrecision.float32

  @Option(help: "Compute threads of each rank; by default as training chooses them.")
  var threads: Int?

  @Flag(help: "Prints one JSON object instead of tables.")
  var json = false

  func run() throws {
    Job.run { communicator in
      var options = CommunicationBenchmark.Options()
      options.wirePrecision = wirePrecision
      if let bytes { options.byteCounts = try bytes.split(separator: ",").map { try ByteCount(argument: String($0)).bytes } }
      if let numbers {
        options.packedCounts = try numbers.split(separator: ",").map { word in
          guard let count = Int(word), count < 1 << 24 else { throw LongtailError(.usage, "--numbers: '\(word)' is not a count") }
          return count
        }
      }
      if let threads, !(1...4096).contains(threads) {
        throw LongtailError(.usage, "--threads is \(threads), but has to be from 1 to 4096")
      }
      let benchmark = try CommunicationBenchmark(options)
      let budget = try communicator.threadBudget()
      ComputePool.configure(threadCount: threads ?? budget.threads)
      guard let report = try benchmark.run(communicator) else { return }
      printNow(json ? report.json.pretty : report.text)
    }
  }
}

extension WirePrecision: ExpressibleByArgument {}

/// A number of bytes as people write it: `4096`, `64KiB`, `100M`. Units are powers of 1024.
struct ByteCount {
  let bytes: Int

  init(argument: String) throws {
    let digits = argument.prefix { $0.isNumber }
    let unit = argument.dropFirst(digits.count).lowercased()
    let shifts = ["": 0, "b": 0, "k": 10, "kib": 10, "m": 20, "mib": 20, "g": 30, "gib": 30]
    guard let number = Int(digits), let shift = shifts[unit], number <= (1 << 40) >> shift else {
      throw LongtailError(.usage, "'\(argument)' is not a number of bytes", advice: "For example: 4096, 64KiB, 100MiB.")
    }
    bytes = number << shift
  }
}
