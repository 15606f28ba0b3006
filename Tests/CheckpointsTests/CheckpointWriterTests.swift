import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct CheckpointWriterTests {
  @Test func publishesInOrderAndKeepsTheLast() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      let writer = CheckpointWriter(store: store, retention: try CheckpointRetention(last: 2))
      for step in 1...5 { try writer.submit(contents(step: step), keeping: [1]) }
      try writer.finish()
      #expect(writer.lastPublished?.step == 5)
      #expect(try store.steps() == [1, 4, 5])
      #expect(throws: LongtailError.self) { try writer.submit(contents(step: 6)) }
    }
  }

  @Test func theLastErrorIsNotLost() throws {
    try withTemporaryDirectory { directory in
      // Operation 2 asks for space; 1 makes the directory.
      let writer = CheckpointWriter(store: CheckpointStore(directory: directory, files: Fault(.forGood, at: 2).files))
      try writer.submit(contents(step: 1))
      let failure = #expect(throws: LongtailError.self) { try writer.finish() }
      #expect(failure?.code == .inputOutput)
      #expect(writer.lastPublished == nil)
      #expect(!writer.hasFailure)
    }
  }

  @Test func anErrorShowsAtTheNextSaveAndTrainingGoesOn() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory, files: Fault(.once, at: 5).files)
      let writer = CheckpointWriter(store: store)
      try writer.submit(contents(step: 1))
      while writer.consecutiveFailures == 0 { Thread.sleep(forTimeInterval: 0.001) }
      #expect(writer.hasFailure)
      #expect(throws: LongtailError.self) { try writer.submit(contents(step: 2)) }
      try writer.drain()
      #expect(writer.consecutiveFailures == 0)
      #expect(try store.steps() == [2])
      try writer.finish()
    }
  }

  /// Who asks after each step hears of every failure once, with its count.
  @Test func failuresAreCountedAndTaken() throws {
    try withTemporaryDirectory { directory in
      let writer = CheckpointWriter(store: CheckpointStore(directory: directory, files: Fault(.forGood, at: 2).files))
      var seen: [CheckpointWriter.Failure] = []
      for step in 1...3 {
        try writer.submit(contents(step: step))
        writer.wait()
        #expect(writer.hasFailure)
        seen += writer.takeFailures()
        #expect(!writer.hasFailure && writer.takeFailures().isEmpty)
      }
      #expect(seen.map(\.step) == [1, 2, 3])
      #expect(seen.map(\.failuresInARow) == [1, 2, 3])
      #expect(seen.allSatisfy { !$0.isPublished && ($0.error as? LongtailError)?.code == .inputOutput })
      try writer.finish()
    }
  }

  /// A checkpoint that is there counts as saved, also where older ones cannot be removed.
  @Test func aFailedRemovalIsNoFailedSave() throws {
    try withTemporaryDirectory { directory in
      try CheckpointStore(directory: directory).publish(contents(step: 1))
      let files = FileSystem { operation, path in
        if operation == .rename, path.contains(".trash-") { throw LongtailError.inputOutput("cannot rename", path, errno: EACCES) }
      }
      let writer = CheckpointWriter(
        store: CheckpointStore(directory: directory, files: files), retention: try CheckpointRetention(last: 1))
      try writer.submit(contents(step: 2))
      writer.wait()
      let failures = writer.takeFailures()
      #expect(failures.map(\.isPublished) == [true] && failures.map(\.failuresInARow) == [0])
      #expect(writer.consecutiveFailures == 0 && writer.lastPublished?.step == 2)
      try writer.finish()
    }
  }

  @Test func theContentsAreThoseAtTheCall() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      let writer = CheckpointWriter(store: store)
      var changing = contents(step: 1)
      try writer.submit(changing)
      changing.optimizer[0].values[0] = -1
      try writer.finish()
      #expect(try store.load(step: 1).optimizer[0].values[0] == 1)
    }
  }
}
