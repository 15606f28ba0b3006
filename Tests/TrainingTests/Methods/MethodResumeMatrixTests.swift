import Foundation
import MethodCases
import Tensors
import TestSupport
import Testing

/// Methods whose job is killed in the middle of an epoch and started again, on real ranks, with what lies on the disk: the same bits as without.
///
/// Three that remember most in every run of the tests, all of the list where faults are injected thoroughly.
@Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH: nothing here was tested"))
struct MethodResumeMatrixTests {
  private static let names =
    CrashTests.areComplete ? MethodCase.all.map(\.name) : ["balancedMetaSoftmax", "breadcrumb", "selfSupervision"]
  private static let steps = 14

  private func run(_ method: String, _ name: String, in directory: String, ranks: Int, event: String = "none") throws -> Program.Outcome {
    try Program.run(
      "MethodProbe", ["\(directory)/\(name)", "\(directory)/\(name)", "\(Self.steps)", event, method], ranks: ranks)
  }

  @Test(arguments: names, [1, 2, 4]) func goesOnAfterAKill(method: String, ranks: Int) throws {
    try withTemporaryDirectory { directory in
      let whole = try run(method, "whole", in: directory, ranks: ranks)
      try #require(whole.exitCode == 0, "\(whole)")
      let killed = try run(method, "killed", in: directory, ranks: ranks, event: "kill:11")
      #expect(killed.exitCode != 0 && !FileManager.default.fileExists(atPath: "\(directory)/killed.txt"))
      let resumed = try run(method, "killed", in: directory, ranks: ranks)
      try #require(resumed.exitCode == 0, "\(resumed)")
      func text(_ name: String) throws -> String { try String(contentsOfFile: "\(directory)/\(name).txt", encoding: .utf8) }
      #expect(try text("killed") == text("whole"))
      let all = try ["whole", "killed"].map { try SafetensorsFile(path: "\(directory)/\($0).safetensors").readAll() }
      #expect(all[0] == all[1] && all[0].count > 8)
      CrashTests.report("methods: \(method) on \(ranks) ranks, killed behind step 11 and gone on with")
    }
  }
}
