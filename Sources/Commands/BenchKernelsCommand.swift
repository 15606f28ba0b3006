import ArgumentParser
import Collectives
import Foundation
import Images
import Networks
import Reports
import Runs
import Tensors
import Training

/// `longtail bench kernels`: times the algorithms that convolutions can be computed by, and makes the cost model's table from the times.
struct BenchKernelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "Times the algorithms of convolutions, and what the cost model loses against the fastest.",
    discussion: """
      Every algorithm of every convolution and pass of some networks is timed, the best of several runs. The table says for each network how \
      long a step's convolutions take with the fastest algorithms, and how much longer with those of the cost model, and with direct kernels \
      alone. --fit makes the model's prices from measurements that --output wrote, and prints them as the source of the table. Run it on an \
      otherwise idle machine.
      """)

  @Option(help: ArgumentHelp("Networks, with a width after a colon where it counts.", valueName: "NAMES"))
  var models = KernelGrid.defaultModels.joined(separator: ",")

  @Option(help: ArgumentHelp("Images of a step: 1,4,8.", valueName: "COUNTS"))
  var batches = "1,4,8"

  @Option(help: ArgumentHelp("Compute threads: 1,2.", valueName: "COUNTS"))
  var threads = "1,2"

  @Option(help: ArgumentHelp("Extents of the images.", valueName: "WIDTHxHEIGHT"))
  var size = "256x256"

  @Option(help: ArgumentHelp("Writes the measurements into a file.", valueName: "FILE"))
  var output: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Measures nothing, but fits the model's prices to files that --output wrote.", valueName: "FILE ..."))
  var fit: [String] = []

  @Flag(help: "With --fit: prints what the prices lose, network by network, instead of the table's source.")
  var losses = false

  @Option(
    help: ArgumentHelp(
      "Times whole training steps with the model's algorithms and with measured ones, in turns, for so long each.", valueName: "SECONDS"))
  var steps: Double?

  func run() throws {
    do {
      if fit.isEmpty { try measure() } else { try makePrices() }
    } catch {
      FailureHandler.endJob(error, communicator: nil)
    }
  }

  private func measure() throws {
    var grid = try KernelGrid(models: models.split(separator: ",").map(String.init))
    grid.batches = try numbers(batches, "--batches", upTo: 4096)
    grid.threads = try numbers(threads, "--threads", upTo: 4096)
    grid.size = try ImageSize(argument: size)
    if let steps { return try compareSteps(grid, seconds: steps) }
    let measured = try grid.measure { FileHandle.standardError.write(Data("\($0)\n".utf8)) }
    if let output {
      do {
        try measured.json().write(to: URL(fileURLWithPath: output), options: .atomic)
      } catch {
        throw LongtailError(.inputOutput, "cannot write \(output): \(error.localizedDescription)")
      }
    }
    printNow(KernelTable(measured, fit: nil).text)
  }

  private func compareSteps(_ grid: KernelGrid, seconds: Double) throws {
    let found = try grid.compareSteps(seconds: seconds) { next in
      let text = "\(next.model), \(next.images) images of \(grid.size), \(next.threads) threads\n"
      FileHandle.standardError.write(Data(text.utf8))
    }
    printNow(KernelTable.text(found))
  }

  private func makePrices() throws {
    var measured = try KernelMeasurements(file: fit[0])
    for path in fit.dropFirst() { measured.merge(try KernelMeasurements(file: path)) }
    let found = AlgorithmModelFit(measured.table)
    printNow(losses ? KernelTable(measured, fit: found).text : found.source)
  }

  private func numbers(_ text: String, _ option: String, upTo limit: Int) throws -> [Int] {
    try text.split(separator: ",").map { word in
      guard let number = Int(word), (1...limit).contains(number) else {
        throw LongtailError(.usage, "\(option): '\(word)' is not a number from 1 to \(limit)")
      }
      return number
    }
  }
}
