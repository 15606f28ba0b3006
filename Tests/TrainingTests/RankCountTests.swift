import Foundation
import Tensors
import TestSupport
import Testing

/// The number of ranks changes nothing but the last bits: loss, statistics, gradients and running statistics of one step from a checkpoint.
///
/// Real ranks under `mpirun`, against a bare process.
@Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH: nothing here was tested"))
struct RankCountTests {
  /// The first divides by the ranks, 6 by two of them, 5 by none; of 3 images the last of four ranks gets none.
  private static let batches = [8, 6, 5, 3]
  private static let objectives = [
    "pat": "objective.name=pat",
    "crossEntropy": "objective.name=crossEntropy",
    "homogenizedFeatures": "objective.settings.statistic=features",
    "clamped": "objective.settings.maximumScale=1.5",
  ]

  private static func cases(_ names: [String]) -> [String] {
    names.flatMap { name in
      batches.map { "\(name)-\($0);\(objectives[name] ?? "");training.globalBatch=\($0)" }
    }
  }

  @Test func generatedScenes() throws {
    try withTemporaryDirectory { directory in
      let configuration = try TinyExperiment.scenes(in: directory)
      try expectEqual(configuration, in: directory, Self.cases(["pat", "crossEntropy"]))
    }
  }

  @Test func manyIgnoredPixels() throws {
    try withTemporaryDirectory { directory in
      let configuration = try TinyExperiment.folder(in: directory)
      try expectEqual(configuration, in: directory, Self.cases(["pat", "crossEntropy", "homogenizedFeatures"]))
    }
  }

  @Test func lastBatchOfAnEpoch() throws {
    try withTemporaryDirectory { directory in
      // Steps of 5, 5 and 1 images: four ranks, and three of them without any.
      let configuration = try TinyExperiment.scenes(in: directory, train: 11)
      try expectEqual(
        configuration, in: directory,
        [
          "pat;training.globalBatch=5;training.dropLast=false",
          "clamped;\(Self.objectives["clamped"] ?? "");training.globalBatch=5;training.dropLast=false",
        ])
    }
  }

  @Test func paddedImages() throws {
    try withTemporaryDirectory { directory in
      let configuration = try TinyExperiment.camVid(in: directory)
      try expectEqual(configuration, in: directory, ["camvid;training.globalBatch=5", "small;training.globalBatch=1"], ranks: [2])
    }
  }

  /// Batch norm over each rank's own images is another network: what is compared above would show it.
  @Test func localBatchNormDiffers() throws {
    try withTemporaryDirectory { directory in
      let configuration = try TinyExperiment.scenes(in: directory)
      let outputs = try [1, 2].map { try run(configuration, in: directory, ["local;model.batchNorm=local"], ranks: $0 == 1 ? nil : $0) }
      let comparison = try Comparison("\(outputs[0])/local.safetensors", "\(outputs[1])/local.safetensors")
      #expect(comparison.error("step.loss") > 1e-4)
      #expect(comparison.error("free.losses") > 1e-3)
    }
  }

  private static let freeSteps = 5

  /// Runs the cases in a bare process or under `mpirun`.
  /// - Returns: the directory with a file for each case.
  private func run(_ configuration: String, in directory: String, _ cases: [String], ranks: Int?) throws -> String {
    let output = "\(directory)/\(ranks.map(String.init) ?? "bare")"
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    let outcome = try Program.run(
      "TrainingProbe", [configuration, "\(directory)/checkpoints", output, String(Self.freeSteps)] + cases, ranks: ranks)
    try #require(outcome.exitCode == 0, "\(ranks ?? 0) ranks: \(outcome)")
    return output
  }

  /// Runs the cases in one process, and on each number of ranks; compares.
  private func expectEqual(_ configuration: String, in directory: String, _ cases: [String], ranks: [Int] = [1, 2, 4]) throws {
    let bare = try run(configuration, in: directory, cases, ranks: nil)
    for count in ranks {
      let found = try run(configuration, in: directory, cases, ranks: count)
      for text in cases {
        let name = String(text.split(separator: ";")[0])
        let comparison = try Comparison("\(bare)/\(name).safetensors", "\(found)/\(name).safetensors")
        comparison.expectEqual("\(name) on \(count) ranks", freeSteps: Self.freeSteps)
      }
    }
  }
}

