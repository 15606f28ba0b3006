import Collectives
import Configuration
import Datasets
import Images
import Tensors
import Training

/// What a configuration's training reads, without the network: samples, their classes, the sampler, the pipeline.
struct TrainingInput {
  let experiment: Experiment
  let sampler: any Sampler
  /// The classes of each training sample.
  let classes: SampleClasses
  /// How samples become input, with all that it has to know.
  let pipeline: any InputPipeline

  /// Opens the data and counts its labels.
  /// - Throws: `LongtailError` as training would.
  init(_ configuration: Configuration, communicator: any Communicator) throws {
    experiment = try Experiment.open(configuration, communicator: communicator)
    let statistics = try ClassStatistics.collect(
      experiment, keepsSamples: true, communicator: communicator, record: nil, threads: max(2, configuration.data.loader.threads))
    guard let classes = statistics.audit.statistics.samples else {
      throw LongtailError(.internalError, "the classes of each sample were not counted")
    }
    self.classes = classes
    sampler = try experiment.sampler(classes)
    pipeline = try experiment.trainingPipeline(classes, sampler: sampler)
  }

  /// The first samples of the first epoch, each once.
  func firstSamples(_ count: Int) -> [Int] {
    var chosen: [Int] = []
    for sample in sampler.samples(epoch: 0) where chosen.count < count && !chosen.contains(sample) { chosen.append(sample) }
    return chosen
  }

  /// A loader that gives the same few samples in every epoch, batch by batch of one.
  func loader(
    of samples: [Int], epochs: Int, pipeline: any InputPipeline, size: ImageSize, options: BatchLoader.Options = BatchLoader.Options()
  ) throws -> BatchLoader {
    return try BatchLoader(
      source: .init(
        dataset: experiment.dataset, split: .train, pipeline: pipeline,
        order: ChosenSamples(samples, sampleCount: experiment.dataset.count(of: .train)),
        division: BatchDivision(sampleCount: samples.count, globalBatch: 1, dropLast: false, ranks: 1), rank: 0, height: size.height,
        width: size.width, targets: experiment.targets(ofSize: size)), endEpoch: epochs, options: options)
  }
}

/// A few samples in a given order, the same in every epoch.
private struct ChosenSamples: Sampler {
  let sampleCount: Int
  private let chosen: [Int]

  init(_ chosen: [Int], sampleCount: Int) { (self.chosen, self.sampleCount) = (chosen, sampleCount) }

  var epochLength: Int { chosen.count }
  func samples(epoch: Int) -> [Int] { chosen }
  func expectedCopies(epoch: Int) -> [Double] { (0..<sampleCount).map { chosen.contains($0) ? 1 : 0 } }
}
