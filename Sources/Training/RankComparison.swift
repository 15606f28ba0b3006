import Collectives
import Configuration
import Datasets
import Foundation
import Tensors

/// Refuses a job whose ranks were not started alike: another program, configuration or data set on one of them. Before the first step.
package enum RankComparison {
  /// Something that must be the same on all ranks.
  struct Item {
    /// What a message calls it.
    var name: String
    /// Its content, a line for each thing that can differ.
    var lines: [String]
    /// What to do.
    var advice: String
  }

  /// Keys that a host may have of its own: where its files lie, and how it works on its share.
  private static let freeKeys = ["data.root", "data.loader.", "engine.threads", "engine.choicesFile"]

  /// Compares program, configuration and lists of data files over the ranks. Collective: a few numbers where all are equal.
  /// - Throws: `LongtailError(.mismatch)` that names what differs first, on which rank, and both values. On all ranks.
  package static func requireEqual(_ experiment: Experiment, communicator: any Communicator) throws {
    guard communicator.size > 1 else { return }
    try requireEqual(items(experiment), communicator)
  }

  private static func items(_ experiment: Experiment) throws -> [Item] {
    let dataset = experiment.dataset
    var items = [
      Item(name: "program", lines: program(), advice: "Install the same build of longtail and its libraries on all hosts."),
      Item(
        name: "configuration",
        lines: experiment.configuration.lines.filter { line in !freeKeys.contains { line.hasPrefix($0) } },
        advice: "Give all ranks the same file and the same options."),
      Item(
        name: "data set", lines: ["\(dataset.name): \(dataset.labelRule)"] + dataset.classes.map { "class \($0.name)" },
        advice: "Give all ranks the same data set."),
    ]
    // All splits, so that the number of items does not depend on what differs.
    for split in Split.allCases {
      let lines = dataset.count(of: split) > 0 ? try dataset.listing(of: split) : []
      items.append(
        Item(
          name: "list of \(split.shortName) files", lines: lines,
          advice: "Copy the data set anew to that host, or use one place that all hosts see."))
    }
    return items
  }

  /// Versions, and the fingerprint of the program's file.
  private static func program() -> [String] {
    var lines = Versions.all.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    if let bytes = try? Data(contentsOf: URL(fileURLWithPath: "/proc/self/exe"), options: .mappedIfSafe) {
      lines.append("file of \(bytes.count) bytes with digest \(bytes.withUnsafeBytes { StateDigest(bytes: $0) })")
    }
    return lines
  }

  static func requireEqual(_ items: [Item], _ communicator: any Communicator) throws {
    let packed = items.flatMap { item in
      let digest = StateDigest(bytes: Array(item.lines.joined(separator: "\n").utf8))
      return [Double(digest.value >> 32), Double(digest.value & 0xFFFF_FFFF)]
    }
    guard let first = try firstDifference(packed, width: 2, communicator) else { return }
    let item = items[first.index]
    let reference = try communicator.broadcastValue(item.lines)
    let found = try communicator.gatherEverywhere(Array(difference(item.lines, reference, communicator).utf8))
    let texts = found.map { String(decoding: $0, as: UTF8.self) }.filter { !$0.isEmpty }
    throw LongtailError(
      .mismatch, "the ranks do not have the same \(item.name):\n" + texts.prefix(4).map { "  \($0)" }.joined(separator: "\n"),
      advice: item.advice)
  }

  /// What a rank has where rank zero has something else; empty where it is the same.
  private static func difference(_ own: [String], _ reference: [String], _ communicator: any Communicator) -> String {
    guard own != reference else { return "" }
    let place = zip(own, reference).enumerated().first { $1.0 != $1.1 }?.offset ?? min(own.count, reference.count)
    func line(_ lines: [String]) -> String { place < lines.count ? "`\(lines[place])`" : "no more" }
    let counts = own.count == reference.count ? "" : " (\(own.count) entries against \(reference.count))"
    return "rank \(communicator.rank) on \(communicator.hostName) has \(line(own)), rank 0 has \(line(reference))\(counts)"
  }

  /// The first element that is not the same on all ranks, and all of them; nil where there is none. Collective: one minimum, one maximum.
  /// - Parameter width: how many of the numbers make one element.
  /// - Throws: `LongtailError(.mismatch)` on all ranks when they do not have equally many.
  static func firstDifference(_ values: [Double], width: Int, _ communicator: any Communicator) throws -> (index: Int, all: [Int])? {
    // Different lengths would mix up the messages: those are compared first.
    var (low, high) = ([Double(values.count)], [Double(values.count)])
    try communicator.minimum(&low)
    try communicator.maximum(&high)
    guard low == high else {
      throw LongtailError(
        .mismatch, "the ranks have between \(Int(low[0])) and \(Int(high[0])) numbers to compare",
        advice: "Use the same build of longtail with the same configuration on all hosts.")
    }
    (low, high) = (values, values)
    try communicator.minimum(&low)
    try communicator.maximum(&high)
    var all: [Int] = []
    for index in values.indices where low[index] != high[index] && all.last != index / width { all.append(index / width) }
    return all.first.map { ($0, all) }
  }
}
