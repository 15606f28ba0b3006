import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Failure 2: a process that writes checkpoints is ended by SIGKILL. What it published before, or the new one, is there and whole.
@Suite struct Failure02KilledWhileSavingTests {
  /// Looks at what a killed process left, and puts it in order as the next one does.
  private func expectSound(_ directory: String, atLeast step: Int, _ comment: String) throws {
    let store = CheckpointStore(directory: directory)
    let selection = try store.latestValid()
    #expect(selection.rejected.isEmpty, "\(comment): \(selection.rejected)")
    #expect(try store.examineAll().allSatisfy(\.isValid), "\(comment)")
    guard let newest = selection.newest else {
      if step > 0 { Issue.record("\(comment): no checkpoint is left") }
      return
    }
    #expect(newest.step == step || newest.step == step + 1, "\(comment)")
    let loaded = try store.load(newest)
    #expect(loaded.state == [StoredTensor(name: "stepCount", Int64(newest.step))])
    #expect(loaded.model[0].values.allSatisfy { $0 == Float(newest.step) })
    #expect(loaded.optimizer[0].values.allSatisfy { $0 == Float(newest.step) })
    try store.prepareForWriting()
    #expect(store.names.allSatisfy { !$0.hasPrefix(".") })
    #expect(try store.leftovers().isEmpty)
  }

  private func lastStep(_ outcome: Program.Outcome) -> Int { outcome.output.split(separator: "\n").last.flatMap { Int($0) } ?? 0 }

  /// Two saves, of which the second has the first one to remove: every system call that changes files, or is made on the way to that, is a point.
  @Test func beforeEverySystemCall() throws {
    let calls = try withTemporaryDirectory { directory in
      let log = "\(directory)/calls"
      let fault = SystemFault(path: "\(directory)/store", .nothing, log: log)
      let outcome = try Program.run("CheckpointProbe", ["\(directory)/store", "1", "2"], environment: SystemFault.environment(fault))
      try #require(outcome.exitCode == 0, "\(outcome)")
      return SystemFault.calls(inLog: log).compactMap { $0.split(separator: " ").first.map(String.init) }
    }
    // 4 files, the manifest and the hint are written and flushed in each save, and 2 directories are flushed.
    for (name, count) in [("write", 12), ("fsync", 16), ("rename", 5), ("mkdir", 3), ("unlink", 5), ("rmdir", 1)] {
      #expect(calls.count { $0 == name } >= count, "\(name): \(calls)")
    }
    var kills = 0
    for (place, call) in calls.enumerated() {
      for action in call == "write" ? [SystemFault.Action.kill, .tear] : [.kill] {
        try withTemporaryDirectory { directory in
          let fault = SystemFault(path: "\(directory)/store", at: place + 1, action)
          let outcome = try Program.run("CheckpointProbe", ["\(directory)/store", "1", "2"], environment: SystemFault.environment(fault))
          #expect(outcome.exitCode == 137, "\(outcome)")
          kills += 1
          try expectSound("\(directory)/store", atLeast: lastStep(outcome), "\(action) at call \(place + 1), \(call)")
        }
      }
    }
    #expect(kills > calls.count && calls.count > 80)
    CrashTests.report("failure 2: killed \(kills) times at \(calls.count) system calls of two saves; nothing was lost")
  }

  /// The process is killed from outside at some moment.
  @Test func atAnyMoment() throws {
    let random = CounterRandom(seed: 9, purpose: .testing)
    try withTemporaryDirectory { directory in
      var first = 1
      for round in 0..<12 {
        let program = try Program("CheckpointProbe", ["\(directory)/store", "\(first)", "1000000"])
        let store = CheckpointStore(directory: "\(directory)/store")
        let limit = Date().addingTimeInterval(30)
        while try store.steps().last ?? 0 < first, Date() < limit { usleep(500) }
        Thread.sleep(forTimeInterval: random.uniform(round, in: 0...0.03))
        kill(program.process.processIdentifier, SIGKILL)
        let outcome = program.wait()
        #expect(outcome.exitCode == 137)
        try expectSound("\(directory)/store", atLeast: max(first, lastStep(outcome)), "round \(round)")
        first = (try store.latestValid().newest?.step ?? 0) + 1
      }
    }
  }
}
