import Foundation
import TestSupport
import Testing

/// A thread that does nothing but keep a processor busy.
private final class BusyThread: @unchecked Sendable {
  private let lock = NSLock()
  private var isStopped = false
  private let done = DispatchSemaphore(value: 0)

  init() {
    let thread = Thread { [self] in
      var number = 1.0
      while !lock.withLock({ isStopped }) { for _ in 0..<100_000 { number = (number * 1.000001).truncatingRemainder(dividingBy: 7) } }
      done.signal()
    }
    thread.start()
  }

  func stop() {
    lock.withLock { isStopped = true }
    done.wait()
  }
}

extension ProcessTests {
  /// The same command with the same seed gives the same bits, whatever else the machine does.
  @Suite(.serialized) struct SeedTests {
    private struct Environment: Decodable {
      struct Algorithms: Decodable {
        var source: String
        var digest: String
      }
      var algorithms: Algorithms
    }

    private func algorithms(of run: RunResult) throws -> Environment.Algorithms {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(run.path)/environment.json"))
      return try JSONDecoder().decode(Environment.self, from: data).algorithms
    }

    private static let settings = ["model.width=16", "training.epochs=1", "evaluation.every=1", "engine.threads=2"]

    /// Trains, with a cache of its own, and hands back the digest of the end.
    private func digest(
      _ configuration: String, _ run: RunResult, _ settings: [String], cache: String, ranks: Int? = nil, output: [String] = []
    ) throws -> String? {
      let outcome = try Program.run(
        "longtail", trainArguments(configuration, run.path, settings), ranks: ranks, environment: ["XDG_CACHE_HOME": cache])
      expect(outcome, output: output)
      return printedDigest(outcome)
    }

    @Test func runsRepeatUnderLoad() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let settings = Self.settings + ["engine.algorithms=model"]
        func run(_ name: String) throws -> String? {
          try digest(configuration, RunResult(path: "\(directory)/\(name)"), settings, cache: "\(directory)/cache")
        }
        let first = try #require(try run("first"))
        let busy = (0..<2).map { _ in BusyThread() }
        defer { busy.forEach { $0.stop() } }
        for number in 0..<2 { #expect(try run("beside-\(number)") == first) }
        let record = try algorithms(of: RunResult(path: "\(directory)/first"))
        #expect(record.source.hasPrefix("model "))
        #expect(try algorithms(of: RunResult(path: "\(directory)/beside-0")).digest == record.digest)
        #expect(!FileManager.default.fileExists(atPath: "\(directory)/cache"), "the model measures nothing, so it keeps nothing")
        // What an automatic choice was called before.
        let former = RunResult(path: "\(directory)/former")
        #expect(try digest(configuration, former, Self.settings + ["engine.algorithms=auto"], cache: "\(directory)/cache") == first)
      }
    }

    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH"))
    func ranksRepeat() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        // Shares of three and two images.
        let settings = ["model.width=16", "training.epochs=1", "training.globalBatch=5", "engine.algorithms=model"]
        let busy = BusyThread()
        defer { busy.stop() }
        let digests = try (0..<2).map { number in
          try digest(configuration, RunResult(path: "\(directory)/\(number)"), settings, cache: directory, ranks: 2)
        }
        #expect(digests[0] != nil && digests[0] == digests[1])
      }
    }

    /// What one run has measured, the next takes over.
    @Test func measuredChoicesAreKept() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let settings = Self.settings + ["engine.algorithms=measured"]
        let cache = "\(directory)/cache"
        let runs = (0..<3).map { RunResult(path: "\(directory)/\($0)") }
        let said = ["measured algorithms: a step's convolutions"]
        let first = try digest(configuration, runs[0], settings, cache: cache, output: said)
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(cache)/longtail/algorithms").filter { $0.hasSuffix(".json") }
        #expect(files.count == 1)
        let before = try Data(contentsOf: URL(fileURLWithPath: "\(cache)/longtail/algorithms/\(files.first ?? "")"))
        #expect(try digest(configuration, runs[1], settings, cache: cache, output: said) == first)
        let after = try Data(contentsOf: URL(fileURLWithPath: "\(cache)/longtail/algorithms/\(files.first ?? "")"))
        #expect(after == before)
        #expect(try algorithms(of: runs[1]).source == "measured")
        #expect(try algorithms(of: runs[1]).digest == algorithms(of: runs[0]).digest)
        // Other algorithms are seen where runs are listed and compared.
        _ = try digest(configuration, runs[2], Self.settings + ["engine.algorithms=direct"], cache: cache)
        let listed = try Program.run("longtail", ["runs", runs[0].path, runs[2].path])
        expect(listed, output: ["algorithms", "direct, \(try algorithms(of: runs[2]).digest.prefix(8))", "measured, "])
        let equal = try Program.run("longtail", ["runs", runs[0].path, runs[1].path])
        expect(equal)
        #expect(!equal.output.contains("algorithms"))
      }
    }
  }
}
