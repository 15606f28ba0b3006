import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct CheckpointFaultTests {
  /// For a fresh step and for one that replaces another of the same number, the operations are failed one after the other until none is left.
  @Test(arguments: [(2, Fault.Kind.once), (2, .forGood), (1, .once), (1, .forGood)])
  func theOldOrTheNewOneRemains(_ step: Int, _ kind: Fault.Kind) throws {
    var failing = 0
    var isDone = false
    while !isDone {
      failing += 1
      try withTemporaryDirectory { directory in
        let sound = CheckpointStore(directory: directory)
        try sound.publish(contents(step: 1, value: 100))
        let fault = Fault(kind, at: failing)
        let store = CheckpointStore(directory: directory, files: fault.files)
        var failure: LongtailError?
        do {
          try store.prepareForWriting()
          try store.publish(contents(step: step, value: 200))
          isDone = fault.count < failing
        } catch let error as LongtailError { failure = error }

        if let failure {
          #expect(failure.code == .inputOutput)
          #expect(failure.description.contains("No space left on device"))
          if kind == .once { #expect(!store.names.contains { $0.hasPrefix(".tmp-step") }, "operation \(failing)") }
        }
        let found = try sound.latestValid()
        let newest = try #require(found.newest, "operation \(failing), \(fault.operations.last.map(\.rawValue) ?? "")")
        let value = try sound.load(newest).optimizer[0].values[0]
        #expect(found.rejected.isEmpty)
        #expect(value == 200 || (value == 100 && failure != nil))
        // Whoever comes next can go on.
        try sound.prepareForWriting()
        try sound.publish(contents(step: 3))
        #expect(try sound.latestValid().newest?.step == 3)
        #expect(sound.names.allSatisfy { !$0.hasPrefix(".") })
      }
    }
    #expect(failing > 20)
  }

  @Test func aFailedRemovalLeavesTheKeptOnes() throws {
    for failing in 1...10 {
      try withTemporaryDirectory { directory in
        let sound = CheckpointStore(directory: directory)
        for step in 1...3 { try sound.publish(contents(step: step)) }
        let store = CheckpointStore(directory: directory, files: Fault(.forGood, at: failing).files)
        _ = try? store.retain(CheckpointRetention(last: 1))
        let (valid, rejected) = try sound.verifyAll()
        #expect(valid.first?.step == 3)
        #expect(rejected.isEmpty)
      }
    }
  }

  @Test func tooLittleSpaceIsSaidBeforeWriting() throws {
    try withTemporaryDirectory { directory in
      try CheckpointStore(directory: directory).publish(contents(step: 1))
      var large = contents(step: 2)
      large.model.append(NamedTensor(name: "b", shape: [100_000], values: [Float](repeating: 1, count: 100_000)))
      // The numbers alone take 400,000 bytes, and twice the size is asked for.
      let fault = Fault(.once, at: .max)
      let small = CheckpointStore(directory: directory, files: fault.files(space: 800_000))
      let failure = #expect(throws: LongtailError.self) { try small.publish(large) }
      #expect(failure?.code == .inputOutput)
      #expect(failure?.message.contains("there are 800000") == true)
      #expect(!fault.operations.contains(.create))
      #expect(small.names == ["LATEST", "step-00000001"])
      try CheckpointStore(directory: directory, files: fault.files(space: 2_000_000)).publish(large)
      for operation in FileSystem.Operation.allCases { #expect(fault.operations.contains(operation)) }
    }
  }

  @Test func aDirectoryThatCannotBeWrittenIsNamed() throws {
    try withTemporaryDirectory { directory in
      try Data().write(to: URL(fileURLWithPath: directory + "/file"))
      let store = CheckpointStore(directory: directory + "/file/checkpoints")
      let failure = #expect(throws: LongtailError.self) { try store.publish(contents(step: 1)) }
      #expect(failure?.code == .inputOutput)
      #expect(failure?.message.contains("/file/checkpoints") == true)
    }
  }
}
