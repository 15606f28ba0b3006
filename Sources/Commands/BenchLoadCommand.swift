import ArgumentParser
import Collectives
import Configuration
import Datasets
import Foundation
import Images
import Reports
import Tensors
import Training

/// `longtail bench load`: how fast one thread makes training images.
struct BenchLoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Times how one loading thread makes the training images of a configuration.",
    discussion: """
      The same images are made in several epochs: in the first they are decoded and resized, in the others they come from the cache and are \
      only varied, as data.augmentation says, and once more without any of it but normalization. A rank that needs b images a step waits for \
      none as long as b times the milliseconds of an image, divided by data.loader.threads, stay below the step's; where ranks use all cores, that time is \
      taken from the step.
      """)

  @Argument(help: "The configuration, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var config: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a key of the configuration; may be repeated.", valueName: "a.b=c"))
  var overrides: [String] = []

  @Option(help: ArgumentHelp("Images that are made.", valueName: "n"))
  var images = 32

  @Option(help: ArgumentHelp("Epochs from the cache.", valueName: "n"))
  var epochs = 8

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func validate() throws {
    if images < 1 { throw ValidationError("--images is \(images), but has to be at least 1.") }
    if !(1...1000).contains(epochs) { throw ValidationError("--epochs is \(epochs), but has to be from 1 to 1000.") }
  }

  func run() throws {
    Job.run { communicator in
      try communicator.requireOneProcess(for: "bench load")
      let input = try TrainingInput(try Configuration.load(config, overrides: overrides), communicator: communicator)
      let samples = input.firstSamples(images)
      let augmented = try milliseconds(input, samples, input.pipeline, size: input.experiment.paddedSize)
      let plain = try milliseconds(
        input, samples, input.experiment.evaluationPipeline, size: input.experiment.paddedEvaluationSize)
      let rows: [(key: String, title: String, values: [Double])] = [
        ("decoded", "decoded, resized, augmented", augmented.first), ("augmented", "from the cache, augmented", augmented.others),
        ("plain", "from the cache, as in evaluation", plain.others),
      ]
      if json {
        var members: [JSONValue.Member] = [.init("images", .int(samples.count)), .init("unit", .string("milliseconds an image"))]
        for row in rows {
          members.append(
            .init(row.key, .members(["median": .double(row.values.median ?? 0), "mean": .double(mean(row.values))])))
        }
        printNow(JSONValue.object(members).pretty)
        return
      }
      var table = TextTable(columns: [.init("image"), .init("median ms", isNumeric: true), .init("mean ms", isNumeric: true)])
      for row in rows {
        table.append([row.title, Formatting.decimals(row.values.median ?? 0, 2), Formatting.decimals(mean(row.values), 2)])
      }
      printNow(
        table.lines.joined(separator: "\n")
          + "\n\n\(Formatting.plural(samples.count, "image")) of \(input.experiment.paddedSize), one thread\n")
    }
  }

  /// Milliseconds of each image: those of the first epoch, and those of the others.
  private func milliseconds(
    _ input: TrainingInput, _ samples: [Int], _ pipeline: any InputPipeline, size: ImageSize
  ) throws -> (first: [Double], others: [Double]) {
    var options = BatchLoader.Options()
    options.cacheBytes = .max
    let loader = try input.loader(of: samples, epochs: epochs + 1, pipeline: pipeline, size: size, options: options)
    defer { loader.stop() }
    var (first, others): ([Double], [Double]) = ([], [])
    var begin = Date()
    while let batch = try loader.next() {
      // The loader is always at work, so that the time between two images is that of one of them.
      let now = Date()
      let time = now.timeIntervalSince(begin) * 1000
      begin = now
      if batch.epoch == 0 { first.append(time) } else { others.append(time) }
      loader.recycle(batch)
    }
    return (first, others)
  }

  /// What a thread needs for an image in the long run; single times are only those between two images, of which some lie ready together.
  private func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }
}