/// What the probe found on one and on another number of ranks.
struct Comparison {
  private let expected: [String: StoredTensor]
  private let found: [String: StoredTensor]

  init(_ expected: String, _ found: String) throws {
    func read(_ path: String) throws -> [String: StoredTensor] {
      Dictionary(try SafetensorsFile(path: path).readAll().map { ($0.name, $0) }) { first, _ in first }
    }
    self.expected = try read(expected)
    self.found = try read(found)
  }

  func expectEqual(_ place: String, freeSteps: Int) {
    let names = (expected.keys.sorted(), found.keys.sorted())
    #expect(names.0 == names.1, "\(place)")
    #expect(error("step.loss") < 1e-5, "\(place): loss \(numbers("step.loss", found))")
    #expect(found["step.validPixels"] == expected["step.validPixels"], "\(place)")
    #expect(found["step.pixelsPerClass"] == expected["step.pixelsPerClass"], "\(place)")
    #expect(error("step.gradientNormPerClass") < 1e-5, "\(place)")
    #expect(error("step.scalePerClass") < 1e-5, "\(place)")
    let gradients = expected.keys.filter { !$0.hasPrefix("step.") && !$0.hasPrefix("free.") }
    let whole = gradients.filter { !$0.contains("running_") }.map { pow(norm($0), 2) }.reduce(0, +).squareRoot()
    #expect(gradients.count > 50, "\(place): \(gradients.count) tensors, norm \(whole)")
    #expect(whole > 1e-3, "\(place): \(gradients.count) tensors, norm \(whole)")
    for name in gradients.sorted() {
      // A gradient that is zero but for rounding has no relative error; there its size counts against the whole.
      let isEqual = error(name) < 1e-4
      let isZero = norm(name) < 1e-6 * whole && difference(name) < 1e-6 * whole
      #expect(
        isEqual || isZero,
        "\(place): \(name) of norm \(norm(name)) is off by \(difference(name)), the whole has norm \(whole)")
    }
    let losses = (expected["free.losses"]?.values.doubles ?? [], found["free.losses"]?.values.doubles ?? [])
    #expect(losses.0.count == freeSteps, "\(place)")
    #expect(losses.1.count == freeSteps, "\(place)")
    for (step, (a, b)) in zip(losses.0, losses.1).enumerated() {
      let error = abs(a - b) / abs(a)
      #expect(error < 2e-4, "\(place): free step \(step + 1)")
    }
    #expect(Set(losses.0).count == freeSteps, "\(place): the steps change something")
    let images = (expected["free.imagesPerRank"]?.values.doubles ?? [], found["free.imagesPerRank"]?.values.doubles ?? [])
    let (one, many) = (images.0.reduce(0, +), images.1.reduce(0, +))
    #expect(one == many, "\(place): images \(images)")
    #expect(images.0.count == 1, "\(place): images \(images)")
  }

  /// The error of all gradients together, relative to their norm.
  var gradientError: Double {
    let names = expected.keys.filter { !$0.hasPrefix("step.") && !$0.hasPrefix("free.") && !$0.contains("running_") }
    let squares = names.reduce(into: (error: 0.0, norm: 0.0)) { sums, name in
      sums.error += pow(difference(name), 2)
      sums.norm += pow(norm(name), 2)
    }
    return (squares.error / squares.norm).squareRoot()
  }

  private func numbers(_ name: String, _ tensors: [String: StoredTensor]) -> [Double] { tensors[name]?.values.doubles ?? [.nan] }

  private func norm(_ name: String) -> Double { numbers(name, expected).reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private func difference(_ name: String) -> Double {
    let (a, b) = (numbers(name, expected), numbers(name, found))
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  func error(_ name: String) -> Double { difference(name) == 0 ? 0 : difference(name) / norm(name) }
}
