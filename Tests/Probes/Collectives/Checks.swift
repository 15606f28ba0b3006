import Collectives
import Foundation
import Tensors
import Threading

/// Throws unless `condition` holds.
func expect(_ condition: Bool, _ text: @autoclosure () -> String) throws {
  if !condition { throw LongtailError(.internalError, "Not as expected: \(text())") }
}

/// Runs one named check; all ranks run the same.
func run(_ check: String, on communicator: Communicator) throws {
  switch check {
  case "identity": try checkIdentity(communicator)
  case "sums": try checkSums(communicator)
  case "extremes": try checkExtremes(communicator)
  case "bytes": try checkBytes(communicator)
  case "small-messages":
    (communicator as? MPICommunicator)?.maximumMessageByteCount = 24
    try checkSums(communicator, sizes: [0, 1, 3, 7, 1000])
    try checkBytes(communicator)
    (communicator as? MPICommunicator)?.maximumMessageByteCount = 1 << 30
  case "window": try checkBuffers(communicator, expectedStrategy: "shared window")
  case "messages":
    (communicator as? MPICommunicator)?.avoidsWindows = true
    try checkBuffers(communicator, expectedStrategy: "MPI messages")
    (communicator as? MPICommunicator)?.avoidsWindows = false
  case "no-window": try checkBuffers(communicator, expectedStrategy: "no shared window: ")
  case "uneven-nodes": try checkBuffers(communicator, expectedStrategy: " of each")
  case "one-rank-nodes": try checkBuffers(communicator, expectedStrategy: "one rank a node")
  case "between-nodes": try checkBuffers(communicator, expectedStrategy: "between nodes")
  case "bfloat16": try checkBuffers(communicator, expectedStrategy: "rounded to bfloat16", wirePrecision: .bfloat16)
  case "exact-on-a-node":
    try checkBuffers(communicator, expectedStrategy: "shared window of 2 ranks on each node, summed in slices", wirePrecision: .bfloat16)
  case "parts": try checkParts(communicator)
  case "small-pieces":
    for limit in [24, 4096] {
      (communicator as? MPICommunicator)?.maximumMessageByteCount = limit
      let sizes = limit < 1000 ? [0, 1, 17, 101] : [1003, 5000]
      try checkBuffers(communicator, expectedStrategy: "in pieces of \(limit) bytes", sizes: sizes)
      try checkBuffers(communicator, expectedStrategy: "", wirePrecision: .bfloat16, sizes: sizes)
    }
    (communicator as? MPICommunicator)?.maximumMessageByteCount = 1 << 30
  case "all-reduce": try checkAllReduce(communicator)
  case "lone": try checkBuffers(communicator, expectedStrategy: "nothing to sum")
  case "threaded":
    ComputePool.configure(threadCount: 2)
    try checkBuffers(communicator, expectedStrategy: "")
  case "budget":
    let budget = try communicator.threadBudget()
    print("\(budget.summary); \(budget.warning ?? "no warning")")
  case "throw":
    // One rank fails; the others wait for it in a collective.
    if communicator.rank == communicator.size - 1 { throw LongtailError(.badData, "a label is out of range") }
    try communicator.barrier()
  case "throw-inside":
    // One rank fails between the messages of a sum, in the middle of which the others wait.
    let reducible = try communicator.reducibleBuffer(floatCount: 100_000)
    try reducible.sum()
    if communicator.rank == communicator.size - 1 { MPILibrary.callsUntilFailure = 2 }
    try reducible.sum()
    try communicator.barrier()
  case "throw-after":
    var values = [1.0, 2]
    try communicator.sum(&values)
    if communicator.rank == communicator.size - 1 { throw LongtailError(.inputOutput, "the disk is full") }
    for _ in 0..<100 { try communicator.sum(&values) }
  case "die":
    // As a crash in a library would.
    if communicator.rank == communicator.size - 1 { kill(getpid(), SIGKILL) }
    try communicator.barrier()
  case "other-size":
    communicator.checksCollectives = true
    var values = [Double](repeating: 1, count: communicator.rank == communicator.size - 1 ? 3 : 2)
    try communicator.sum(&values)
  case "one-more":
    communicator.checksCollectives = true
    communicator.progress.enter(.reduce, step: 7)
    if communicator.rank == 0 { try communicator.barrier() }
    _ = try communicator.sum(1.0)
  case "other-buffer":
    communicator.checksCollectives = true
    _ = try communicator.reducibleBuffer(floatCount: 100 + communicator.rank)
  case "other-kind":
    // Alike in the messages that they send, so that nothing hangs: found out afterwards.
    var values = [1.0, 2]
    if communicator.rank == 0 { try communicator.sum(&values) } else { try communicator.maximum(&values) }
    try communicator.requireEqualCollectives()
  case "compared":
    communicator.checksCollectives = true
    for check in ["sums", "extremes", "bytes"] { try run(check, on: communicator) }
    communicator.checksCollectives = false
    try communicator.requireEqualCollectives()
    try expect(communicator.size == 1 || communicator.issuedCollectives.count > 10, "\(communicator.issuedCollectives)")
  case "late": try communicator.barrier()
  case "stall":
    var limits = WatchdogLimits()
    (limits.warning, limits.limit, limits.limits) = (0.2, 1, [.start: 1])
    communicator.watch(limits, crashDirectory: nil)
    communicator.progress.enter(.backward, step: 5)
    // Some ranks are late: those of the last pretended node, or the last one.
    if communicator.rank == communicator.size - 1 { sleep(30) }
    try communicator.barrier()
  case "throw-everywhere": throw LongtailError(.mismatch, "every rank dislikes this configuration")
  case "abort": if communicator.rank == 0 { communicator.abort(code: 77) } else { try communicator.barrier() }
  case "leave": if communicator.rank == 0 { exit(0) } else { try communicator.barrier() }
  case "missing-library", "foreign-library": throw LongtailError(.internalError, "The library is there after all.")
  default: throw LongtailError(.usage, "There is no check named '\(check)'.")
  }
}

