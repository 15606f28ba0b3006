import Tensors

extension SamplerEntry {
  static let shuffled = SamplerEntry(
    name: "shuffled", summary: "all samples in an order of chance, each once before any comes again", needsClasses: false
  ) { _, context in
    if context.length == context.sampleCount { return SampleOrder(seed: context.seed, count: context.sampleCount) }
    return try RepeatingSampler(
      seed: context.seed, factors: [Double](repeating: 1, count: context.sampleCount), epochLength: context.length)
  }

  static let weighted = SamplerEntry(
    name: "weighted", summary: "draws with replacement, each sample by the largest weight of its classes",
    settings: [.init(key: "weights", usual: nil, meaning: "mapping from class names to weights of 0 or more; 1 for classes not named")]
  ) { settings, context in
    var weights = [Double](repeating: 1, count: context.classNames.count)
    for (name, value) in try settings.map("weights").sorted(by: { $0.key < $1.key }) {
      guard let index = context.classNames.firstIndex(of: name) else {
        throw LongtailError.unknownName("class in weights", name, known: context.classNames, at: "sampler 'weighted'")
      }
      guard let weight = value.doubleValue, weight.isFinite, weight >= 0 else {
        throw settings.wrong("weights", "has \(value) for \(name), expected a number of 0 or more")
      }
      weights[index] = weight
    }
    let classes = try counted(context)
    return try WeightedSampler(
      seed: context.seed,
      weights: (0..<classes.count).map { sample in classes[sample].map { weights[$0.classIndex] }.max() ?? 1 },
      epochLength: context.length)
  }

  static let classAware = SamplerEntry(
    name: "classAware", summary: "classes in turn, some samples of a class in a row",
    settings: [.init(key: "samplesPerClass", usual: 4, meaning: "samples of a class in a row, 1 or more")]
  ) { settings, context in
    try ClassAwareSampler(
      seed: context.seed, classes: counted(context), samplesPerClass: settings.count("samplesPerClass") ?? 4,
      epochLength: context.length)
  }

  static let classFirst = SamplerEntry(
    name: "classFirst", summary: "draws a class by a power of its number of samples, then one of its samples",
    settings: [
      .init(
        key: "exponent", usual: 0.0, meaning: "of the number of samples: 1 as they are, 0.5 square root, 0 all classes alike, -1 reversed")
    ]
  ) { settings, context in
    try weighted(
      context, ClassWeighting.classFirst(counted(context), exponent: settings.number("exponent", "from -4 to 4") { abs($0) <= 4 }))
  }

  static let squareRoot = SamplerEntry(
    name: "squareRoot", summary: "draws a class by the square root of its number of samples, then one of its samples"
  ) { _, context in try weighted(context, ClassWeighting.classFirst(counted(context), exponent: 0.5)) }

  static let progressive = SamplerEntry(
    name: "progressive", summary: "from all samples alike in the first epoch to all classes alike in the last",
    settings: [.init(key: "epochs", usual: nil, meaning: "epochs from the one end to the other; those of the run when not given")]
  ) { settings, context in
    try ProgressiveSampler(
      seed: context.seed, classes: counted(context), epochs: settings.count("epochs") ?? context.epochs, epochLength: context.length)
  }

  static let repeatFactor = SamplerEntry(
    name: "repeatFactor", summary: "repeats samples that show rare classes, by the rarest of them",
    settings: [
      .init(key: "threshold", usual: 0.001, meaning: "share of the samples below which a class counts as rare, above 0 and up to 1")
    ]
  ) { settings, context in
    let threshold = try settings.number("threshold", "above 0 and at most 1") { $0 > 0 && $0 <= 1 }
    return try RepeatingSampler(
      seed: context.seed, factors: ClassWeighting.repeatFactors(counted(context), threshold: threshold), epochLength: context.length)
  }

  static let balancedCopies = SamplerEntry(
    name: "balancedCopies", summary: "repeats or leaves out samples so that all classes come equally often"
  ) { _, context in
    try RepeatingSampler(seed: context.seed, factors: ClassWeighting.balancedCopies(counted(context)), epochLength: context.length)
  }

  static let effectiveNumber = SamplerEntry(
    name: "effectiveNumber", summary: "draws samples by the inverse effective number of their class",
    settings: [.init(key: "base", usual: 0.9999, meaning: "how slowly further samples of a class count less, from 0 to below 1")]
  ) { settings, context in
    try weighted(
      context,
      ClassWeighting.effectiveNumber(counted(context), base: settings.number("base", "at least 0 and below 1") { $0 >= 0 && $0 < 1 }))
  }

  private static func weighted(_ context: SamplerContext, _ weights: [Double]) throws -> WeightedSampler {
    try WeightedSampler(seed: context.seed, weights: weights, epochLength: context.length)
  }

  /// The classes, which the registry has made sure of.
  private static func counted(_ context: SamplerContext) throws -> SampleClasses {
    guard let classes = context.classes else { throw LongtailError(.internalError, "the classes of the samples were not counted") }
    return classes
  }
}
