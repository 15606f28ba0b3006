import Collectives
import Foundation
import Tensors

/// What one rank writes down when ranks have come apart: `crash/rank-<r>.json`.
struct DivergenceRecord: Codable {
  /// The rank that writes.
  var rank: Int
  /// How many there are.
  var ranks: Int
  /// Its host.
  var host: String
  /// Steps done.
  var step: Int
  /// The first tensor or state that differs.
  var firstDifference: String
  /// The ranks whose fingerprint of it is not that of the most ranks; where two camps are equally large, not that of rank zero.
  var differingRanks: [Int]
  /// The first element of the tensor, in the engine's layout, in which this rank differs from rank zero.
  var firstElement: Element?
  /// This rank's fingerprint of everything that differs anywhere.
  var digests: [String: String]

  /// A number on two ranks.
  struct Element: Codable {
    var index: Int
    var value: String
    var bits: String
    var valueOnRankZero: String
    var bitsOnRankZero: String
  }

  private var elementText = ""

  private enum CodingKeys: String, CodingKey {
    case rank, ranks, host, step, firstDifference, differingRanks, firstElement, digests
  }

  /// Finds out more about the first difference. Collective; the summary is equal on all ranks.
  init(_ comparison: StateComparison, first: Int, all: [Int], step: Int, _ communicator: any Communicator) throws {
    let (leaf, digest) = (comparison.leaves[first], comparison.digests[first])
    rank = communicator.rank
    ranks = communicator.size
    host = communicator.hostName
    self.step = step
    firstDifference = leaf.title
    digests = Dictionary(all.map { (comparison.leaves[$0].title, comparison.digests[$0].description) }) { one, _ in one }
    let texts = try communicator.gatherEverywhere(Array(digest.description.utf8)).map { String(decoding: $0, as: UTF8.self) }
    differingRanks = DivergenceRecord.minority(texts)

    let bytes = leaf.isInBuffer ? leaf.withBytes { [UInt8]($0) } : []
    var reference = communicator.isRoot ? bytes : []
    try communicator.broadcast(&reference, from: 0)
    firstElement = DivergenceRecord.compare(bytes, reference)
    let own =
      firstElement.map { "element \($0.index) is \($0.value) (\($0.bits)), on rank 0 \($0.valueOnRankZero) (\($0.bitsOnRankZero))" } ?? ""
    let elements = try communicator.gatherEverywhere(Array(own.utf8)).map { String(decoding: $0, as: UTF8.self) }
    if let shown = elements.indices.first(where: { !elements[$0].isEmpty }) { elementText = "; on rank \(shown) \(elements[shown])" }
  }

  /// `parameter x: rank 1 differs from the others; on rank 1 element 3 is ...`.
  var summary: String {
    let list = differingRanks.map(String.init).joined(separator: ", ")
    let who = ranks == 2 ? "ranks 0 and 1 differ" : "rank \(list) differ\(differingRanks.count == 1 ? "s" : "") from the others"
    let others = digests.count == 1 ? "" : " and \(digests.count - 1) more"
    return "\(firstDifference)\(others): \(who)\(elementText)"
  }

  /// Writes the record; where that fails there is nothing left to be done about it.
  func write(to path: String) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent()
    try? FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    try? encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  private static func minority(_ digests: [String]) -> [Int] {
    var counts: [String: Int] = [:]
    for digest in digests { counts[digest, default: 0] += 1 }
    let most = counts.values.max() ?? 0
    // The first of the largest camps, in rank order.
    let accepted = digests.first { counts[$0] == most }
    return digests.indices.filter { digests[$0] != accepted }
  }

  private static func compare(_ own: [UInt8], _ reference: [UInt8]) -> Element? {
    let width = MemoryLayout<Float>.stride
    guard own.count == reference.count, let byte = own.indices.first(where: { own[$0] != reference[$0] }) else { return nil }
    let index = byte / width
    func bits(_ bytes: [UInt8]) -> UInt32 {
      bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * width, as: UInt32.self) }
    }
    func text(_ bits: UInt32) -> String { "0x" + String(bits, radix: 16) }
    return Element(
      index: index, value: "\(Float(bitPattern: bits(own)))", bits: text(bits(own)),
      valueOnRankZero: "\(Float(bitPattern: bits(reference)))", bitsOnRankZero: text(bits(reference)))
  }
}
