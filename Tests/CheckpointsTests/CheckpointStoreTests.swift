import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct CheckpointStoreTests {
  @Test func whatWasPublishedIsRead() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory + "/run/checkpoints")
      #expect(try store.latestValid().newest == nil)
      let saved = contents(step: 120)
      let published = try store.publish(saved)
      #expect(store.names == ["LATEST", "step-00000120"])
      #expect(try String(contentsOfFile: store.directory + "/LATEST", encoding: .utf8) == "step-00000120\n")
      let selection = try store.latestValid()
      #expect(selection.rejected.isEmpty)
      #expect(selection.newest?.step == 120)
      #expect(selection.newest?.path == store.path(step: 120))
      for loaded in [
        try store.load(step: 120), try store.load(try #require(selection.newest)),
        try CheckpointStore.load(directory: store.path(step: 120) + "/"),
      ] {
        #expect(
          loaded.model.map { StoredTensor($0) }.sorted { $0.name < $1.name }
            == saved.model.map { StoredTensor($0) }.sorted { $0.name < $1.name })
        #expect(loaded.optimizer == saved.optimizer)
        #expect(loaded.state.sorted { $0.name < $1.name } == saved.state.sorted { $0.name < $1.name })
        #expect(abs(Date().timeIntervalSince1970 - loaded.run.savedAt) < 600)
        var run = loaded.run
        #expect(run.metrics.removeValue(forKey: "iou/sky")?.isNaN == true)
        var expected = saved.run
        expected.metrics["iou/sky"] = nil
        expected.savedAt = run.savedAt
        #expect(run == expected)
        #expect(try loaded.digest() == published.digest)
      }
    }
  }

  @Test func theDigestFollowsTheNumbersAlone() throws {
    let one = contents(step: 1)
    var later = one
    later.run.savedAt = 5
    later.run.elapsedSeconds = 9
    later.model.reverse()
    #expect(try later.digest() == one.digest())
    for change in 0..<4 {
      var other = one
      switch change {
      case 0: other.model[0].values[5] = -other.model[0].values[5]
      case 1: other.optimizer[0].name = "b"
      case 2: other.state[0] = StoredTensor(name: "stepCount", 2)
      default: (other.model, other.optimizer) = (other.optimizer, other.model)
      }
      #expect(try other.digest() != one.digest())
    }
  }

  @Test func aMissingStepIsNamed() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      try store.publish(contents(step: 3))
      let failure = #expect(throws: LongtailError.self) { try store.load(step: 4) }
      #expect(failure?.code == .missingInput)
      #expect(failure?.advice == "It holds steps 3.")
      #expect(throws: LongtailError.self) { try CheckpointStore.load(directory: directory + "/nowhere") }
      #expect(throws: LongtailError.self) { try CheckpointStore.load(directory: directory) }
      #expect(throws: LongtailError.self) { try store.publish(contents(step: -1)) }
    }
  }

  @Test func theSameStepIsReplaced() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      try store.publish(contents(step: 3))
      try store.publish(contents(step: 3, value: 7))
      #expect(store.names == ["LATEST", "step-00000003"])
      #expect(try store.load(step: 3).model[1].values == [Float](repeating: 7, count: 6))
    }
  }

  @Test func newestComesByNumber() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      for step in [99_999_999, 100_000_000, 5] { try store.publish(contents(step: step)) }
      for name in ["step-5", "step-0000000x", "other"] {
        try FileManager.default.createDirectory(atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
      }
      #expect(try store.steps() == [5, 99_999_999, 100_000_000])
      #expect(try store.latestValid().newest?.step == 100_000_000)
    }
  }

  @Test func retentionKeepsTheLastEveryNthAndTheBest() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      for step in 1...9 { try store.publish(contents(step: step)) }
      #expect(try store.retain(CheckpointRetention(last: 2, every: 4), best: [3]) == [1, 2, 5, 6, 7])
      #expect(try store.steps() == [3, 4, 8, 9])
      #expect(store.names == ["LATEST"] + [3, 4, 8, 9].map { CheckpointStore.name(step: $0) })
      #expect(try store.retain(CheckpointRetention(last: 9)) == [])
      #expect(throws: LongtailError.self) { try CheckpointRetention(last: 0) }
      #expect(throws: LongtailError.self) { try CheckpointRetention(last: 1, every: 0) }
    }
  }

  @Test func retentionRemovesNothingWhileTheNewestIsDamaged() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      for step in 1...4 { try store.publish(contents(step: step)) }
      try FileManager.default.removeItem(atPath: store.path(step: 2) + "/run.json")
      try FileManager.default.removeItem(atPath: store.path(step: 4) + "/MANIFEST.json")
      let failure = #expect(throws: LongtailError.self) { try store.retain(CheckpointRetention(last: 1)) }
      #expect(failure?.message.contains("step-00000004") == true)
      #expect(try store.steps() == [1, 2, 3, 4])
      try FileManager.default.removeItem(atPath: store.path(step: 4))
      #expect(try store.retain(CheckpointRetention(last: 1)) == [1])
      #expect(try store.steps() == [2, 3])
    }
  }

  @Test func leftoversOfKilledWritersArePutAway() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      try store.publish(contents(step: 1))
      try store.publish(contents(step: 2))
      let manager = FileManager.default
      try manager.moveItem(atPath: store.path(step: 2), toPath: directory + "/.replaced-step-00000002")
      try manager.copyItem(atPath: store.path(step: 1), toPath: directory + "/.replaced-step-00000001")
      try manager.copyItem(atPath: store.path(step: 1), toPath: directory + "/.tmp-step-00000003-77")
      try manager.copyItem(atPath: store.path(step: 1), toPath: directory + "/.trash-step-00000000-77")
      #expect(try store.latestValid().newest?.step == 2)
      #expect(try store.prepareForWriting().count == 4)
      #expect(store.names == ["LATEST", "step-00000001", "step-00000002"])
      #expect(try store.latestValid().newest?.step == 2)
      #expect(try store.prepareForWriting() == [])
    }
  }

  @Test func aRecordWithoutNewFieldsIsRead() throws {
    let record = try JSONDecoder().decode(RunRecord.self, from: Data(#"{"formatVersion":1,"globalStep":7,"from tomorrow":[]}"#.utf8))
    var expected = RunRecord()
    expected.globalStep = 7
    #expect(record == expected)
  }
}