private func checkIdentity(_ communicator: Communicator) throws {
  let environment = ProcessInfo.processInfo.environment
  try expect(communicator.rank == Int(environment["OMPI_COMM_WORLD_RANK"] ?? "0"), "rank \(communicator.rank)")
  try expect(communicator.size == Int(environment["OMPI_COMM_WORLD_SIZE"] ?? "1"), "size \(communicator.size)")
  // All are on one node, where ranks are counted in their order. Open MPI 6 counts OMPI_COMM_WORLD_LOCAL_RANK by cores instead.
  try expect(communicator.localRank == communicator.rank, "local rank \(communicator.localRank)")
  try expect(communicator.localSize == communicator.size, "local size \(communicator.localSize)")
  try expect(communicator.hostNames.count == communicator.size && communicator.hostCount == 1, "hosts \(communicator.hostNames)")
  try communicator.barrier()
}

private func checkSums(_ communicator: Communicator, sizes: [Int] = [0, 1, 3, 7, 1000, 70_001]) throws {
  let (rank, size) = (communicator.rank, communicator.size)
  let groups = nodes(of: communicator, where: (communicator as? MPICommunicator)?.foldsOnNodes == true)
  for count in sizes {
    // Rounding depends on the order of these, so that any order but that of the ranks shows.
    func value(_ rank: Int, _ index: Int) -> Double { (index + rank) % 3 == 0 ? 1e16 : 1 / Double(1 + index + 7 * rank) }
    var values = (0..<count).map { value(rank, $0) }
    try communicator.sum(&values)
    for index in 0..<count {
      let parts = groups.map { group in group.dropFirst().reduce(value(group.lowerBound, index)) { $0 + value($1, index) } }
      let expected = parts.dropFirst().reduce(parts[0], +)
      try expect(values[index].bitPattern == expected.bitPattern, "sum of \(count) doubles at \(index): \(values[index]), not \(expected)")
    }
    var integers = (0..<count).map { Int64($0 * (rank + 1)) }
    try communicator.sum(&integers)
    for index in 0..<count { try expect(integers[index] == Int64(index * size * (size + 1) / 2), "sum of \(count) integers at \(index)") }
  }
  try expect(try communicator.sum(Double(rank)) == Double(size * (size - 1) / 2), "sum of one number")
}

private func checkExtremes(_ communicator: Communicator) throws {
  let (rank, size) = (communicator.rank, communicator.size)
  let own = [Double(rank), -Double(rank), rank == size - 1 ? .nan : 1, .infinity, rank == 0 ? .nan : 2]
  var least = own
  try communicator.minimum(&least)
  try expect(least[0] == 0 && least[1] == -Double(size - 1), "minimum \(least)")
  var greatest = own
  try communicator.maximum(&greatest)
  try expect(greatest[0] == Double(size - 1) && greatest[1] == 0, "maximum \(greatest)")
  for result in [least, greatest] {
    try expect(result[2].isNaN && result[3] == .infinity && result[4].isNaN, "NaN and infinity in \(result)")
  }
  var flags: [UInt64] = [1 << UInt64(rank), 0, rank == 0 ? 1 << 63 : 0]
  try communicator.bitwiseOr(&flags)
  try expect(flags == [(1 << UInt64(size)) - 1, 0, 1 << 63], "flags \(flags)")
}

private func checkBytes(_ communicator: Communicator) throws {
  let (rank, size) = (communicator.rank, communicator.size)
  func content(_ rank: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31 + rank) } }
  for root in 0..<size {
    for count in [0, 1, 100, 3001] {
      var bytes = rank == root ? content(root, count) : content(rank, 5)
      try communicator.broadcast(&bytes, from: root)
      try expect(bytes == content(root, count), "broadcast of \(count) bytes from \(root)")
      let pieces = try communicator.gather(content(rank, count * rank + 1), to: root)
      let expected = (0..<size).map { content($0, count * $0 + 1) }
      try expect(rank == root ? pieces == expected : pieces.isEmpty, "gather at \(root) of about \(count) bytes")
    }
  }
  let all = try communicator.gatherEverywhere(content(rank, rank))
  try expect(all == (0..<size).map { content($0, $0) }, "gather everywhere")
  do {
    _ = try communicator.gather([], to: size)
    try expect(false, "a root beyond the last rank is refused")
  } catch let error as LongtailError where error.message.contains("not a rank") {}
}
