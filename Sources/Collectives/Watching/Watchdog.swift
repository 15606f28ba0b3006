import CWatchdog
import Foundation

/// A thread that looks at the board of its node from time to time, says who holds the others up, and ends the job when nothing moves any
/// more.
///
/// It makes no MPI calls, so that it works while MPI hangs. Every rank has one; those of a node agree through the board on which of them
/// speaks. A rank that makes no progress cannot be helped from outside: what it can do is report where it stands, and free the machines.
package final class Watchdog: @unchecked Sendable {
  /// Who this process is.
  package struct Place: Sendable {
    var rank: Int
    var size: Int
    var host: String
    var nodes: Int
  }

  private let board: ProgressBoard
  private let place: Place
  // Guards what follows.
  private let condition = NSCondition()
  private var limits: WatchdogLimits
  private var crashDirectory: String?
  private var isStopped = false

  // Only the thread uses these.
  private var notBefore: UInt64 = 0
  private var goneSince: UInt64?
  private var habit: [WorkPhase: Double] = [:]
  private var episodes: [Int: RankState] = [:]
  private var warnedAbout: RankState?

  /// A rank whose process has vanished is given this long: the launcher ends the job faster, with the right code.
  private static let launcherGraceSeconds = 4.0
  /// Time to write crash files.
  private static let reportSeconds = 20

  init(_ board: ProgressBoard, _ place: Place, _ limits: WatchdogLimits, crashDirectory: String?) {
    (self.board, self.place, self.limits, self.crashDirectory) = (board, place, limits, crashDirectory)
  }

  func start() {
    StackTrace.prepare()
    let thread = Thread { [weak self] in
      while let interval = self?.interval, self?.sleep(interval) == true { self?.check() }
    }
    thread.name = "longtail-watch"
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// The thread ends soon; does not wait for it.
  func stop() {
    condition.lock()
    isStopped = true
    condition.broadcast()
    condition.unlock()
  }

  func configure(_ limits: WatchdogLimits, crashDirectory: String?) {
    condition.lock()
    (self.limits, self.crashDirectory) = (limits, crashDirectory)
    condition.broadcast()
    condition.unlock()
  }

  private var settings: (limits: WatchdogLimits, crashDirectory: String?) {
    condition.lock()
    defer { condition.unlock() }
    return (limits, crashDirectory)
  }

  /// Often enough to be on time, rare enough to cost nothing.
  private var interval: Double {
    let shortest = WorkPhase.allCases.map { min(settings.limits.warning(of: $0), settings.limits.limit(of: $0)) }.min() ?? 1
    return min(1, max(0.02, shortest / 5))
  }

  /// - Returns: false when it is to end.
  private func sleep(_ seconds: Double) -> Bool {
    let begin = longtail_monotonic()
    condition.lock()
    if !isStopped { _ = condition.wait(until: Date().addingTimeInterval(seconds)) }
    let continues = !isStopped
    condition.unlock()
    let now = longtail_monotonic()
    // This process did not run, or the machine slept: the ranks could not work either, and get their time again.
    if Double(now - begin) * 1e-9 > seconds + 5 { notBefore = now }
    return continues
  }

  private func check() {
    let (limits, directory) = settings
    let now = longtail_monotonic()
    if board.isCondemned { writeOwnReport(directory, reason: "the job is being ended by another rank of this node, because of a stall") }
    var states = board.states()
    // The system is asked only about those that stand still.
    for index in states.indices where states[index].seconds(at: now) > min(2, limits.warning / 2) { states[index].readProcessState() }
    learn(from: states, limits, now: now)
    let judgement = StallJudgement(states, limits, now: now, notBefore: notBefore, habit: habit)
    if judgement.verdict != .lost { goneSince = nil }
    switch judgement.verdict {
    case .fine: reportRecovery(states, now: now)
    case .slow: warn(judgement, now: now)
    case .over: end(judgement, states, directory, code: 77)
    case .lost:
      let since = goneSince ?? now
      goneSince = since
      if Double(now - since) * 1e-9 > Self.launcherGraceSeconds { end(judgement, states, directory, code: 70) }
    }
  }

  /// Phases that once took longer than the warning allows are warned of later from then on: a big network is no stall.
  private func learn(from states: [RankState], _ limits: WatchdogLimits, now: UInt64) {
    for state in states {
      if let former = episodes[state.rank], former.since != state.since {
        let seconds = former.seconds(at: state.since, notBefore: notBefore)
        if former.processState != .stopped, seconds > limits.warning(of: former.phase) {
          habit[former.phase] = max(habit[former.phase] ?? 0, 2 * seconds)
        }
      }
      episodes[state.rank] = state
    }
  }

  /// Warns once a stall, and again each time that it has lasted twice as long.
  private func warn(_ judgement: StallJudgement, now: UInt64) {
    guard let culprit = judgement.culprits.first else { return }
    let last = board.lastWarning
    let begin = max(culprit.since, notBefore)
    // Another rank may have warned after this one looked at the clock.
    if last >= now || (last > begin && now - last < last - begin) { return }
    guard board.claimWarning(after: last, now: now) else { return }
    warnedAbout = culprit
    say("longtail: warning: " + judgement.text(host: place.host, nodes: place.nodes))
  }

  private func reportRecovery(_ states: [RankState], now: UInt64) {
    guard let culprit = warnedAbout, let state = states.first(where: { $0.rank == culprit.rank }), state.since != culprit.since else {
      return
    }
    warnedAbout = nil
    say("longtail: \(place.host): rank \(culprit.rank) goes on, after \(Int(culprit.seconds(at: now))) s in phase \(culprit.phase.name)")
  }

  /// Ends the job: this rank speaks for its node, the others write down where they stand, and the launcher does the rest.
  private func end(_ judgement: StallJudgement, _ states: [RankState], _ directory: String?, code: Int32) {
    guard board.condemn() else { return }
    // The disk may hang, too.
    longtail_exit_within(code, UInt32(Self.reportSeconds))
    let reason = judgement.text(host: place.host, nodes: place.nodes)
    let what = code == 77 ? "stalled, this is the limit: " : ""
    let files = directory.map {
      "\n  What each rank of this node was doing is written to \($0). The last checkpoint is intact: --resume auto."
    }
    say("longtail: \(what)\(reason)\(files ?? "")")
    if let directory {
      let crash = CrashReport(directory: directory, place: place)
      crash.write(about: board.own, reason: reason, others: states, stacks: StackTrace.all())
      // Those cannot write themselves.
      for state in judgement.culprits where state.processState != .running && state.rank != place.rank {
        crash.write(about: state, reason: reason, others: states, stacks: [])
        board.setReported(state.rank)
      }
    }
    let able = states.filter { $0.rank != place.rank && ![.stopped, .gone, .uninterruptible].contains($0.processState) }.map(\.rank)
    for _ in 0..<30 where !board.states().filter({ able.contains($0.rank) }).allSatisfy(\.hasReported) { usleep(100_000) }
    longtail_exit_now(code)
  }

  /// Another rank of this node ends the job: this one writes down where it stands, and waits for its end.
  private func writeOwnReport(_ directory: String?, reason: String) {
    longtail_exit_within(77, UInt32(Self.reportSeconds))
    // Another rank may have written about this one, which was stopped then.
    if let directory, !board.own.hasReported {
      CrashReport(directory: directory, place: place).write(
        about: board.own, reason: reason, others: board.states(), stacks: StackTrace.all())
    }
    board.setReported(place.rank)
    Thread.sleep(forTimeInterval: Double(Self.reportSeconds))
  }

  /// One write, so that lines of several ranks do not mix.
  private func say(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data("\(text)\n".utf8))
  }
}

extension Communicator {
  /// Watches this rank and, through memory that they share, the others of its node: warns on standard error about one that holds the
  /// others up, and ends the job with exit code 77 when nothing has moved for a phase's limit.
  ///
  /// Works in a single process, too. A second call changes limits and directory. The ranks say what they do with `progress.enter`.
  /// - Parameter crashDirectory: receives `rank-<r>.json` with call stacks; made when it is needed. Nil writes none.
  public func watch(_ limits: WatchdogLimits, crashDirectory: String?) {
    progress.watch(
      Watchdog.Place(rank: rank, size: size, host: hostName, nodes: hostCount), limits, crashDirectory: crashDirectory)
  }
}
