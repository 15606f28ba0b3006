import Foundation
import Images
import Reports
import TestSupport
import Testing

@Suite struct RunDirectoryTests {
  private func object(_ path: String) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    return try #require(value as? [String: Any])
  }

  @Test func everythingIsWritten() throws {
    try withTemporaryDirectory { parent in
      let run = try RunDirectory.create(at: "\(parent)/a/b")
      #expect(run.takeover == nil)
      try run.writeConfiguration("seed: 1\n")
      var environment = RunEnvironment.current(
        variables: ["OMPI_MCA_btl": "self", "OMP_NUM_THREADS": "2", "HOME": "/root", "SECRET": "x"], directory: "/")
      environment.versions = ["oneDNN": "3.1"]
      try run.writeEnvironment(environment)
      try run.writeClasses(
        ClassesRecord(
          segmentation,
          [
            .init(name: "sky", group: "head", trainingCount: 30, trainingImages: 2, colour: .white),
            .init(name: "pole", group: "tail", trainingCount: 10, colour: .black),
          ],
          labelMapDigest: "abc", groupRule: "head from 0.1 on"))
      try run.writeBest(BestRecord([("miou", .init(value: 0.5, step: 10))]))
      try run.writeFinalTable(evaluation(), title: "b")
      let image = RGBImage(width: 8, height: 8)
      let row = Panel.Row(input: image, truth: LabelImage(width: 8, height: 8), prediction: LabelImage(width: 8, height: 8, fill: 0))
      let picture = try run.writePicture(Panel(rows: [row], classNames: ["a"], palette: [.white]), step: 120)
      #expect(picture == "\(parent)/a/b/pictures/step-000120.png")
      #expect(try RGBImage(contentsOf: picture).width == 3 * 160 + 16)

      let written = try object(run.file("environment.json"))
      #expect(written["variables"] as? [String: String] == ["OMPI_MCA_btl": "self", "OMP_NUM_THREADS": "2"])
      #expect((written["processors"] as? Int ?? 0) > 0)
      #expect(try object(run.file("best.json"))["miou"] as? [String: Double] == ["value": 0.5, "step": 10])
      let classes = try #require(object(run.file("classes.json"))["classes"] as? [[String: Any]])
      #expect(classes.map { $0["trainingShare"] as? Double } == [0.75, 0.25])
      #expect(classes[0]["colour"] as? String == "#ffffff")
      #expect(try String(contentsOfFile: run.file("final-table.md"), encoding: .utf8).hasPrefix("# b\n"))
      #expect(try String(contentsOfFile: run.file("config.yaml"), encoding: .utf8) == "seed: 1\n")
      run.close()
      #expect(!FileManager.default.fileExists(atPath: run.file("run.lock")))
    }
  }

  @Test func aDirectoryHoldsOneRun() throws {
    try withTemporaryDirectory { parent in
      let path = "\(parent)/run"
      #expect(longtailError { _ = try RunDirectory.reopen(at: path) }?.code == .missingInput)
      let first = try RunDirectory.create(at: path)
      let second = longtailError { _ = try RunDirectory.create(at: path) }
      #expect(second?.code == .mismatch)
      #expect(second?.message.contains("another trainer is at work here (process \(getpid()) on ") == true)
      try first.writeConfiguration("seed: 1\n")
      first.close()
      let third = longtailError { _ = try RunDirectory.create(at: path) }
      #expect(third?.code == .usage)
      #expect(third?.message == "\(path): holds a run already (config.yaml)")
      // A refusal leaves no lock behind.
      let fourth = try RunDirectory.reopen(at: path)
      fourth.close()
    }
  }

  @Test func anotherStartKeepsTheEnvironmentOfTheFirst() throws {
    try withTemporaryDirectory { parent in
      let run = try RunDirectory.create(at: "\(parent)/run")
      var environment = RunEnvironment.current(variables: [:], directory: "/")
      environment.ranks = 2
      try run.writeEnvironment(environment)
      environment.ranks = 4
      environment.started = "2026-01-31T12:00:00Z"
      try run.writeEnvironment(environment)
      #expect(try object(run.file("environment.json"))["ranks"] as? Int == 4)
      #expect(try object(run.file("environment-until-2026-01-31T120000Z.json"))["ranks"] as? Int == 2)
    }
  }

  @Test func aStaleLockIsExplainedAndTakenOver() throws {
    try withTemporaryDirectory { directory in
      var gone = RunLock.Holder.current()
      // The number is in use again, by a process that began later: this one.
      gone.processStart += 1
      gone.since = "2026-01-31T12:00:00Z"
      try JSONEncoder().encode(gone).write(to: URL(fileURLWithPath: "\(directory)/run.lock"))
      #expect(gone.isAlive == false)
      let lock = try RunLock(directory: directory)
      #expect(
        lock.takeover
          == "\(directory)/run.lock: left behind by process \(gone.pid) on \(gone.host), since 2026-01-31T12:00:00Z, which no longer runs; "
          + "taking it over")
      #expect(longtailError { _ = try RunLock(directory: directory) }?.code == .mismatch)
      lock.release()
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }
  }

  @Test func aProcessThatEndedIsNotAlive() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    var holder = RunLock.Holder.current()
    holder.pid = process.processIdentifier
    #expect(holder.isAlive == false)
    #expect(RunLock.Holder.current().isAlive == true)
  }

  @Test func aLockOfAnotherHostIsLeftAlone() throws {
    try withTemporaryDirectory { directory in
      var holder = RunLock.Holder.current()
      holder.host = "elsewhere.example"
      try JSONEncoder().encode(holder).write(to: URL(fileURLWithPath: "\(directory)/run.lock"))
      let error = longtailError { _ = try RunLock(directory: directory) }
      #expect(error?.code == .mismatch)
      #expect(error?.advice == "If that process no longer runs, remove \(directory)/run.lock, and start again.")
      #expect(FileManager.default.fileExists(atPath: "\(directory)/run.lock"))
    }
  }

  @Test func aDamagedLockIsTakenOver() throws {
    try withTemporaryDirectory { directory in
      try "{".write(toFile: "\(directory)/run.lock", atomically: true, encoding: .utf8)
      let lock = try RunLock(directory: directory)
      #expect(lock.takeover == "\(directory)/run.lock: its content is damaged; taking it over")
    }
  }

  @Test func releasingLeavesTheLockOfAnother() throws {
    try withTemporaryDirectory { directory in
      let lock = try RunLock(directory: directory)
      var other = lock.holder
      other.since = "later"
      try JSONEncoder().encode(other).write(to: URL(fileURLWithPath: lock.path))
      lock.release()
      #expect(FileManager.default.fileExists(atPath: lock.path))
    }
  }

  @Test func commitIsReadWithoutGit() throws {
    try withTemporaryDirectory { directory in
      let commit = String(repeating: "0123456789", count: 4)
      let git = "\(directory)/.git"
      try FileManager.default.createDirectory(atPath: "\(git)/refs/heads", withIntermediateDirectories: true)
      try FileManager.default.createDirectory(atPath: "\(directory)/below/it", withIntermediateDirectories: true)
      func found() -> String? { RunEnvironment.current(variables: [:], directory: "\(directory)/below/it").gitCommit }
      try "ref: refs/heads/main\n".write(toFile: "\(git)/HEAD", atomically: true, encoding: .utf8)
      #expect(found() == nil)
      try "# pack-refs\n\(commit) refs/heads/main\n".write(toFile: "\(git)/packed-refs", atomically: true, encoding: .utf8)
      #expect(found() == commit)
      let newer = String(commit.reversed())
      try "\(newer)\n".write(toFile: "\(git)/refs/heads/main", atomically: true, encoding: .utf8)
      #expect(found() == newer)
      try "\(commit)\n".write(toFile: "\(git)/HEAD", atomically: true, encoding: .utf8)
      #expect(found() == commit)
    }
  }
}
