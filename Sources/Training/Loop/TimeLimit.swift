import Configuration
import Foundation
import Tensors

/// When a run has to be over, and how much of the time before that its end will take: so that it saves before it is killed.
///
/// Only rank zero has one: its clock decides for all, through the control word.
package struct TimeLimit {
  /// The moment by which the process must have ended, in seconds since 1970.
  package let deadline: Double
  /// Where the moment comes from, in words.
  package let origin: String
  /// Seconds of the slowest step so far, the first aside: that one makes plans.
  private(set) var slowestStep = 0.0
  /// Seconds of the slowest save so far, from its beginning until it was seen on the disk.
  package private(set) var slowestSave: Double
  /// Seconds of the slowest evaluation so far; before the first one, a guess.
  private(set) var slowestEvaluation: Double?

  private let evaluationInSteps: Double
  private var stepsSeen = 0
  private var saveInFlight: (step: Int, since: Double)?

  /// Seconds for ending the process: closing files, finalizing MPI.
  package static let shutdownTime = 1.0
  /// Bytes a second that a disk is supposed to take until a save was measured.
  static let presumedBandwidth = 50e6

  /// - Parameters:
  ///   - checkpointBytes: about how large a checkpoint is.
  ///   - evaluationInSteps: what an evaluation takes at most, counted in steps.
  package init(deadline: Double, origin: String, checkpointBytes: Int = 0, evaluationInSteps: Double = 0) {
    self.deadline = deadline
    self.origin = origin
    self.evaluationInSteps = evaluationInSteps
    slowestSave = Double(checkpointBytes) / TimeLimit.presumedBandwidth
  }

  /// Seconds that are needed from before a step until the process is gone: two saves of the slowest kind, a step, an evaluation if one is
  /// due.
  package func needed(evaluationIsDue: Bool) -> Double {
    let evaluation = evaluationIsDue ? slowestEvaluation ?? evaluationInSteps * slowestStep : 0
    return 2 * slowestSave + slowestStep + evaluation + TimeLimit.shutdownTime
  }

  /// Whether the next step is to be the last one.
  package func isReached(now: Double, evaluationIsDue: Bool) -> Bool { deadline - now < needed(evaluationIsDue: evaluationIsDue) }

  /// Learns from a step.
  package mutating func didStep(seconds: Double) {
    stepsSeen += 1
    if stepsSeen > 1 { slowestStep = max(slowestStep, seconds) }
  }

  /// Learns from an evaluation.
  package mutating func didEvaluate(seconds: Double) { slowestEvaluation = max(slowestEvaluation ?? 0, seconds) }

  /// A save begins, on a thread of its own.
  package mutating func didBeginSave(step: Int, now: Double) { saveInFlight = (step, now) }

  /// Learns from what is on the disk by now.
  package mutating func didSee(publishedStep: Int?, now: Double) {
    guard let save = saveInFlight, save.step == publishedStep else { return }
    slowestSave = max(slowestSave, now - save.since)
    saveInFlight = nil
  }
}

extension TimeLimit {
  /// The earlier of the configuration's limit and the end of the Slurm job.
  /// - Parameters:
  ///   - start: when the process began, in seconds since 1970.
  ///   - notes: receives what a person has to know about the choice.
  package static func find(
    _ span: TimeSpan?, environment: [String: String], start: Double, now: Double, notes: inout [String]
  ) -> (deadline: Double, origin: String)? {
    var limits: [(deadline: Double, origin: String)] = []
    if let span { limits.append((start + span.seconds, "training.timeLimit is \(span)")) }
    if let text = environment["SLURM_JOB_END_TIME"] {
      if let end = Double(text), end > now {
        limits.append((end, "the Slurm job ends"))
      } else {
        notes.append(
          "warning: SLURM_JOB_END_TIME is '\(text)', \(Double(text) == nil ? "which is not a time" : "which is over"); it does not count")
      }
    }
    guard let first = limits.min(by: { $0.deadline < $1.deadline }) else { return nil }
    notes.append("the run saves and stops within \(Int(first.deadline - now)) s: \(first.origin)")
    return first
  }

  /// When this process began, in seconds since 1970; now where the system does not say.
  package static func processStart(now: Double) -> Double {
    guard let status = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8), let bracket = status.lastIndex(of: ")"),
      let uptime = (try? String(contentsOfFile: "/proc/uptime", encoding: .utf8))?.split(separator: " ").first.flatMap({ Double($0) })
    else { return now }
    let fields = status[status.index(after: bracket)...].split(separator: " ")
    guard fields.count > 19, let ticks = Double(fields[19]) else { return now }
    return now - max(0, uptime - ticks / Double(max(1, sysconf(Int32(_SC_CLK_TCK)))))
  }
}
