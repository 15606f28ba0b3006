import Checkpoints
import Collectives
import Foundation
import MethodCases
import Tensors
import Training

/// A method of the list that all tests of methods go through, on real ranks, with checkpoints on the disk.
struct ListedMethod {
  private let communicator: any Communicator
  private let store: CheckpointStore
  private let run: MethodRun

  /// - Throws: `LongtailError` for a name that is not in the list.
  init(_ name: String, _ communicator: any Communicator, store: CheckpointStore) throws {
    guard let entry = MethodCase.all.first(where: { $0.name == name }) else {
      throw LongtailError.unknownName("method", name, known: MethodCase.all.map(\.name))
    }
    (self.communicator, self.store) = (communicator, store)
    run = try MethodRun(entry, communicator)
  }

  func run(to steps: Int, event: [String]) throws {
    var newest: CheckpointContents?
    var found = [0.0]
    if communicator.isRoot, let latest = try store.latestValid().newest { (newest, found) = (try store.load(latest), [1]) }
    try communicator.maximum(&found)
    if found[0] > 0 { try run.learner.restore(newest) }
    while run.learner.stepCount < steps {
      try run.run(to: run.learner.stepCount + 1)
      if run.learner.stepCount % 2 == 0, let contents = try run.learner.checkpoint(RunRecord()) { _ = try store.publish(contents) }
      if event.first == "kill", run.learner.stepCount == Int(event[1]), communicator.isRoot { kill(getpid(), SIGKILL) }
    }
    try run.learner.requireEqualStates()
  }

  /// Writes all that is remembered, and a line with its digest and the losses of the last steps.
  func write(to path: String) throws {
    let contents = try run.learner.checkpoint(RunRecord())
    guard let contents else { return }
    try SafetensorsFile.write(try StateTree(run.learner).tensors(), to: "\(path).safetensors")
    let text = "\(try contents.digest()) \(run.losses.suffix(2).map { String($0.bitPattern) }.joined(separator: " "))\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path).txt"))
  }
}
