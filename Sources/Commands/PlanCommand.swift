import ArgumentParser
import Collectives
import Configuration
import Foundation
import Reports
import Runs
import Tensors
import Threading
import Training

/// `longtail plan`: what a configuration would do on many ranks.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Predicts step time, efficiency and memory of a configuration on many ranks, and what limits it.",
    discussion: """
      Times steps and memory copies on this machine, in one process, and adds an alpha-beta model of the sums over ranks: seconds of latency \
      and of bytes over bandwidth, on a node and between nodes. A step that was measured with all ranks of a node at work counts what they \
      share: Launch/run bench step --json > step.json with the configuration's model, size and batch, then --step step.json.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("Numbers of ranks.", valueName: "LIST"))
  var ranks = "1,2,4,8,16,32,64,128,256,512,1024"

  @Option(help: ArgumentHelp("Bits a second of a node's link: 1G, 10G, 100G.", valueName: "RATE"))
  var network = "10G"

  @Option(help: ArgumentHelp("Microseconds from a process to one on another node.", valueName: "MICROSECONDS"))
  var latency = 50.0

  @Option(help: "Ranks of a full node; as many as there are cores here when not given.")
  var ranksPerNode: Int?

  @Option(help: "Images of each rank, instead of the configuration's global batch over all of them.")
  var batchPerRank: Int?

  @Option(help: "Compute threads of each rank; by default the cores of this machine over the ranks of a node.")
  var threads: Int?

  @Option(
    name: .customLong("step"), parsing: .singleValue,
    help: ArgumentHelp("Takes a step's time from what `bench step --json` printed; may be repeated.", valueName: "FILE"))
  var stepFiles: [String] = []

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func run() throws {
    do {
      let plan = try predict()
      printNow(json ? plan.json.pretty : plan.text)
    } catch {
      FailureHandler.endJob(error, communicator: nil)
    }
  }

  private func predict() throws -> ScalingForecast {
    if ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_SIZE"] != nil {
      throw LongtailError(.usage, "plan predicts many ranks from one process", advice: "Start it without mpirun or Launch/run.")
    }
    let counts = try parsedRanks()
    let cores = max(1, ProcessorFacts(SystemFiles()).physicalCores)
    let perNode = ranksPerNode ?? max(1, cores / (threads ?? 1))
    try require(perNode >= 1, "--ranks-per-node is \(perNode), but has to be at least 1")
    try require(batchPerRank ?? 1 >= 1, "--batch-per-rank is \(batchPerRank ?? 1), but has to be at least 1")
    try require(latency >= 0 && latency.isFinite, "--latency is \(latency), but has to be a number of microseconds")
    try require(threads.map { (1...4096).contains($0) } ?? true, "--threads is \(threads ?? 0), but has to be from 1 to 4096")

    let configuration = try options.load()
    let experiment = try Experiment(configuration)
    let files = try stepFiles.map { path in
      guard let data = FileManager.default.contents(atPath: path) else {
        throw LongtailError(.missingInput, "cannot read \(path)", advice: "Name a file that `bench step --json` printed.")
      }
      return try StepFigures(json: data, name: path)
    }
    let perRank = threads ?? configuration.engine.threads ?? files.first?.threads ?? max(1, cores / perNode)
    ComputePool.configure(threadCount: perRank)

    var node = ScalingModel.Node()
    node.ranks = perNode
    (node.copyRate, node.totalCopyRate) = ScalingMeasurement.copyRates()
    var link = ScalingModel.Network()
    link.bitsPerSecond = try BitRate(argument: network).bitsPerSecond
    link.latency = latency * 1e-6
    link.wireShare = configuration.engine.wirePrecision == .bfloat16 ? 0.5 : 1
    let globalBatch = { (ranks: Int) in batchPerRank.map { $0 * ranks } ?? configuration.training.globalBatch }
    let measurement = ScalingMeasurement(experiment)
    let step = try measurement.step(
      imageCounts: ScalingMeasurement.imageCounts(shares: counts.map { (globalBatch($0) + $0 - 1) / $0 }), figures: files,
      willMeasure: { images in
        FileHandle.standardError.write(Data("plan: timing a step of \(images) image\(images == 1 ? "" : "s")\n".utf8))
      })
    return ScalingForecast(
      ScalingModel(step: step, node: node, network: link), ranks: counts, threads: perRank, name: configuration.name,
      globalBatch: globalBatch)
  }

  private func parsedRanks() throws -> [Int] {
    let words = ranks.split(separator: ",", omittingEmptySubsequences: false)
    let counts = words.compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }.filter { $0 >= 1 && $0 <= 1_000_000 }
    guard counts.count == words.count else {
      throw LongtailError(.usage, "--ranks is '\(ranks)', which is not a list of numbers", advice: "For example: --ranks 1,2,4,8.")
    }
    return counts
  }

  private func require(_ isFine: Bool, _ message: String) throws {
    if !isFine { throw LongtailError(.usage, message) }
  }
}

/// Bits a second as people write them: `10G`, `100Mbit`, `2.5g`. Units are powers of 1000.
struct BitRate {
  let bitsPerSecond: Double

  init(argument: String) throws {
    let digits = argument.prefix { $0.isNumber || $0 == "." }
    let unit = argument.dropFirst(digits.count).lowercased()
    let factors = ["m": 1e6, "mbit": 1e6, "mbps": 1e6, "g": 1e9, "gbit": 1e9, "gbps": 1e9, "t": 1e12, "tbit": 1e12]
    guard let number = Double(digits), number > 0, let factor = factors[unit] else {
      throw LongtailError(.usage, "--network is '\(argument)', which is not a bandwidth", advice: "For example: 1G, 10G, 200G, in bits.")
    }
    bitsPerSecond = number * factor
  }
}
