import Checkpoints
import Foundation
import Tensors

// Publishes checkpoints until it is killed or done: CheckpointProbe <directory> <first step> <last step>
// Prints each step once it is published. The numbers of step n are all n, so that a reader can tell whether they belong together.

let arguments = CommandLine.arguments
guard arguments.count == 4, let first = Int(arguments[2]), let last = Int(arguments[3]), first <= last else {
  FileHandle.standardError.write(Data("usage: CheckpointProbe <directory> <first step> <last step>\n".utf8))
  exit(LongtailError.Code.usage.rawValue)
}
let store = CheckpointStore(directory: arguments[1])

do {
  try store.prepareForWriting()
  for step in first...last {
    let values = [Float](repeating: Float(step), count: 16)
    var run = RunRecord()
    run.globalStep = step
    let contents = CheckpointContents(
      model: [NamedTensor(name: "encoder.weight", shape: [4, 4], values: values)],
      optimizer: [NamedTensor(name: "encoder.weight.momentum", shape: [4, 4], values: values)],
      state: [StoredTensor(name: "stepCount", Int64(step))], run: run)
    try store.publish(contents)
    try store.retain(CheckpointRetention(last: 1))
    print(step)
    fflush(stdout)
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit((error as? LongtailError)?.code.rawValue ?? 1)
}
