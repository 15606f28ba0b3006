import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 14: many tiny steps with saves and evaluations in between. Memory, open files and mappings stay what they are after warm-up, and
  /// one window of steps asks the heap for as much as the next.
  @Suite(.serialized) struct Failure14EnduranceTests {
    private struct Reading: Decodable {
      var allocations: Int
      var heapBytes: Int
      var residentBytes: Int
      var handles: Int
      var mappings: Int
    }

    @Test func nothingGrows() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, train: 8, validation: 2)
        // An epoch has 4 steps; each window has the same saves and evaluations.
        let window = CrashTests.areComplete ? 4000 : 24
        let windows = CrashTests.areComplete ? 25 : 13
        let settings = [
          "training.globalBatch=2", "data.size={width: 16, height: 16}", "schedule.name=constant", "optimizer.learningRate=1e-5",
          "checkpoint.every=\(window / 4)", "checkpoint.keepLast=2", "checkpoint.best=[]", "evaluation.every=\(window / 4)",
        ]
        let outcome = try Program(
          "EnduranceProbe", [configuration, "\(directory)/run", "\(window)", "\(windows)"] + settings
        ).wait(seconds: CrashTests.areComplete ? 3000 : 120)
        try #require(outcome.exitCode == 0, "\(outcome)")
        let readings = try outcome.output.split(separator: "\n").map {
          try JSONDecoder().decode(Reading.self, from: Data($0.utf8))
        }
        try #require(readings.count == windows, "\(outcome)")
        // Two windows are for the first saves, the first removal of one, and threads that are begun only then.
        let settled = readings.dropFirst(3)
        let first = settled[settled.startIndex]
        for (number, reading) in settled.enumerated() {
          let name = "window \(number + 4): \(reading) after \(first)"
          #expect(reading.handles == first.handles, "\(name)")
          #expect(abs(reading.mappings - first.mappings) <= 4, "\(name)")
          // The same work asks for the same memory; what a thread does a little earlier or later makes a few calls' difference.
          #expect(abs(reading.allocations - first.allocations) <= first.allocations / 50, "\(name)")
          #expect(abs(reading.heapBytes - first.heapBytes) <= 64 << 10, "\(name)")
          #expect(reading.residentBytes - first.residentBytes <= 4 << 20, "\(name)")
        }
        CrashTests.report("failure 14: \(window * windows) steps; first reading \(first), last \(readings[windows - 1])")
      }
    }
  }
}
