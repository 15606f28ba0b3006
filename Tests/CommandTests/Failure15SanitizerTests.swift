import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 15: sanitizers look at the C shims, and at the threads of a training.
  @Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH: nothing here was tested"))
  struct Failure15SanitizerTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sanitizers/run").path

    private static let hasSanitizers = (try? Program(script, ["check"]).wait().exitCode) == 0

    @Test(.enabled(if: Self.hasSanitizers, "clang's sanitizers do not link here: nothing was tested"))
    func failure15NothingIsFoundInTheShims() throws {
      try expectClean("shims", "all C shims, alone and on 2 ranks, under the address, undefined-behaviour and thread sanitizers")
    }

    @Test(.enabled(if: Self.hasValgrind, "valgrind is not on PATH: nothing here was tested"))
    func failure15NoDecodedByteWasNeverWritten() throws {
      try expectClean("decoders", "libspng and libjpeg-turbo, as decoders call them, under valgrind")
    }

    private static let hasValgrind = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .contains { FileManager.default.isExecutableFile(atPath: "\($0)/valgrind") }

    @Test(.enabled(if: CrashTests.areComplete, "takes minutes: Launch/test --crash runs it"))
    func failure15NothingIsFoundInATraining() throws {
      try expectClean("train", "a training in 1 process and on 2 ranks under the thread sanitizer")
    }

    private func expectClean(_ part: String, _ what: String) throws {
      let outcome = try Program(Self.script, [part]).wait(seconds: 3600)
      try #require(outcome.exitCode == 0, "\(outcome)")
      try #require(outcome.output.contains("sanitizers: clean"), "\(outcome)")
      CrashTests.report("failure 15: clean: \(what)")
    }
  }
}
