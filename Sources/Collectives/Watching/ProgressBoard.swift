import CWatchdog
import Foundation

/// Where the ranks of a node write down what they are doing: memory that all of them see, so that one can report about the others without a
/// message, and about a rank that no longer answers.
///
/// Writing costs a few stores and a reading of the clock, about 50 ns; it is done from the compute thread alone.
public final class ProgressBoard: @unchecked Sendable {
  private typealias Beacon = UnsafeMutablePointer<longtail_beacon>

  /// Bytes of a rank's part of shared memory.
  static let byteCount = headerByteCount + MemoryLayout<longtail_beacon>.stride
  /// In front of each beacon; the words in the first local rank's part belong to the node.
  private static let headerByteCount = 128
  private static let warningWord = 2
  private static let verdictWord = 3

  /// This process's rank.
  let rank: Int
  // Guards the pointers below against a watchdog that reads while the memory goes away.
  private let lock = NSLock()
  private let ownMemory: UnsafeMutableRawPointer
  private var beacon: Beacon
  private var beacons: [Beacon]
  private var words: UnsafeMutablePointer<UInt64>
  private var watchdog: Watchdog?

  /// A board that nobody else sees.
  init(rank: Int = 0) {
    self.rank = rank
    ownMemory = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 128)
    ownMemory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCount)
    (beacon, words) = (Self.beacon(in: ownMemory), Self.words(in: ownMemory))
    beacons = [beacon]
    longtail_beacon_light(beacon, UInt64(rank), Self.processSpace, UInt64(WorkPhase.start.rawValue))
  }

  deinit {
    watchdog?.stop()
    ownMemory.deallocate()
  }

  /// Goes on in the parts of shared memory of the node's ranks, by local rank. All of them are zero at first.
  /// - Parameter parts: each `byteCount` long, at a multiple of 128, valid until `leave()`.
  func join(localRank: Int, parts: [UnsafeMutableRawPointer]) {
    lock.lock()
    defer { lock.unlock() }
    let last = copy(beacon)
    beacons = parts.map(Self.beacon(in:))
    beacon = beacons[localRank]
    words = Self.words(in: parts[0])
    longtail_beacon_light(beacon, UInt64(rank), Self.processSpace, last.phase)
  }

  /// Notes that a phase begins.
  /// - Parameter step: the step that is being done, counted from 1; by default the one noted before.
  public func enter(_ phase: WorkPhase, step: Int? = nil) {
    longtail_beacon_enter(beacon, UInt64(phase.rawValue), step.map { UInt64(max(0, $0)) } ?? beacon.pointee.step)
  }

  /// Notes that a collective is issued, and that this rank waits in it.
  func issue(_ operation: CollectiveOperation, count: Int) {
    longtail_beacon_issue(beacon, UInt64(operation.rawValue), UInt64(count))
  }

  /// Notes that the collective is complete.
  func complete() { longtail_beacon_complete(beacon) }

  /// What this rank is doing.
  var own: RankState { RankState(copy(beacon)) }

  /// What the ranks of this node are doing, by local rank; those that have left are left out.
  func states() -> [RankState] {
    lock.lock()
    defer { lock.unlock() }
    return beacons.map(copy).filter { $0.rank_and_one > 0 && $0.finished == 0 }.map(RankState.init)
  }

  /// The last time that any rank of this node has warned; 0 if none has.
  var lastWarning: UInt64 { withWords { longtail_word_load($0 + Self.warningWord) } }

  /// Claims the next warning of this node: true for one of those that saw the same last one.
  func claimWarning(after last: UInt64, now: UInt64) -> Bool {
    withWords { longtail_word_exchange($0 + Self.warningWord, last, now) == 1 }
  }

  /// Whether a rank of this node has decided to end the job.
  var isCondemned: Bool { withWords { longtail_word_load($0 + Self.verdictWord) != 0 } }

  /// Decides to end the job: true for the first rank of this node that does.
  func condemn() -> Bool { withWords { longtail_word_exchange($0 + Self.verdictWord, 0, 1) == 1 } }

  /// Notes that the crash file of a rank of this node is written.
  func setReported(_ rank: Int) {
    lock.lock()
    defer { lock.unlock() }
    for beacon in beacons where copy(beacon).rank_and_one == UInt64(rank + 1) { longtail_beacon_set_reported(beacon) }
  }

  /// Begins to watch, or goes on with other limits and another directory.
  func watch(_ place: Watchdog.Place, _ limits: WatchdogLimits, crashDirectory: String?) {
    if let watchdog {
      watchdog.configure(limits, crashDirectory: crashDirectory)
    } else {
      let made = Watchdog(self, place, limits, crashDirectory: crashDirectory)
      watchdog = made
      made.start()
    }
  }

  /// Watches no longer.
  func stopWatching() {
    watchdog?.stop()
    watchdog = nil
  }

  /// Leaves the shared memory before it goes away; what this rank does from here on only this process sees.
  func leave() {
    lock.lock()
    defer { lock.unlock() }
    let last = copy(beacon)
    longtail_beacon_finish(beacon)
    let own = Self.beacon(in: ownMemory)
    longtail_beacon_light(own, UInt64(rank), last.process_space, last.phase)
    longtail_beacon_enter(own, last.phase, last.step)
    beacon = own
    beacons = [own]
    words = Self.words(in: ownMemory)
  }

  /// The inode of this process's namespace of process numbers: numbers of another one mean nothing here.
  static let processSpace: UInt64 = {
    let name = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
    return UInt64(name.filter(\.isNumber)) ?? 0
  }()

  private func withWords<Result>(_ body: (UnsafeMutablePointer<UInt64>) -> Result) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return body(words)
  }

  private func copy(_ beacon: Beacon) -> longtail_beacon {
    var copy = longtail_beacon()
    longtail_beacon_read(beacon, &copy)
    return copy
  }

  private static func beacon(in part: UnsafeMutableRawPointer) -> Beacon {
    (part + headerByteCount).assumingMemoryBound(to: longtail_beacon.self)
  }

  private static func words(in part: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt64> {
    part.assumingMemoryBound(to: UInt64.self)
  }
}
