import Collectives
import Reports
import Tensors
import Training

/// Trains the runs of a plan one after the other, on all ranks alike: what `compare` and `tune` have in common.
struct PlannedTraining {
  /// How the training of a run ended.
  enum Outcome: Equatable {
    /// At its last step, or where it was to pause: this many steps, unless it was over earlier.
    case done(step: Int)
    /// Its loss ran away; the other runs may be better off.
    case failed(String)
    /// Somebody asked to stop.
    case stopped
  }

  private let communicator: any Communicator
  private let signals: RequestSignals
  /// A count of the training labels, by the fold that is left out of them.
  private var audits: [Int?: String] = [:]
  private var hasAnnounced = false

  /// Begins to listen to signals.
  /// - Throws: `LongtailError` when the system refuses.
  init(_ communicator: any Communicator) throws {
    self.communicator = communicator
    signals = try RequestSignals()
  }

  /// Trains what is missing of a run, stage by stage, and goes on from the newest checkpoints. Collective.
  /// - Parameters:
  ///   - title: what people see: `run 2 of 9: pat, seed 0`.
  ///   - share: of the epochs of the last stage, behind which the run pauses; nil trains to the end.
  /// - Throws: `LongtailError` for whatever ends all runs.
  mutating func train(_ planned: ComparisonPlan.Run, title: String, pausingAfter share: Double? = nil) throws -> Outcome {
    var step = 0
    for (index, stage) in planned.stages.enumerated() {
      let pause = index == planned.stages.count - 1 ? share : nil
      let run = try TrainingRun(stage.configuration, communicator: communicator, resume: .auto, surroundings: stage.surroundings)
      if !hasAnnounced { try run.announceMachine() }
      hasAnnounced = true
      let name = planned.stages.count == 1 ? title : "\(title), stage \(stage.name)"
      if try run.isFinished(pausingAfter: pause) {
        if communicator.isRoot { printNow("\(name) is \(pause == nil ? "finished" : "done this far"): \(stage.path)\n") }
      } else {
        if communicator.isRoot { printNow("\n\(name) -> \(stage.path)\n") }
        do {
          if try run.train(requests: signals.take, audit: audits[planned.fold], pausingAfter: pause) == .stopped {
            if communicator.isRoot { printNow("the same command goes on from here\n") }
            return .stopped
          }
        } catch let error as LongtailError where error.code == .notFinite {
          // The same on all ranks.
          let stage = planned.stages.count == 1 ? "" : ", stage \(stage.name)"
          if communicator.isRoot { printNow("\n\(error)\n") }
          return .failed("\(planned.label)\(stage): \(error.message)")
        }
      }
      audits[planned.fold] = "\(stage.path)/label-audit.json"
      step = try run.lastStep(pausingAfter: pause)
    }
    return .done(step: step)
  }
}
