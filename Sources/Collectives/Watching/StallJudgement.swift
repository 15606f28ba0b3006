/// Who of a node's ranks keeps the others waiting, and for how long: what a watchdog concludes from the board.
package struct StallJudgement: Equatable, Sendable {
  /// What there is to do.
  package enum Verdict: Equatable, Sendable {
    /// All get on.
    case fine
    /// It should be reported.
    case slow
    /// The job has to end.
    case over
    /// A process is gone without a word: the job has to end.
    case lost
  }

  /// What there is to do.
  package var verdict = Verdict.fine
  /// The ranks that the others wait for; the longest-standing first. Of ranks that all wait for another node: themselves.
  package var culprits: [RankState] = []
  /// The ranks that wait for them.
  package var waiting: [RankState] = []
  /// Whether all of this node's ranks wait in the same collective, so that what holds them up is not among them.
  package var isElsewhere = false
  /// How long the longest-standing of the culprits has stood still.
  package var seconds = 0.0

  /// Looks at the ranks of a node.
  ///
  /// A rank that is stopped, and one that has issued fewer collectives than a rank which waits in one, holds the others up. Where there is
  /// neither, each rank that computes is judged by itself; where all wait in the same collective, another node is meant.
  /// - Parameters:
  ///   - states: what the ranks of this node do.
  ///   - now: nanoseconds of the monotonic clock.
  ///   - notBefore: time before this does not count: this process did not run then.
  ///   - habit: seconds that phases are known to take, by phase; they are warned of only beyond that.
  package init(
    _ states: [RankState], _ limits: WatchdogLimits, now: UInt64, notBefore: UInt64 = 0, habit: [WorkPhase: Double] = [:]
  ) {
    func age(_ state: RankState) -> Double { state.seconds(at: now, notBefore: notBefore) }
    let gone = states.filter { $0.processState == .gone }
    if !gone.isEmpty {
      (verdict, culprits, seconds) = (.lost, gone, gone.map(age).max() ?? 0)
      return
    }
    let waiters = states.filter(\.isWaiting)
    let behind = states.filter { state in waiters.contains { $0.sequence > state.sequence } }
    let last = behind.map(\.sequence).min()
    var suspects = states.filter { $0.processState == .stopped || (last != nil && $0.sequence == last) }
    if suspects.isEmpty { suspects = states.filter { !$0.isWaiting } }
    if suspects.isEmpty {
      (suspects, isElsewhere) = (states, !states.isEmpty)
    }
    suspects.sort { age($0) > age($1) }

    let overdue = suspects.filter { age($0) >= (isElsewhere ? limits.longest : limits.limit(of: $0.phase)) }
    let late = suspects.filter { age($0) >= max(limits.warning(of: $0.phase), habit[$0.phase] ?? 0) }
    guard let first = overdue.first ?? late.first else {
      isElsewhere = false
      return
    }
    verdict = overdue.isEmpty ? .slow : .over
    // Of ranks that are all equally late, all are named.
    culprits = suspects.filter { overdue.contains($0) || late.contains($0) }
    waiting = waiters.filter { waiter in !culprits.contains { $0.rank == waiter.rank } }
    seconds = age(first)
  }

  /// One line about it, without an end: who, how long, where, and who waits.
  package func text(host: String, nodes: Int) -> String {
    let time = seconds < 10 ? "\((seconds * 10).rounded() / 10) s" : "\(Int(seconds)) s"
    guard let first = culprits.first else { return "\(host): all ranks get on" }
    if verdict == .lost {
      let names = culprits.map { "rank \($0.rank) (process \($0.process)) is gone without a word, from \($0.place)" }
      return "\(host): \(names.joined(separator: "; "))"
    }
    if isElsewhere {
      let who = nodes > 1 ? "a rank on another node holds them up" : "none of them is behind the others: MPI itself does not get on"
      return "\(host): \(Self.ranks(culprits)) \(culprits.count == 1 ? "waits" : "wait") for \(time) in \(first.place): \(who)"
    }
    let places = culprits.map { "rank \($0.rank) in \($0.place)\(Self.note(about: $0))" }
    let act = waiting.isEmpty ? "no progress" : "\(culprits.count == 1 ? "one rank holds" : "\(culprits.count) ranks hold") the others up"
    var text = "\(host): \(act) for \(time): \(places.joined(separator: "; "))"
    if let waiter = waiting.first {
      let place = waiter.place == first.place ? "there, too" : "in \(waiter.place)"
      text += "; \(Self.ranks(waiting)) \(waiting.count == 1 ? "waits" : "wait") \(place)"
    }
    return first.processState == .stopped ? text : "\(text). Perhaps \(first.phase.suspicion)"
  }

  private static func note(about state: RankState) -> String {
    switch state.processState {
    case .stopped: ", stopped by a signal or a debugger: process \(state.process) (kill -CONT lets it go on)"
    case .uninterruptible: ", waiting for a device"
    case .running, .gone, .unknown: ""
    }
  }

  /// `rank 3`, `ranks 0, 2 and 3`, `ranks 0 to 7`.
  static func ranks(_ states: [RankState]) -> String {
    let numbers = states.map(\.rank).sorted()
    guard let first = numbers.first, let last = numbers.last else { return "no rank" }
    if numbers.count == 1 { return "rank \(first)" }
    if numbers.count > 2, last - first == numbers.count - 1 { return "ranks \(first) to \(last)" }
    return "ranks \(numbers.dropLast().map(String.init).joined(separator: ", ")) and \(last)"
  }
}
