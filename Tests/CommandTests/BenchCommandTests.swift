import Foundation
import Tensors
import TestSupport
import Testing
import Training

@Suite(.serialized) struct BenchCommandTests {
  private static let tiny = ["bench", "step", "--width", "8", "--size", "64x48", "--classes", "5", "--steps", "3", "--warmup", "1"]

  private static let keys = [
    "benchmark", "model", "width", "classes", "size", "batch", "objective", "optimizer", "batchNorm", "ranks", "threads", "steps",
    "warmup", "longtail", "oneDNN", "instructionSet", "reduction", "imagesPerSecond", "stepMilliseconds", "phases", "layerKinds",
    "convolutionMilliseconds", "setupMilliseconds", "parameterCount", "parameterBytes", "arenaBytes", "arenaLowerBoundBytes",
    "peakResidentBytes", "residentBytes", "pageFaultsPerStep", "allocationsPerStep", "allocatedBytesPerStep", "heapBytesGrownPerStep",
    "firstLoss", "lastLoss", "parameterDigestBefore", "parameterDigestAfter", "parameterDigestChanged", "copyCount", "copies",
    "weightReorderCount", "weightReorders", "activationReorderCount", "activationReorders", "algorithms", "kernels",
  ]

  private func number(_ object: [String: Any], _ path: String...) throws -> Double {
    var value: Any? = object
    for key in path { value = (value as? [String: Any])?[key] }
    return try #require((value as? NSNumber)?.doubleValue, "\(path)")
  }

