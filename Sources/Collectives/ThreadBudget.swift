import CMPI
import Foundation
import Tensors

/// How many compute threads a rank should use, and what that is derived from.
public struct ThreadBudget: Equatable, Sendable {
  /// Where the number comes from.
  public enum Source: Equatable, Sendable {
    /// `OMP_NUM_THREADS` was set.
    case environment
    /// The processors that this rank may run on, shared with the other ranks that may run there.
    case affinity
  }

  /// Compute threads for this rank, at least 1.
  public let threads: Int
  /// Processors in this rank's affinity mask.
  public let processors: Int
  /// Ranks of this node, this one included, that may run on at least one of these processors.
  public let sharingRanks: Int
  /// Where `threads` comes from.
  public let source: Source
  /// What a person should know, on this rank's node: more threads than processors, or processors that no rank may use.
  public let warning: String?

  /// Divides the processors of one node among its ranks.
  ///
  /// A processor that k ranks may use counts 1/k for each of them; the sum is rounded down, and is at least 1. So a rank that is bound to
  /// processors of its own gets them all, and ranks that are not bound at all get equal shares.
  /// - Parameters:
  ///   - masks: affinity masks of the node's ranks, by local rank: one bit a processor, in words of 64.
  ///   - localRank: the rank that asks.
  ///   - requests: `OMP_NUM_THREADS` of each of these ranks, where it is set to a positive number.
  ///   - onlineProcessors: processors of the node, 0 if unknown.
  ///   - host: the node's name, for the warning.
  public init(masks: [[UInt64]], localRank: Int, requests: [Int?], onlineProcessors: Int = 0, host: String) {
    let sets = masks.map(Self.processors(in:))
    var users: [Int: Int] = [:]
    for set in sets {
      for processor in set { users[processor, default: 0] += 1 }
    }
    let own = sets[localRank]
    processors = max(1, own.count)
    sharingRanks = max(1, sets.count { !$0.isDisjoint(with: own) })
    let threadsByRank = zip(sets, requests).map { set, request in request ?? Self.share(of: set, users: users) }
    threads = max(1, threadsByRank[localRank])
    source = requests[localRank] == nil ? .affinity : .environment

    let total = threadsByRank.reduce(0) { $0 + max(1, $1) }
    let usable = users.count
    if threads > processors {
      warning =
        "\(threads) threads on host \(host) in a rank that may run on \(processors) of its processors: they take turns. mpirun binds "
        + "a rank to one core by default; use Launch/run, or --map-by slot:PE=\(threads) --bind-to core."
    } else if total > usable {
      warning =
        "Host \(host) is oversubscribed: \(sets.count) ranks with \(total) threads share \(usable) processors. "
        + "Use fewer ranks or threads; waiting ranks take time from working ones."
    } else if onlineProcessors > usable && requests[localRank] == nil {
      warning =
        "Host \(host) has \(onlineProcessors) processors, and its \(sets.count) ranks may run on \(usable) of them. If the others are "
        + "meant to be used, start more ranks or give each more (Launch/run does, or --map-by slot:PE=THREADS --bind-to core)."
    } else {
      warning = nil
    }
  }

  /// One line for a log.
  public var summary: String {
    let origin = source == .environment ? "OMP_NUM_THREADS" : "\(processors) processors, ranks that use them: \(sharingRanks)"
    return "threads per rank: \(threads) (\(origin))"
  }

  private static func processors(in mask: [UInt64]) -> Set<Int> {
    var found: Set<Int> = []
    for (index, word) in mask.enumerated() {
      for bit in 0..<64 where word >> UInt64(bit) & 1 == 1 { found.insert(index * 64 + bit) }
    }
    return found
  }

  private static func share(of set: Set<Int>, users: [Int: Int]) -> Int {
    // Counted per number of users and in whole numbers: sums of 1/k would round.
    var counts: [Int: Int] = [:]
    for processor in set { counts[users[processor] ?? 1, default: 0] += 1 }
    let whole = counts.reduce(0) { $0 + $1.value / $1.key }
    let rest = counts.reduce(0.0) { $0 + Double($1.value % $1.key) / Double($1.key) }
    return max(1, whole + Int(rest + 1e-9))
  }
}

extension ThreadBudget {
  /// The warnings of all nodes, each once. Collective.
  /// - Returns: on rank zero; elsewhere nothing.
  public func warnings(_ communicator: any Communicator) throws -> [String] {
    let all = try communicator.gather(Array((communicator.localRank == 0 ? warning ?? "" : "").utf8), to: 0)
    return all.map { String(decoding: $0, as: UTF8.self) }.filter { !$0.isEmpty }
  }
}

extension Communicator {
  /// Asks every rank for its affinity mask, and works out this rank's number of compute threads. Collective.
  /// - Parameter environment: `OMP_NUM_THREADS` is respected; for a list (`4,2`) its first number counts.
  public func threadBudget(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> ThreadBudget {
    var words = [UInt64](repeating: 0, count: Int(longtail_affinity_words))
    _ = longtail_affinity_mask(&words)
    let request = environment["OMP_NUM_THREADS"].flatMap { Int($0.prefix { $0 != "," }.trimmingCharacters(in: .whitespaces)) }
    words.append(UInt64(max(0, request ?? 0)))
    let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
    let all = try gatherEverywhere(bytes).map { bytes in
      stride(from: 0, to: bytes.count, by: 8).map { at in (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) } }
    }
    let here = (0..<size).filter { hostNames[$0] == hostName }
    let requests = here.map { all[$0][words.count - 1] }
    return ThreadBudget(
      masks: here.map { Array(all[$0].prefix(words.count - 1)) }, localRank: here.firstIndex(of: rank) ?? 0,
      requests: requests.map { $0 == 0 ? nil : Int($0) }, onlineProcessors: ProcessInfo.processInfo.processorCount, host: hostName)
  }

  /// Compute threads for this rank; see `ThreadBudget`. Collective.
  public func threadsPerRank() throws -> Int {
    try threadBudget().threads
  }
}
