import Tensors

/// The collectives that a rank has issued so far: how many, and one number that stands for their kinds, sizes and order.
///
/// Ranks that have done the same have equal records. One that has skipped a collective, or issued one more, has another one from then on.
public struct CollectiveRecord: Equatable, Sendable {
  /// How many.
  public private(set) var count = 0
  /// A hash of (operation, size, number in the order) of all of them.
  public private(set) var hash: UInt64 = 0x6c6f_6e67_7461_696c

  /// None.
  public init() {}

  /// Adds a collective. Costs a few multiplications.
  /// - Parameter size: elements, or the root where sizes may differ over ranks.
  package mutating func add(_ operation: CollectiveOperation, size: Int) {
    count += 1
    for part in [UInt64(operation.rawValue), UInt64(bitPattern: Int64(size)), UInt64(count)] {
      hash = (hash ^ part) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 29
    }
  }
}

extension Communicator {
  /// Compares what the ranks have issued so far. Collective.
  /// - Throws: `ranksDiverged` naming ranks that have issued something else than rank 0.
  public func requireEqualCollectives() throws {
    guard size > 1 else { return }
    let own = issuedCollectives
    let numbers = [Double(own.count), Double(own.hash >> 32), Double(own.hash & 0xFFFF_FFFF)]
    var (least, greatest) = (numbers, numbers)
    try minimum(&least)
    try maximum(&greatest)
    if least == greatest { return }
    let words = [UInt64(own.count), own.hash]
    let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
    let all = try gatherEverywhere(bytes)
    guard let other = all.indices.first(where: { all[$0] != all[0] }) else { return }
    func count(_ rank: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(all[rank][$1]) << UInt64(8 * $1) } }
    let counts = count(0) == count(other) ? "as many, \(count(0)), but others" : "\(count(other)), rank 0 \(count(0))"
    throw LongtailError(
      .ranksDiverged, "the ranks have not issued the same collectives: rank \(other) has issued \(counts)",
      advice: "This is a fault of the program, not of the data. Start again with --check-collectives: it names the first one that differs.")
  }
}

/// One rank's side of a collective, as ranks compare it before they begin it.
package struct CollectiveCall: Equatable, Sendable {
  /// Its number in the order, from 1.
  package var sequence: Int
  /// What it is.
  package var operation: CollectiveOperation?
  /// Elements, or the root.
  package var size: Int
  /// What the rank is busy with.
  package var phase: WorkPhase
  /// In which step.
  package var step: Int

  package init(sequence: Int, operation: CollectiveOperation?, size: Int, phase: WorkPhase, step: Int) {
    (self.sequence, self.operation, self.size, self.phase, self.step) = (sequence, operation, size, phase, step)
  }

  /// Five numbers for a message.
  var packed: [Int64] { [sequence, operation?.rawValue ?? -1, size, phase.rawValue, step].map(Int64.init) }
  static let packedCount = 5

  init(packed: ArraySlice<Int64>) {
    let numbers = packed.map(Int.init)
    self.init(
      sequence: numbers[0], operation: CollectiveOperation(rawValue: numbers[1]), size: numbers[2],
      phase: WorkPhase(rawValue: numbers[3]) ?? .start, step: numbers[4])
  }

  private var text: String {
    "\(operation?.text(count: size) ?? "something unknown") (its number \(sequence), phase \(phase.name), step \(step))"
  }

  /// The first rank whose call is not that of rank 0, with both calls.
  /// - Returns: an error to throw on all ranks; nil if all are alike.
  package static func disagreement(_ calls: [CollectiveCall]) -> LongtailError? {
    func differs(_ call: CollectiveCall) -> Bool {
      (call.sequence, call.size) != (calls[0].sequence, calls[0].size) || call.operation != calls[0].operation
    }
    guard let rank = calls.indices.first(where: { differs(calls[$0]) }) else { return nil }
    return LongtailError(
      .ranksDiverged, "the ranks disagree about a collective: rank 0 begins a \(calls[0].text), rank \(rank) a \(calls[rank].text)",
      advice: "This is a fault of the program, not of the data; please report it with the run's config.yaml.")
  }
}