  @Test(arguments: ["unet", "segnet"]) func jsonHoldsEverything(model: String) throws {
    let outcome = try Program.run("longtail", BenchCommandTests.tiny + ["--model", model, "--batch", "2", "--threads", "2", "--json"])
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    let json = try jsonObject(outcome.output)
    for key in BenchCommandTests.keys { #expect(json[key] != nil, "\(key)") }
    #expect(json["model"] as? String == model)
    #expect(json["parameterDigestChanged"] as? Bool == true)
    #expect(json["parameterDigestBefore"] as? String != json["parameterDigestAfter"] as? String)
    #expect((json["activationReorders"] as? [Any])?.isEmpty == true)
    #expect(try number(json, "activationReorderCount") == 0)
    let copies = try #require(json["copies"] as? [String])
    #expect(copies.count == Int(try number(json, "copyCount")))
    #expect(try number(json, "threads") == 2)
    #expect(try number(json, "ranks") == 1)

    let median = try number(json, "stepMilliseconds", "median")
    let (least, most) = (try number(json, "stepMilliseconds", "minimum"), try number(json, "stepMilliseconds", "maximum"))
    #expect(least > 0 && least <= median && median <= most)
    let rate = try number(json, "imagesPerSecond")
    #expect(abs(rate * median - 2000) < 1e-6)
    let phases = try #require(json["phases"] as? [String: Double])
    #expect(Set(phases.keys) == ["forward", "objective", "backward", "reduce", "update"])
    #expect(phases.values.allSatisfy { $0 >= 0 })
    #expect(try #require(phases["backward"]) > 0)

    let kinds = try #require(json["layerKinds"] as? [String: [String: Double]])
    var convolutions = 0.0
    for (kind, passes) in kinds where kind == "convolution" || kind == "transposedConvolution" {
      convolutions += passes.values.reduce(0, +)
    }
    #expect(convolutions > 0)
    #expect(abs(try number(json, "convolutionMilliseconds") - convolutions) <= 1e-9 * convolutions)
    #expect(try number(json, "layerKinds", "batchNormalization", "backward") > 0)

    let (arena, parameters) = (try number(json, "arenaBytes"), try number(json, "parameterBytes"))
    #expect(parameters >= 4 * (try number(json, "parameterCount")))
    #expect(arena >= (try number(json, "arenaLowerBoundBytes")))
    let peak = try number(json, "peakResidentBytes", "maximum")
    #expect(peak == (try number(json, "peakResidentBytes", "sum")))
    #expect(peak > arena + 3 * parameters)

    let kernels = try #require(json["kernels"] as? [[String: String]])
    #expect(!kernels.isEmpty)
    for kernel in kernels { #expect(try #require(kernel["implementation"]).hasPrefix("ref") == false) }
    let algorithms = try #require(json["algorithms"] as? [String: [String: String]])
    let inner = try #require(algorithms[model == "unet" ? "down.1.0" : "enc.1.0"])
    #expect(Set(inner.keys) == ["forward", "backwardData", "backwardWeights"])
  }

  @Test func allocationsAreReallyCounted() throws {
    let arguments = BenchCommandTests.tiny + ["--batch", "2", "--threads", "1", "--algorithms", "direct", "--json"]
    let outcome = try Program.run("longtail", arguments)
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    let json = try jsonObject(outcome.output)
    // A step's report alone is several arrays; a step that copied its activations would ask for more than the arena holds.
    #expect(try number(json, "allocationsPerStep") >= 5)
    #expect(try number(json, "allocatedBytesPerStep") < 1_048_576)
    #expect(abs(try number(json, "heapBytesGrownPerStep")) < 65_536)
    let algorithms = try #require(json["algorithms"] as? [String: [String: String]])
    for passes in algorithms.values { #expect(passes.values.allSatisfy { $0 == "direct" }) }
  }

  @Test func tablesAreReadable() throws {
    let outcome = try Program.run("longtail", BenchCommandTests.tiny + ["--batch", "1", "--threads", "1", "--objective", "crossEntropy"])
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    for text in ["unet of width 8", "1 image of 64 x 48", "images/s", "backward", "batchNormalization", "arena", "down.0.0"] {
      #expect(outcome.output.contains(text), "\(text)")
    }
  }

  /// One image for two ranks leaves one of them without any; three cannot be shared evenly.
  @Test(.enabled(if: Program.hasMPI, "mpirun is not installed"), arguments: [1, 3])
  func ranksShareTheBatch(batch: Int) throws {
    let outcome = try Program.run("longtail", BenchCommandTests.tiny + ["--batch", String(batch), "--threads", "1", "--json"], ranks: 2)
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    let json = try jsonObject(outcome.output)
    #expect(try number(json, "ranks") == 2)
    #expect(try number(json, "batch") == Double(batch))
    #expect(json["parameterDigestChanged"] as? Bool == true)
    #expect(try number(json, "peakResidentBytes", "sum") > number(json, "peakResidentBytes", "maximum"))
    #expect(try number(json, "phases", "reduce") > 0)
  }

  @Test(.enabled(if: Program.hasMPI, "mpirun is not installed"))
  func lossDoesNotDependOnTheRanks() throws {
    let arguments = BenchCommandTests.tiny + ["--batch", "4", "--threads", "1", "--algorithms", "direct", "--warmup", "0", "--json"]
    let alone = try jsonObject(Program.run("longtail", arguments).output)
    let together = try jsonObject(Program.run("longtail", arguments, ranks: 2).output)
    #expect(abs(try number(alone, "firstLoss") - number(together, "firstLoss")) < 1e-5)
  }

  @Test(arguments: [
    (["--size", "big"], "WIDTHxHEIGHT"),
    (["--size", "64x"], "WIDTHxHEIGHT"),
    (["--size", "40x64"], "48x64"),
    (["--size", "1600000x16"], "16384"),
    (["--model", "unett"], "'unet'"),
    (["--objective", "patt"], "'pat'"),
    (["--optimizer", "adm"], "'adam'"),
    (["--algorithms", "dirct"], "'direct'"),
    (["--width", "7"], "multiple of 8"),
    (["--classes", "1"], "--classes is 1"),
    (["--batch", "0"], "--batch is 0"),
    (["--steps", "0"], "--steps is 0"),
    (["--warmup=-1"], "--warmup is -1"),
    (["--threads", "0"], "--threads is 0"),
    (["--set", "training.epochs=3"], "'training'"),
    (["--set", "model.batchNorm=lokal"], "`local`"),
  ])
  func mistakesAreNamed(arguments: [String], text: String) throws {
    let outcome = try Program.run("longtail", ["bench", "step"] + arguments)
    #expect(outcome.exitCode == LongtailError.Code.usage.rawValue)
    #expect(outcome.errors.contains(text), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test func settingsReachTheStep() throws {
    var options = StepBenchmark.Options()
    try options.apply(overrides: ["model.batchNorm=local", "objective.name=focal"])
    #expect(options.configuration.model.batchNorm == .local)
    #expect(options.configuration.objective.name == "focal")
  }
}
