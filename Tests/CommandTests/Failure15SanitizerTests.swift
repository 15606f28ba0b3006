import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 15: sanitizers look at the C shims, and at the threads of a training.
  @Suite(.serialized, .enabled(if: CrashTests.areComplete && Program.hasMPI, "takes minutes: Launch/test --crash runs it"))
  struct Failure15SanitizerTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sanitizers/run").path

    @Test(arguments: [
      ("shims", "all C shims, alone and on 2 ranks, under the address, undefined-behaviour and thread sanitizers"),
      ("train", "a training in 1 process and on 2 ranks under the thread sanitizer"),
    ])
    func failure15NothingIsFound(part: String, what: String) throws {
      let outcome = try Program(Self.script, [part]).wait(seconds: 3600)
      #expect(outcome.exitCode == 0, "\(outcome)")
      #expect(outcome.output.contains("sanitizers: clean"), "\(outcome)")
      CrashTests.report("failure 15: clean: \(what)")
    }
  }
}
