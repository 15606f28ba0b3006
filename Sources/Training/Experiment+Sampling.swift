import Configuration
import Datasets
import Tensors

extension Experiment {
  /// Samples that make a training epoch: the sampler's length, all training samples without one.
  package var epochLength: Int { configuration.data.sampler?.length ?? dataset.count(of: .train) }

  /// Whether the sampler, the method or the augmentation has to know the classes of each training sample.
  package var needsSampleClasses: Bool {
    if trainingPipeline.needsClasses || method.needsSampleClasses { return true }
    guard let sampler = configuration.data.sampler else { return false }
    // A name that does not exist has been refused.
    return (try? SamplerRegistry.needsClasses(sampler.name)) ?? false
  }

  /// The training pipeline with what it has to know of the samples.
  /// - Parameters:
  ///   - classes: of each training sample, where it needs them.
  ///   - sampler: of the training samples.
  /// - Throws: `LongtailError` for classes that there are not, or samples without classes.
  package func trainingPipeline(_ classes: SampleClasses?, sampler: any Sampler) throws -> any InputPipeline {
    guard trainingPipeline.needsClasses else { return trainingPipeline }
    guard let classes else {
      throw LongtailError(.internalError, "augmentation by classes needs the classes of each sample, which were not counted")
    }
    return try trainingPipeline.informed(of: classes, names: classNames, sampler: sampler)
  }

  /// The sampler of the training samples; without one in the configuration all, each once, in random order.
  /// - Parameter classes: of each training sample, where the sampler needs them.
  /// - Throws: `LongtailError` for settings that cannot work, or samples without classes.
  package func sampler(_ classes: SampleClasses?) throws -> any Sampler {
    let context = samplerContext(classes)
    guard let chosen = configuration.data.sampler else { return SampleOrder(seed: context.seed, count: context.sampleCount) }
    return try SamplerRegistry.make(chosen.name, settings: chosen.settings, context: context)
  }

  /// What samplers of the training samples are made for.
  /// - Parameter classes: of each training sample, where they were counted.
  package func samplerContext(_ classes: SampleClasses?) -> SamplerContext {
    SamplerContext(
      seed: UInt64(bitPattern: Int64(configuration.seed)), sampleCount: dataset.count(of: .train),
      epochLength: configuration.data.sampler?.length, epochs: configuration.training.epochs, classNames: classNames, classes: classes)
  }

  /// The names of a split's samples, in order, a line each, as lists of samples are read.
  package func list(of split: Split) -> String {
    SampleDivision.list((0..<dataset.count(of: split)).map { dataset.identifier(split: split, index: $0) })
  }
}
