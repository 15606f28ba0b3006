import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// A program that was built upon Longtail: `Tests/Client`, as a target of this package or in a package of its own.
struct ClientProgram {
  /// The name of a program beside the tests, or a path.
  let program: String
  /// Where its runs go.
  let directory: String

  func run(_ arguments: String..., ranks: Int? = nil) throws -> Program.Outcome { try Program.run(program, arguments, ranks: ranks) }

  /// A configuration of everything that the client has registered: a teacher, and a student that is drawn to it.
  func configuration() throws -> String {
    let path = "\(directory)/client.yaml"
    try """
    data: {name: squares, size: {width: 32, height: 32}}
    model: {name: slopes, width: 8}
    objective: {name: countedCrossEntropy, settings: {memory: 0.8}}
    training: {epochs: 6, globalBatch: 4}
    checkpoint: {every: 100, everySteps: 2, keepLast: 100}
    evaluation: {every: 6}
    engine: {algorithms: direct, threads: 1}
    reporting: {every: 1, pictures: 0}
    stages:
      - name: teacher
      - name: student
        partners: [{name: teacher, stage: teacher}]
        method: {name: featureTeacher}

    """.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// The digest that a finished training prints.
  func digest(_ outcome: Program.Outcome) -> String? {
    outcome.output.split(separator: "\n").last { $0.hasPrefix("digest ") }.map(String.init)
  }

  /// The losses of a run's steps.
  func losses(_ run: String) throws -> [Double] {
    let text = try String(contentsOfFile: "\(run)/stages/2-student/log.jsonl", encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return try #require(object?["loss"] as? Double)
    }
  }

  func expectDescriptions() throws {
    for (kind, name, text) in [
      ("objective", "countedCrossEntropy", "memory"), ("dataset", "squares", "drawn squares"), ("model", "slopes", "PReLU"),
      ("method", "featureTeacher", "teacher"), ("task", "counting", "how many things"), ("dataset", "counting.dots", "training pictures"),
    ] {
      let (list, entry) = (try run("describe", kind), try run("describe", kind, name))
      #expect(list.exitCode == 0 && list.output.contains("\n\(name) "), "\(list)")
      #expect(entry.exitCode == 0 && entry.output.contains(text), "\(entry)")
    }
    #expect(try run("describe", "objective").output.contains("\npat "))
    let unknown = try run("describe", "objective", "countedCrossEntropi")
    #expect(unknown.exitCode == 64 && unknown.errors.contains("Did you mean 'countedCrossEntropy'"), "\(unknown)")
    let path = try configuration()
    let wrong = try run("train", path, "--output", "\(directory)/none", "--set", "objective.settings.memori=1")
    #expect(wrong.exitCode == 64 && wrong.errors.contains("memory"), "\(wrong)")
  }

  /// Trains, evaluates, exports; on two ranks too, with the same losses.
  func expectTraining() throws {
    let path = try configuration()
    let whole = "\(directory)/whole"
    let trained = try run("train", path, "--output", whole)
    try #require(trained.exitCode == 0, "\(trained)")
    let losses = try losses(whole)
    #expect(losses.count == 24)
    let (first, last): (Double, Double) = (losses.prefix(4).reduce(0, +), losses.suffix(4).reduce(0, +))
    #expect(last < 0.8 * first, "\(losses)")

    let evaluated = try run("evaluate", "\(whole)/stages/2-student")
    #expect(evaluated.exitCode == 0 && evaluated.output.contains("small"), "\(evaluated)")
    for file in ["network.onnx", "network.safetensors"] {
      let exported = try run("export", "\(whole)/stages/2-student", "--output", "\(directory)/\(file)")
      #expect(exported.exitCode == 0, "\(exported)")
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(file)"))
      #expect(data.range(of: Data("slopes.slopes".utf8)) != nil)
    }
    if Program.hasMPI {
      let both = try run("train", path, "--output", "\(directory)/both", ranks: 2)
      try #require(both.exitCode == 0, "\(both)")
      let others = try self.losses("\(directory)/both")
      let furthest: Double = zip(losses, others).map { abs($0 - $1) }.max() ?? 1
      #expect(others.count == losses.count && furthest < 1e-4, "\(losses) \(others)")
    }
  }

  /// Trains, evaluates and exports a task that only the client knows; on two ranks too, with the same scores.
  func expectTrainingOfATask() throws {
    let path = "\(directory)/counting.yaml"
    try """
    task: counting
    data: {name: dots, size: {width: 16, height: 16}, settings: {train: 96}}
    objective: {name: balancedSoftmax}
    optimizer: {name: adamw, learningRate: 0.03}
    training: {epochs: 40, globalBatch: 16}
    evaluation: {every: 40, batch: 8}
    checkpoint: {best: [exact, error]}
    engine: {algorithms: direct, threads: 1}
    reporting: {every: 1, pictures: 2}

    """.write(toFile: path, atomically: true, encoding: .utf8)
    func scores(_ run: String, ranks: Int?) throws -> [String: Double] {
      let trained = try self.run("train", path, "--output", run, ranks: ranks)
      try #require(trained.exitCode == 0, "\(trained)")
      let evaluated = try self.run("evaluate", run, "--json", ranks: ranks)
      try #require(evaluated.exitCode == 0, "\(evaluated)")
      let line = try #require(evaluated.output.split(separator: "\n").last { $0.hasPrefix("{") })
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return try #require(object?["scores"] as? [String: Any]).compactMapValues { $0 as? Double }
    }
    let alone = try scores("\(directory)/counting", ranks: nil)
    #expect(Set(["exact", "exact.three", "exact.few", "error", "loss"]).isSubset(of: Set(alone.keys)), "\(alone)")
    #expect(alone["exact"] ?? 0 > 0.6, "most of three kinds of pictures are told apart by their brightness: \(alone)")
    if Program.hasMPI {
      let both = try scores("\(directory)/both", ranks: 2)
      for (name, value) in alone { #expect(abs(value - (both[name] ?? .infinity)) < 1e-3 * max(1, abs(value)), "\(name): \(both)") }
    }
    let exported = try run("export", "\(directory)/counting", "--output", "\(directory)/counting.onnx")
    #expect(exported.exitCode == 0, "\(exported)")
    #expect(try String(contentsOfFile: "\(directory)/counting/report.html", encoding: .utf8).contains("exact counts"))
    let listed = try run("inspect", "\(directory)/counting")
    #expect(listed.exitCode == 0 && listed.output.contains("exact counts"), "\(listed)")

    for (setting, code, text) in [
      ("task=countin", 64, "Did you mean 'counting'"), ("data.name=dot", 64, "Did you mean 'dots'"),
      ("data.settings.trian=9", 64, "train"), ("data.longTail.factor=10", 64, "data.longTail"),
      ("data.split.validation=0.2", 64, "data.split"), ("evaluation.resolution=label", 64, "evaluation.resolution"),
    ] {
      let refused = try run("train", path, "--output", "\(directory)/none", "--set", setting)
      #expect(refused.exitCode == code && refused.errors.contains(text), "\(setting): \(refused)")
    }
    let unknown = try run("train", path, "--output", "\(directory)/none", "--set", "task=drawing")
    for name in ["segmentation", "recognition", "detection", "counting"] { #expect(unknown.errors.contains(name), "\(unknown)") }
  }

  /// Ends a run with SIGKILL in its second stage, and starts it again.
  func expectSameBitsAfterAKill(ranks: Int?) throws {
    let path = try configuration()
    let name = ranks.map { "\($0)" } ?? "one"
    let undisturbed = try run("train", path, "--output", "\(directory)/undisturbed-\(name)", ranks: ranks)
    try #require(undisturbed.exitCode == 0, "\(undisturbed)")

    let disturbed = "\(directory)/disturbed-\(name)"
    let arguments = ["train", path, "--output", disturbed, "--resume", "auto"]
    let training = try Program(program, arguments, ranks: ranks)
    let limit = Date().addingTimeInterval(120)
    while !FileManager.default.fileExists(atPath: "\(disturbed)/stages/2-student/checkpoints/step-00000006"), Date() < limit,
      training.process.isRunning
    { usleep(500) }
    let victim = ranks == nil ? training.process.processIdentifier : Program.process(ofRank: 1, mark: disturbed)
    kill(try #require(victim), SIGKILL)
    let killed = training.wait()
    #expect(killed.exitCode == 137, "\(killed)")

    let resumed = try Program.run(program, arguments, ranks: ranks)
    #expect(resumed.exitCode == 0 && resumed.output.contains("resuming from"), "\(resumed)")
    let wanted = try #require(digest(undisturbed))
    #expect(digest(resumed) == wanted)
    #expect(try losses(disturbed) == losses("\(directory)/undisturbed-\(name)"))
  }
}
