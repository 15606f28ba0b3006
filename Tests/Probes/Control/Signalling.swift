import Checkpoints
import Collectives
import Foundation
import Tensors
import Training

/// Sends the signals of a fault, once its step and phase have come.
final class Signaller {
  private let fault: Fault
  private let rank: Int
  private var step = 1
  private var isSent = false
  private var expected: [String] = []

  init(_ fault: Fault, rank: Int) {
    self.fault = fault
    self.rank = rank
  }

  /// A phase begins.
  func enter(_ phase: String, step: Int? = nil) {
    if let step { self.step = step }
    guard fault.kind == "signal", !isSent, fault.applies(rank: rank), phase == fault.phase,
      phase == "start" || self.step >= fault.step
    else { return }
    isSent = true
    let target = fault.goesToLauncher ? getppid() : getpid()
    for _ in 0..<fault.times { kill(target, fault.signal) }
  }

  /// The phases that sums of batch norm and the sum of the packed vector belong to.
  func expect(_ phases: [String]) { expected = phases }

  /// A sum in the middle of the network: forward until the packed vector was summed, backward from then on.
  func enterLayer() { enter(expected.first == "forward" ? "forward" : "backward") }

  /// The sum of a packed vector.
  func enterStatistics() {
    guard expected.first == "forward" else { return }
    expected = ["backward"]
    enter("statistics")
  }
}

/// Tells the signaller what happens between steps, and keeps what was told.
final class PhaseObserver: TrainingObserver {
  private let signaller: Signaller
  private(set) var skipped = 0
  private(set) var spikes = 0
  private(set) var nonFinite: [NonFiniteReport] = []

  init(_ signaller: Signaller) { self.signaller = signaller }

  func trainingWillStart(_ start: TrainingStart) {}
  func didStep(_ report: StepReport) {
    signaller.enter("update")
    if report.isSkipped { skipped += 1 }
    spikes += report.spikes.count
    if let found = report.nonFinite { nonFinite.append(found) }
  }
  func didEvaluate(_ report: EvaluationReport, learner: Learner) {}
  func didSave(step: Int, best: [RunRecord.Best]) {}
}

/// A communicator that does what another one does, and tells the signaller before each sum.
final class SignallingCommunicator: Communicator {
  private let base: any Communicator
  private let signaller: Signaller

  init(_ base: any Communicator, _ signaller: Signaller) { (self.base, self.signaller) = (base, signaller) }

  var rank: Int { base.rank }
  var size: Int { base.size }
  var localRank: Int { base.localRank }
  var localSize: Int { base.localSize }
  var hostNames: [String] { base.hostNames }
  var sharesNodeWithRoot: Bool { base.sharesNodeWithRoot }
  var progress: ProgressBoard { base.progress }
  var issuedCollectives: CollectiveRecord { base.issuedCollectives }
  var checksCollectives: Bool {
    get { base.checksCollectives }
    set { base.checksCollectives = newValue }
  }

  func sum(_ values: inout [Double]) throws {
    signaller.enterStatistics()
    try base.sum(&values)
  }
  func sum(_ values: UnsafeMutableBufferPointer<Double>) throws {
    signaller.enterLayer()
    try base.sum(values)
  }
  func sum(_ values: inout [Int64]) throws {
    // Only evaluations sum whole numbers between steps.
    signaller.enter("evaluation")
    try base.sum(&values)
  }
  func minimum(_ values: inout [Double]) throws {
    // From the first step on, states are compared before they are saved, and for nothing else.
    signaller.enter("save")
    try base.minimum(&values)
  }
  func maximum(_ values: inout [Double]) throws { try base.maximum(&values) }
  func bitwiseOr(_ values: inout [UInt64]) throws { try base.bitwiseOr(&values) }
  func broadcast(_ bytes: inout [UInt8], from root: Int) throws { try base.broadcast(&bytes, from: root) }
  func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] { try base.gather(bytes, to: root) }
  func barrier() throws { try base.barrier() }
  func reducibleBuffer(floatCount: Int, wirePrecision: WirePrecision) throws -> any ReducibleBuffer {
    SignallingBuffer(try base.reducibleBuffer(floatCount: floatCount, wirePrecision: wirePrecision), signaller)
  }
  func claimFailureReport() -> Bool { base.claimFailureReport() }
  func abort(code: Int32) -> Never { base.abort(code: code) }
  func finish() throws { try base.finish() }
}

/// A buffer that tells the signaller before it is summed.
final class SignallingBuffer: ReducibleBuffer {
  private let base: any ReducibleBuffer
  private let signaller: Signaller

  init(_ base: any ReducibleBuffer, _ signaller: Signaller) { (self.base, self.signaller) = (base, signaller) }

  var buffer: HostBuffer { base.buffer }
  var strategy: String { base.strategy }
  var bytesReduced: Int { base.bytesReduced }
  func sum(_ range: Range<Int>) throws {
    signaller.enter("gradients")
    try base.sum(range)
  }
}
