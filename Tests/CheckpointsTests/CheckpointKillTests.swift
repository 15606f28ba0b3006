import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Ends a writing process with SIGKILL and looks at what it left.
@Suite struct CheckpointKillTests {
  private struct ProbeMissing: Error {}

  private func start(_ arguments: [String], output: Pipe) throws -> Process {
    let process = Process()
    process.executableURL = try probe()
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
    return process
  }

  /// The probe is built beside the tests.
  private func probe() throws -> URL {
    var directory = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    for _ in 0..<6 {
      let candidate = directory.appendingPathComponent("CheckpointProbe")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
      directory.deleteLastPathComponent()
    }
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let candidate = package.appendingPathComponent(".build/debug/CheckpointProbe")
    if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    throw ProbeMissing()
  }

  private func expectSound(_ directory: String, atLeast step: Int, _ comment: String) throws {
    let store = CheckpointStore(directory: directory)
    let selection = try store.latestValid()
    #expect(selection.rejected.isEmpty, "\(comment): \(selection.rejected)")
    guard let newest = selection.newest else {
      if step > 0 { Issue.record("\(comment): no checkpoint is left") }
      return
    }
    #expect(newest.step >= step, "\(comment)")
    let loaded = try store.load(newest)
    #expect(loaded.state == [StoredTensor(name: "stepCount", Int64(newest.step))])
    #expect(loaded.model[0].values.allSatisfy { $0 == Float(newest.step) })
    #expect(loaded.optimizer[0].values.allSatisfy { $0 == Float(newest.step) })
    try store.prepareForWriting()
    #expect(store.names.allSatisfy { !$0.hasPrefix(".") })
  }

  /// The probe ends itself before operation n on the disk, for every n that a save and a removal take.
  @Test func killedBeforeEachOperation() throws {
    for operation in 1...100 {
      try withTemporaryDirectory { directory in
        let output = Pipe()
        let process = try start([directory, "1", "3", "\(operation)"], output: output)
        let printed = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let last = printed.split(separator: "\n").last.flatMap { Int($0) } ?? 0
        try expectSound(directory, atLeast: last, "before operation \(operation)")
      }
    }
  }

  /// The probe is killed from outside at some moment.
  @Test func killedAtAnyMoment() throws {
    let random = CounterRandom(seed: 9, purpose: .testing)
    try withTemporaryDirectory { directory in
      var first = 1
      for round in 0..<12 {
        let output = Pipe()
        let process = try start([directory, "\(first)", "1000000"], output: output)
        // The first line tells that it is running.
        var printed = output.fileHandleForReading.availableData
        Thread.sleep(forTimeInterval: random.uniform(round, in: 0...0.03))
        kill(process.processIdentifier, SIGKILL)
        printed += output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        let last = String(decoding: printed, as: UTF8.self).split(separator: "\n").last.flatMap { Int($0) } ?? 0
        #expect(last >= first)
        try expectSound(directory, atLeast: last, "round \(round)")
        first = (try CheckpointStore(directory: directory).latestValid().newest?.step ?? 0) + 1
      }
    }
  }
}
