import ArgumentParser
import Collectives
import Datasets
import Foundation
import Reports
import Tensors
import Training

/// `longtail stats`: how long the tail is.
struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Counts pixels and images of each class, and says which are head, medium and tail.")

  @OptionGroup var options: ConfigurationOptions

  @Option(help: "The split that is counted: train, val or test.")
  var split = "train"

  @Flag(help: "Prints JSON instead of a table.")
  var json = false

  func run() throws {
    Job.run { communicator in
      let experiment = try Experiment(try options.load())
      guard let split = Split(argument: split) else {
        throw LongtailError(.usage, "there is no split '\(split)'", advice: "Known: train, val, test.")
      }
      let statistics = try ClassStatistics.collect(
        experiment, split: split, communicator: communicator, record: nil, threads: max(2, experiment.configuration.data.loader.threads))
      if communicator.isRoot { printNow(json ? try jsonText(statistics) : table(experiment, statistics)) }
    }
  }

  private func table(_ experiment: Experiment, _ statistics: ClassStatistics) -> String {
    let counts = statistics.audit.statistics
    var table = TextTable(columns: [
      .init("class"), .init("group"), .init("pixels", isNumeric: true), .init("share %", isNumeric: true),
      .init("images", isNumeric: true), .init("of images %", isNumeric: true),
    ])
    for k in counts.pixels.indices.sorted(by: { counts.pixels[$0] > counts.pixels[$1] }) {
      table.append([
        experiment.classNames[k], statistics.groups.groups[k].rawValue, Formatting.count(counts.pixels[k]),
        Formatting.percent(counts.shares[k]), Formatting.count(counts.images[k]),
        Formatting.percent(Double(counts.images[k]) / Double(max(1, counts.imageCount)), decimals: 1),
      ])
    }
    let present = counts.pixels.filter { $0 > 0 }
    let ratio = Double(present.max() ?? 0) / Double(max(1, present.min() ?? 1))
    return table.lines.joined(separator: "\n")
      + "\n\n\(Formatting.plural(counts.imageCount, "image")), \(Formatting.count(counts.labelledPixels)) labelled pixels, "
      + "\(Formatting.count(counts.ignoredPixels)) ignored; head to tail \(Formatting.decimals(ratio, 0)) : 1\n"
  }

  private func jsonText(_ statistics: ClassStatistics) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(statistics.audit), as: UTF8.self) + "\n"
  }
}
