import BuiltInTasks
import Collectives
import Configuration
import Foundation
import Tensors
import Threading
import Training

// Run by tests, alone or on every rank of an mpirun: `ControlProbe CONFIGURATION DIRECTORY CASE...`
//
// A case is `name;key=value;...`: overrides of the configuration, and with the keys below a fault. Each case is a run of its own into
// DIRECTORY/name; rank zero prints a line about it. The exit code is 75 where the last one was stopped.
//
//   fault.kind=flipParameter|flipStatistic|flipMoment|nanInput|nanParameter|steepHead|seed|signal
//   fault.step=STEP    the step that it comes before or in, from 1; fault.steps=COUNT repeats it in the steps that follow
//   fault.rank=RANK    the rank that it happens on; all without
//   fault.signal=NAME  USR1, USR2 or TERM; fault.times=COUNT sends it so often
//   fault.phase=PHASE  start, data, forward, statistics, backward, gradients, update, evaluation or save
//   fault.target=self|launcher

let arguments = CommandLine.arguments
var joined: Communicator?
do {
  let communicator = try Launcher.connect()
  joined = communicator
  guard arguments.count > 3 else { throw LongtailError(.usage, "too few arguments") }
  ComputePool.configure(threadCount: 1)
  try BuiltInParts.register()
  var code: Int32 = 0
  for text in arguments[3...] {
    var parts = text.split(separator: ";").map(String.init)
    let name = parts.removeFirst()
    let fault = Fault(parts.filter { $0.hasPrefix("fault.") })
    var configuration = try Configuration.load(arguments[1], overrides: parts.filter { !$0.hasPrefix("fault.") })
    if fault.kind == "seed", fault.applies(rank: communicator.rank) { configuration.seed += 1 }
    code = try ControlCase(name, "\(arguments[2])/\(name)", configuration, fault, communicator).run() ? 75 : 0
  }
  try communicator.finish()
  exit(code)
} catch {
  FailureHandler.endJob(error, communicator: joined)
}

/// One run with one fault.
final class ControlCase {
  private let name: String
  private let directory: String
  private let configuration: Configuration
  private let fault: Fault
  private let communicator: any Communicator

  init(_ name: String, _ directory: String, _ configuration: Configuration, _ fault: Fault, _ communicator: any Communicator) {
    (self.name, self.directory, self.configuration, self.fault, self.communicator) = (name, directory, configuration, fault, communicator)
  }

  /// Trains, and tells how it ended.
  func run() throws -> Bool {
    let signals = try RequestSignals()
    // Before a rank listens the default of the system holds, which ends it: mpirun tells all of them.
    try communicator.barrier()
    let signaller = Signaller(fault, rank: communicator.rank)
    let wrapped = SignallingCommunicator(communicator, signaller)
    let experiment = try Experiment(configuration)
    if communicator.isRoot { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) }
    signaller.enter("start", step: 1)
    let statistics = try ClassStatistics.collect(experiment, communicator: wrapped, record: nil, threads: 1)
    let observer = PhaseObserver(signaller)
    let trainer = try Trainer(
      experiment, statistics: statistics, communicator: wrapped, checkpoints: "\(directory)/checkpoints", resume: .auto,
      observer: communicator.isRoot ? observer : nil, crashDirectory: "\(directory)/crash", requests: signals.take)
    let summary = try trainer.run { [fault, communicator, signaller] batch, learner in
      signaller.enter("data", step: learner.stepCount + 1)
      signaller.expect(["forward", "statistics", "backward"])
      if fault.applies(step: learner.stepCount + 1, rank: communicator.rank) { fault.damage(batch, learner) }
    }
    // What was sent last may still be on its way, and would end a process that does not listen any more.
    if fault.kind == "signal" { usleep(500_000) }
    try communicator.barrier()
    withExtendedLifetime(signals) {}
    if communicator.isRoot {
      let state = summary.wasStopped ? "stopped \(summary.stopReason)" : "finished"
      print("case \(name): \(state) after step \(summary.steps), left out \(observer.skipped), warned of \(observer.spikes)")
      for report in observer.nonFinite {
        print("case \(name): " + report.text(sampleName: String.init, classNames: experiment.classNames))
      }
      if summary.wasStopped { try Data("step \(summary.steps)".utf8).write(to: URL(fileURLWithPath: "\(directory)/STOPPED")) }
      fflush(stdout)
    }
    return summary.wasStopped
  }
}
