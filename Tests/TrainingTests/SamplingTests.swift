import BuiltInTasks
import Collectives
import Configuration
import Datasets
import Foundation
import TestSupport
import Testing
import Training

/// Samplers and divisions of an experiment.
@Suite struct SamplingTests {
  init() throws { try BuiltInParts.register() }

  private func experiment(_ directory: String, _ overrides: [String] = []) throws -> Experiment {
    try Experiment(Configuration.load(TinyExperiment.scenes(in: directory), overrides: overrides))
  }

  @Test func theConfigurationListsAllSamplers() {
    for name in SamplerRegistry.names { #expect(Configuration.reference.contains(name), "\(name)") }
  }

  @Test func withoutASamplerTheOrderIsWhatItWas() throws {
    try withTemporaryDirectory { directory in
      let plain = try experiment(directory, ["seed=5"])
      #expect(try plain.sampler(nil) as? SampleOrder == SampleOrder(seed: 5, count: 12))
      #expect(plain.epochLength == 12 && !plain.needsSampleClasses)
      let statistics = try ClassStatistics.collect(plain, communicator: SingleProcess(), record: nil, threads: 1)
      #expect(statistics.audit.statistics.samples == nil, "nobody needs them")
    }
  }

  @Test(arguments: SamplerRegistry.names) func everySamplerIsMadeFromTheCount(_ name: String) throws {
    try withTemporaryDirectory { directory in
      let settings = name == "weighted" ? ["data.sampler.settings={weights: {Car: 2}}"] : []
      let sampled = try experiment(directory, ["data.sampler.name=\(name)", "data.sampler.length=20"] + settings)
      let record = "\(directory)/label-audit.json"
      let counted = try ClassStatistics.collect(sampled, communicator: SingleProcess(), record: record, threads: 2)
      let kept = try ClassStatistics.collect(sampled, communicator: SingleProcess(), record: record, threads: 1)
      #expect(kept.audit == counted.audit)
      let sampler = try sampled.sampler(kept.audit.statistics.samples)
      #expect(sampler.epochLength == 20 && sampled.epochLength == 20 && sampler.samples(epoch: 1).count == 20)
    }
  }

  /// A count from before there was a sampler is made again.
  @Test func countsWithoutSamplesAreNotEnough() throws {
    try withTemporaryDirectory { directory in
      let record = "\(directory)/label-audit.json"
      let plain = try ClassStatistics.collect(experiment(directory), communicator: SingleProcess(), record: record, threads: 1)
      let sampled = try experiment(directory, ["data.sampler.name=squareRoot"])
      let counted = try ClassStatistics.collect(sampled, communicator: SingleProcess(), record: record, threads: 1)
      let samples = try #require(counted.audit.statistics.samples)
      #expect(samples.totals == plain.audit.statistics.pixels && samples.sampleCounts == plain.audit.statistics.images)
    }
  }

  @Test func mistakesAreToldBeforeAnythingIsRead() throws {
    try withTemporaryDirectory { directory in
      let unknown = longtailError { try experiment(directory, ["data.sampler.name=squareroot"]) }
      #expect(unknown?.code == .usage && unknown?.advice?.contains("squareRoot") == true)
      let setting = longtailError { try experiment(directory, ["data.sampler={name: classAware, settings: {samples: 2}}"]) }
      #expect(setting?.code == .usage && setting?.advice?.contains("samplesPerClass") == true)
      let split = longtailError { try experiment(directory, ["data.split.validation=0.2"]) }
      #expect(split?.code == .usage && split?.message.contains("validation samples of its own") == true)
      let short = longtailError {
        try experiment(directory, ["data.sampler={name: shuffled, length: 3}"]).requireTrainable(globalBatch: 4, dropLast: true)
      }
      #expect(short?.message.contains("an epoch of data.sampler has only 3") == true)
    }
  }
}
