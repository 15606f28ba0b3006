import Collectives
import Foundation
import Tensors

/// Ranks as threads of one process, of which one runs at a time: each hands the turn on where it waits for the others.
///
/// What a collective gives is a function of the ranks' values in order, as with real ranks; nothing depends on timing.
final class RankGroup: @unchecked Sendable {
  let size: Int
  private let condition = NSCondition()
  private var turn = 0
  private var round = 0
  private var given: [Any] = []
  private var found: [Any] = []
  private var ended: Set<Int> = []
  private var failure: (any Error)?

  private init(size: Int) { self.size = size }

  /// Runs `body` on so many ranks.
  /// - Returns: what each of them gave, by rank.
  static func run<Result>(_ size: Int, _ body: @escaping (any Communicator) throws -> Result) throws -> [Result] {
    let group = RankGroup(size: size)
    nonisolated(unsafe) var results = [Result?](repeating: nil, count: size)
    nonisolated(unsafe) let body = body
    for rank in 0..<size {
      let thread = Thread {
        group.wait(for: rank)
        do {
          if !group.hasFailed { results[rank] = try body(GroupRank(rank, of: group)) }
        } catch { group.fail(error) }
        group.end(rank)
      }
      thread.stackSize = 16 << 20
      thread.start()
    }
    group.waitForAll()
    if let failure = group.failure { throw failure }
    return results.compactMap { $0 }
  }

  private var hasFailed: Bool { condition.withLock { failure != nil } }

  private func wait(for rank: Int) {
    condition.lock()
    while turn != rank { condition.wait() }
    condition.unlock()
  }

  private func fail(_ error: any Error) { condition.withLock { failure = failure ?? error } }

  private func end(_ rank: Int) {
    condition.lock()
    ended.insert(rank)
    passTurn(from: rank)
    condition.unlock()
  }

  private func passTurn(from rank: Int) {
    for step in 1...size where !ended.contains((rank + step) % size) {
      turn = (rank + step) % size
      break
    }
    condition.broadcast()
  }

  private func waitForAll() {
    condition.lock()
    while ended.count < size { condition.wait() }
    condition.unlock()
  }

  /// What all ranks give, by rank.
  fileprivate func exchange<Value>(_ value: Value, rank: Int) throws -> [Value] {
    condition.lock()
    defer { condition.unlock() }
    let own = round
    given.append(value)
    if given.count == size {
      (found, given) = (given, [])
      round += 1
    }
    passTurn(from: rank)
    // The turn comes back when all have given, or when nobody else is left.
    while failure == nil, turn != rank { condition.wait() }
    guard failure == nil, round != own else {
      throw failure ?? LongtailError(.internalError, "rank \(rank) waits for ranks that have ended")
    }
    return found.compactMap { $0 as? Value }
  }
}

/// One rank of a group.
private final class GroupRank: Communicator {
  let rank: Int
  private let group: RankGroup
  private let alone = SingleProcess()

  init(_ rank: Int, of group: RankGroup) { (self.rank, self.group) = (rank, group) }

  var size: Int { group.size }
  var localRank: Int { rank }
  var localSize: Int { size }
  var hostNames: [String] { Array(repeating: alone.hostNames[0], count: size) }
  var sharesNodeWithRoot: Bool { true }
  var progress: ProgressBoard { alone.progress }
  var checksCollectives = false
  var issuedCollectives: CollectiveRecord { alone.issuedCollectives }

  private func fold<Value>(_ values: inout [Value], _ combine: (Value, Value) -> Value) throws {
    let all = try group.exchange(values, rank: rank)
    values = all.dropFirst().reduce(all[0]) { zip($0, $1).map(combine) }
  }

  func sum(_ values: inout [Double]) throws { try fold(&values, +) }
  func sum(_ values: UnsafeMutableBufferPointer<Double>) throws {
    var copy = Array(values)
    try sum(&copy)
    for (index, value) in copy.enumerated() { values[index] = value }
  }
  func sum(_ values: inout [Int64]) throws { try fold(&values, &+) }
  func minimum(_ values: inout [Double]) throws { try fold(&values) { $0.isNaN || $1.isNaN ? .nan : min($0, $1) } }
  func maximum(_ values: inout [Double]) throws { try fold(&values) { $0.isNaN || $1.isNaN ? .nan : max($0, $1) } }
  func bitwiseOr(_ values: inout [UInt64]) throws { try fold(&values, |) }
  func broadcast(_ bytes: inout [UInt8], from root: Int) throws { bytes = try group.exchange(bytes, rank: rank)[root] }
  func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] {
    let all = try group.exchange(bytes, rank: rank)
    return rank == root ? all : []
  }
  func barrier() throws { _ = try group.exchange(0, rank: rank) }

  func reducibleBuffer(floatCount: Int, wirePrecision: Collectives.WirePrecision) throws -> ReducibleBuffer {
    GroupBuffer(floatCount) { [group, rank] in try group.exchange($0, rank: rank) }
  }

  func claimFailureReport() -> Bool { rank == 0 }
  func abort(code: Int32) -> Never { exit(code) }
  func finish() throws { try alone.finish() }
}

private final class GroupBuffer: ReducibleBuffer {
  let buffer: HostBuffer
  let strategy = "threads of one process"
  private(set) var bytesReduced = 0
  private let exchange: ([Float]) throws -> [[Float]]

  init(_ count: Int, _ exchange: @escaping ([Float]) throws -> [[Float]]) {
    buffer = HostBuffer(floatCount: count)
    self.exchange = exchange
  }

  func sum(_ range: Range<Int>) throws {
    let all = try exchange(buffer.withFloats { Array($0[range]) })
    buffer.withFloats { floats in
      for (place, index) in range.enumerated() { floats[index] = all.dropFirst().reduce(all[0][place]) { $0 + $1[place] } }
    }
    bytesReduced += 4 * range.count
  }
}
