import Foundation
import TestSupport
import Testing

/// Two hosts with addresses of their own and a link of 1 Gbit/s between them: network namespaces of this machine, one rank on each.
@Suite(
  .serialized,
  .enabled(if: NetworkNamespaces.obstacle == nil, Comment(rawValue: NetworkNamespaces.obstacle ?? "")))
struct NamespaceTests {
  @Test func trainingRuns() throws {
    try withTemporaryDirectory { directory in
      let hosts = try NetworkNamespaces(2, directory: directory)
      let configuration = try TinyExperiment.scenes(in: directory, train: 8, validation: 2)
      let outcome = try hosts.start("longtail", ["train", configuration, "--output", "\(directory)/run"]).wait()
      #expect(outcome.exitCode == 0, "\(outcome)")
      #expect(outcome.description.contains("2 ranks on 2 hosts"), "\(outcome)")
      #expect(outcome.description.contains("(one rank a node)"), "\(outcome)")
      let checkpoints = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/run/checkpoints")
      #expect(checkpoints.contains { $0.hasPrefix("step-") }, "\(checkpoints)")
    }
  }

  @Test func oneStepEqualsOneNodes() throws {
    try withTemporaryDirectory { directory in
      let hosts = try NetworkNamespaces(2, directory: directory)
      let configuration = try TinyExperiment.scenes(in: directory)
      let cases = ["pat;training.globalBatch=6", "crossEntropy;objective.name=crossEntropy;training.globalBatch=3"]
      let bare = try measure(configuration, in: directory, "bare", cases) { try Program("TrainingProbe", $0) }
      let apart = try measure(configuration, in: directory, "hosts", cases) { try hosts.start("TrainingProbe", $0) }
      for name in ["pat", "crossEntropy"] {
        try Comparison("\(bare)/\(name).safetensors", "\(apart)/\(name).safetensors").expectEqual("\(name) on two hosts", freeSteps: 3)
      }
    }
  }

  /// In bfloat16 the loss of a step is the same, and its gradient is off by what rounding may cost, and not by less.
  @Test func bfloat16OnTheWire() throws {
    try withTemporaryDirectory { directory in
      let hosts = try NetworkNamespaces(2, directory: directory)
      let configuration = try TinyExperiment.scenes(in: directory)
      let cases = ["step;training.globalBatch=4;engine.wirePrecision=bfloat16"]
      let bare = try measure(configuration, in: directory, "bare", cases) { try Program("TrainingProbe", $0) }
      let apart = try measure(configuration, in: directory, "hosts", cases) { try hosts.start("TrainingProbe", $0) }
      let comparison = try Comparison("\(bare)/step.safetensors", "\(apart)/step.safetensors")
      #expect(comparison.error("step.loss") < 1e-5)
      let error = comparison.gradientError
      #expect(error < 0x1p-7, "\(error)")
      #expect(error > 0x1p-12, "\(error)")
    }
  }

  @Test func hostThatIsCutOffEndsTheJob() throws {
    try withTemporaryDirectory { directory in
      let hosts = try NetworkNamespaces(2, directory: directory)
      let configuration = try TinyExperiment.scenes(in: directory, train: 8, validation: 2)
      let program = try hosts.start(
        "longtail",
        [
          "train", configuration, "--output", "\(directory)/run", "--set", "training.epochs=100000", "--set", "checkpoint.every=100000",
          "--set", "evaluation.every=100000",
        ])
      // In the middle of the run: some steps are done.
      let log = "\(directory)/run/log.jsonl"
      let begin = Date()
      while Date().timeIntervalSince(begin) < 60, (FileManager.default.contents(atPath: log)?.count { $0 == 10 } ?? 0) < 5 {
        usleep(50_000)
      }
      #expect(program.process.isRunning)
      try hosts.cut(hosts.hosts[1])
      let cut = Date()
      let outcome = program.wait(seconds: 60)
      #expect(outcome.exitCode != 0, "\(outcome)")
      #expect(Date().timeIntervalSince(cut) < 30)
      #expect(outcome.errors.contains("lost communication") || outcome.errors.contains("longtail: "), "\(outcome)")
      // Nobody is left behind on either side.
      let deadline = Date().addingTimeInterval(20)
      var left: [Int32] = []
      repeat {
        usleep(100_000)
        left = try hosts.hosts.flatMap { try hosts.processes(on: $0) }
      } while !left.isEmpty && Date() < deadline
      #expect(left.isEmpty)
    }
  }

  /// The prediction from one process against two hosts. Needs an idle machine with two cores.
  @Test(
    .enabled(if: ProcessInfo.processInfo.environment["LONGTAIL_CRASH_TESTS"] == "1", "needs an idle machine; set LONGTAIL_CRASH_TESTS=1"))
  func planPredictsTheStep() throws {
    try withTemporaryDirectory { directory in
      let hosts = try NetworkNamespaces(2, directory: directory)
      let configuration = "\(directory)/plan.yaml"
      try """
      data: {name: scenes, size: {width: 128, height: 128}, settings: {width: 128, height: 128, train: 8, validation: 2}}
      model: {name: unet, width: 32}
      objective: {name: pat}
      training: {globalBatch: 8}
      engine: {algorithms: direct}
      """.write(toFile: configuration, atomically: true, encoding: .utf8)
      let planned = try Program(
        "longtail",
        ["plan", configuration, "--ranks", "1,2", "--ranks-per-node", "1", "--threads", "1", "--network", "1G", "--json"]
      ).wait(seconds: 300)
      try #require(planned.exitCode == 0, "\(planned)")
      let plan = try JSONSerialization.jsonObject(with: Data(planned.output.utf8)) as? [String: Any]
      let predictions = try #require(plan?["predictions"] as? [[String: Any]])
      let predicted = try #require(predictions.last?["stepMilliseconds"] as? Double)
      let measured = try hosts.start(
        "longtail",
        [
          "bench", "step", "--model", "unet", "--width", "32", "--size", "128x128", "--objective", "pat", "--batch", "8", "--threads", "1",
          "--algorithms", "direct", "--steps", "12", "--json",
        ]
      ).wait(seconds: 300)
      try #require(measured.exitCode == 0, "\(measured)")
      let json = try JSONSerialization.jsonObject(with: Data(measured.output.utf8)) as? [String: Any]
      let step = try #require((json?["stepMilliseconds"] as? [String: Any])?["median"] as? Double)
      #expect(abs(predicted / step - 1) < 0.15, "predicted \(predicted) ms, measured \(step) ms")
    }
  }

  /// Runs the cases of `TrainingProbe`.
  /// - Returns: the directory with a file for each case.
  private func measure(
    _ configuration: String, in directory: String, _ name: String, _ cases: [String], _ start: ([String]) throws -> Program
  ) throws -> String {
    let output = "\(directory)/\(name)"
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    let outcome = try start([configuration, "\(directory)/checkpoints", output, "3"] + cases).wait()
    try #require(outcome.exitCode == 0, "\(name): \(outcome)")
    return output
  }
}
