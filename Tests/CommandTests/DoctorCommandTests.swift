import Foundation
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct DoctorCommandTests {
  private static let scenes = """
    data:
      name: scenes
      size: {width: 64, height: 48}
      settings: {SETTINGS}
    model: {name: unet, width: 8}
    training: {globalBatch: 4}
    """

  private func statuses(_ outcome: Program.Outcome) throws -> [String: String] {
    let json = try jsonObject(outcome.output)
    let checks = try #require(json["checks"] as? [[String: Any]])
    let pairs = checks.map { ($0["name"] as? String ?? "", $0["status"] as? String ?? "") }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  /// Puts the configuration into a directory of its own and runs the doctor there.
  private func look(
    _ arguments: [String], settings: String = "train: 12, validation: 4", _ body: (Program.Outcome, String) throws -> Void
  ) throws {
    try withTemporaryDirectory { directory in
      try DoctorCommandTests.scenes.replacingOccurrences(of: "SETTINGS", with: settings)
        .write(toFile: directory + "/scenes.yaml", atomically: true, encoding: .utf8)
      try body(try Program.run("longtail", ["doctor", "scenes.yaml"] + arguments, directory: directory), directory)
    }
  }

  @Test func machineIsDescribed() throws {
    let outcome = try Program.run("longtail", ["doctor", "--json"])
    let found = try statuses(outcome)
    let wanted = ["build", "instruction set", "processors", "ranks", "MPI", "memory", "working directory", "shared memory"]
    for name in wanted { #expect(["ok", "warning", "problem"].contains(found[name]), "\(name)") }
    #expect(outcome.exitCode == (found.values.contains("problem") ? 70 : 0))
    let worst = ["problem", "warning"].first { found.values.contains($0) } ?? "ok"
    #expect(try jsonObject(outcome.output)["status"] as? String == worst)
  }

  @Test func configurationIsLookedAt() throws {
    try look([]) { outcome, directory in
      #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
      for text in ["12 train", "first train image", "8 of 12 read", "memory of a rank", "for 4 images of 64 x 48", "arena", "0 problems"] {
        #expect(outcome.output.contains(text), "\(text) is not in\n\(outcome.output)")
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: directory)
      #expect(left == ["scenes.yaml"])
    }
  }

  @Test(arguments: [
    (["--set", "objective.name=patt"], "objective", "'pat'"),
    (["--set", "optimizer.name=adm"], "optimizer", "'adam'"),
    (["--set", "model.nam=unet"], "configuration", "name"),
    (["--set", "training.globalBatch=13"], "data set", "smaller globalBatch"),
  ])
  func problemsAreNamed(arguments: [String], check: String, text: String) throws {
    try look(arguments + ["--json"]) { outcome, _ in
      let found = try statuses(outcome)
      #expect(outcome.exitCode == 70)
      #expect(found[check] == "problem", "\(outcome.output)")
      #expect(outcome.output.contains(text), "\(outcome.output)")
    }
  }

  @Test func missingDataIsAProblem() throws {
    try look(["--set", "data.name=camvid", "--set", "data.root=nowhere", "--json"], settings: "") { outcome, _ in
      let found = try statuses(outcome)
      #expect(outcome.exitCode == 70)
      #expect(found["data set"] == "problem")
      #expect(outcome.output.contains("nowhere"))
    }
  }

  @Test func missingConfigurationIsAProblem() throws {
    let outcome = try Program.run("longtail", ["doctor", "/nowhere/at-all.yaml"])
    #expect(outcome.exitCode == 70)
    #expect(outcome.output.contains("no such file"))
  }

  @Test func otherLaunchersAreFound() throws {
    let outcome = try Program.run("longtail", ["doctor", "--json"], environment: ["RANK": "1", "WORLD_SIZE": "2"])
    #expect(outcome.exitCode == 70)
    #expect(try statuses(outcome)["launcher"] == "problem")
  }

  @Test(.enabled(if: Program.hasMPI, "mpirun is not installed"))
  func ranksAreListedOnce() throws {
    let outcome = try Program.run("longtail", ["doctor", "--json"], ranks: 2)
    let found = try statuses(outcome)
    #expect(found["ranks"] == "ok")
    #expect(outcome.output.contains("2 on one host"))
    #expect(outcome.exitCode == (found.values.contains("problem") ? 70 : 0))
  }

  @Test func overridesNeedAConfiguration() throws {
    #expect(try Program.run("longtail", ["doctor", "--set", "seed=1"]).exitCode == 64)
  }
}
