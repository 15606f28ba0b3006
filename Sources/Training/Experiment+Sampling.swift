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

  /// A data set whose training samples are divided as `data.split` says. The same on every rank and host: it follows from names and
  /// classes.
  ///
  /// Folds and lists leave validation samples of the data set's own alone: only training samples are divided, and nobody sees the others.
  ///
  /// Cost: nothing to speak of, but a stratified division reads every label file once, in each rank and at each start.
  /// - Throws: `LongtailError` for a division that is not possible, and for labels that cannot be read; with `data.badFiles: skip`, samples
  ///   with such labels count as samples without classes.
  static func divided(
    _ dataset: any SegmentationDataset, by rule: Configuration.Division, _ data: Configuration.DataSet
  ) throws -> any SegmentationDataset {
    // Folds and lists say outright that validation takes place on training samples; a share may be a mistake.
    let leavesOwnValidation = rule.folds != nil || rule.trainList != nil
    if !leavesOwnValidation { try DividedSamples.requireOneSplit(dataset) }
    let names = (0..<dataset.count(of: .train)).map { dataset.identifier(split: .train, index: $0) }
    if let train = rule.trainList, let validation = rule.validationList {
      return try DividedSamples(
        dataset, SampleDivision(samples: names, trainList: train, validationList: validation), leavesOwnValidation: leavesOwnValidation)
    }
    let classes =
      rule.stratified
      ? try SampleClasses(
        countingLabelsOf: dataset, split: .train, threads: max(1, data.loader.threads), skipsUnreadable: data.badFiles == .skip) : nil
    let division = try SampleDivision(
      samples: names, rule: rule.folds.map { .fold(rule.fold ?? 0, of: $0) } ?? .share(rule.validation ?? 0.2), groupBy: rule.groupBy,
      classes: classes, seed: UInt64(bitPattern: Int64(rule.seed)))
    return try DividedSamples(dataset, division, leavesOwnValidation: leavesOwnValidation)
  }

  /// The names of a split's samples, in order, a line each, as lists of samples are read.
  package func list(of split: Split) -> String {
    SampleDivision.list((0..<dataset.count(of: split)).map { dataset.identifier(split: split, index: $0) })
  }
}
