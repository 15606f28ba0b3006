import Foundation
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct ScaleCommandTests {
  private func object(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH")) func sumsAreTimed() throws {
    let outcome = try Program.run(
      "longtail", ["bench", "comm", "--bytes", "1KiB,256K", "--numbers", "16", "--threads", "1", "--json"], ranks: 2)
    try #require(outcome.exitCode == 0, "\(outcome)")
    let json = try object(outcome.output)
    #expect(json["ranks"] as? Int == 2)
    #expect(json["volumeFactor"] as? Double == 1)
    let sizes = try #require(json["sizes"] as? [[String: Any]])
    #expect(sizes.map { $0["bytes"] as? Int } == [1024, 262_144])
    for size in sizes {
      for key in ["reductionMilliseconds", "memcpyMilliseconds", "boundMilliseconds", "allReduceMilliseconds", "speedupOverAllReduce"] {
        #expect((size[key] as? Double ?? 0) > 0, "\(key)")
      }
      let (rate, time) = (size["gigabytesPerSecond"] as? Double ?? 0, size["reductionMilliseconds"] as? Double ?? 0)
      #expect(abs(rate * time * 1e6 - Double(size["bytes"] as? Int ?? 0)) < 1)
    }
    #expect((json["packed"] as? [[String: Any]])?.count == 1)
  }

  @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH")) func sumsAreTimedAsATable() throws {
    let outcome = try Program.run(
      "longtail", ["bench", "comm", "--bytes", "64KiB", "--numbers", "8", "--threads", "1", "--wire-precision", "bfloat16"], ranks: 2)
    try #require(outcome.exitCode == 0, "\(outcome)")
    for text in ["2 ranks on 1 host", "shared window", "64.0 KiB", "MPI_Allreduce", "packed numbers"] {
      #expect(outcome.output.contains(text), "\(text)")
    }
  }

  @Test(arguments: [
    (["bench", "comm"], "there is one rank"),
    (["bench", "comm", "--bytes", "many"], "'many' is not a number of bytes"),
    (["bench", "comm", "--bytes", "2"], "--bytes has 2"),
    (["bench", "comm", "--numbers", "x"], "'x' is not a count"),
    (["bench", "scale", "--ranks", "1"], "several ranks"),
    (["bench", "scale", "--ranks", "100000"], "take turns"),
    (["bench", "scale", "--ranks", "2", "--batch-per-rank", "0"], "--batch-per-rank is 0"),
    (["bench", "scale", "--ranks", "2", "--from", "/nowhere.json"], "cannot read /nowhere.json"),
  ])
  func mistakesAreNamed(arguments: [String], text: String) throws {
    let outcome = try Program.run("longtail", arguments)
    #expect(outcome.exitCode == 64 || outcome.exitCode == 66, "\(outcome)")
    #expect(outcome.errors.contains(text), "\(outcome)")
    #expect(outcome.output.isEmpty)
  }

  @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH")) func scalingIsMeasuredByParts() throws {
    let listed = try Program.run("longtail", ["bench", "scale", "--ranks", "2", "--batch-per-rank", "1", "--dry-run"])
    try #require(listed.exitCode == 0, "\(listed)")
    let commands = listed.output.split(separator: "\n")
    #expect(commands.count == 3)
    #expect(commands[0].contains("-n 1 ") && commands[0].contains("--batch 1 --threads 1"))
    #expect(commands[1].contains("-n 1 ") && commands[1].contains("--batch 2 --threads 2"))
    #expect(commands[2].contains("-n 2 ") && commands[2].contains("--batch 2 --threads 1"))

    try withTemporaryDirectory { directory in
      let tiny = ["bench", "step", "--width", "8", "--size", "64x48", "--algorithms", "direct", "--steps", "2", "--warmup", "1", "--json"]
      var files: [String] = []
      for (ranks, threads, batch) in [(1, 1, 1), (1, 2, 2), (2, 1, 2)] {
        let outcome = try Program.run("longtail", tiny + ["--batch", "\(batch)", "--threads", "\(threads)"], ranks: ranks)
        try #require(outcome.exitCode == 0, "\(outcome)")
        files.append("\(directory)/\(files.count).json")
        try outcome.output.write(toFile: files[files.count - 1], atomically: true, encoding: .utf8)
      }
      let scale = ["bench", "scale", "--ranks", "2", "--batch-per-rank", "1", "--json", "--from"]
      let outcome = try Program.run("longtail", scale + files)
      try #require(outcome.exitCode == 0, "\(outcome)")
      let json = try object(outcome.output)
      for key in ["efficiency", "threadEfficiency", "ranksOverThreads", "reductionShare"] {
        #expect((json[key] as? Double ?? 0) > 0, "\(key)")
      }
      let missing = try Program.run("longtail", scale + files.dropLast())
      #expect(missing.exitCode == 64)
      #expect(missing.errors.contains("--from needs files of all three"))
    }
  }

  @Test func planPredicts() throws {
    try withTemporaryDirectory { directory in
      let configuration = try TinyExperiment.scenes(in: directory)
      let common = ["plan", configuration, "--ranks", "1,2,8,64", "--ranks-per-node", "4", "--threads", "1", "--network", "1G"]
      let outcome = try Program.run("longtail", common + ["--json"])
      try #require(outcome.exitCode == 0, "\(outcome)")
      let json = try object(outcome.output)
      let predictions = try #require(json["predictions"] as? [[String: Any]])
      #expect(predictions.map { $0["ranks"] as? Int } == [1, 2, 8, 64])
      #expect(predictions.map { $0["nodes"] as? Int } == [1, 1, 2, 16])
      #expect(predictions.map { $0["imagesPerRank"] as? Int } == [4, 2, 1, 1])
      for prediction in predictions {
        let parts = ["compute", "node", "network", "packed"].map { prediction["\($0)Milliseconds"] as? Double ?? .nan }
        let step = try #require(prediction["stepMilliseconds"] as? Double)
        #expect(abs(parts.reduce(0, +) - step) < 1e-9 * step)
        #expect((prediction["memoryBytes"] as? Int ?? 0) > 80 << 20)
      }
      #expect(predictions[3]["limit"] as? String == "batch" || predictions[3]["limit"] as? String == "network")
      let table = try Program.run("longtail", common + ["--batch-per-rank", "2", "--set", "engine.wirePrecision=bfloat16"])
      try #require(table.exitCode == 0, "\(table)")
      for text in ["efficiency", "limited by", "bfloat16 on the wire", "memory/rank", "128"] {
        #expect(table.output.contains(text), "\(text): \(table.output)")
      }
    }
  }

  @Test(arguments: [
    (["--ranks", "1,x"], "--ranks is '1,x'"), (["--network", "fast"], "--network is 'fast'"),
    (["--ranks-per-node", "0"], "--ranks-per-node is 0"), (["--step", "/nowhere.json"], "cannot read /nowhere.json"),
    (["--latency=-1"], "--latency is -1"),
  ])
  func mistakesOfPlansAreNamed(arguments: [String], text: String) throws {
    try withTemporaryDirectory { directory in
      let configuration = try TinyExperiment.scenes(in: directory)
      let outcome = try Program.run("longtail", ["plan", configuration] + arguments)
      #expect(outcome.exitCode == 64 || outcome.exitCode == 66, "\(outcome)")
      #expect(outcome.errors.contains(text), "\(outcome)")
    }
  }
}
