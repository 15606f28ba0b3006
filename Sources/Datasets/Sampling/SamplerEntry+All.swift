import Settings
import Tensors

extension SamplerEntry {
  static let shuffled = SamplerEntry(
    RegistryEntry(
      "shuffled", summary: "all samples in random order, each once before any comes again",
      about: "What an epoch is without a sampler: every sample once, in a new order each time."
    ) { _, context in
      if context.length == context.sampleCount { return SampleOrder(seed: context.seed, count: context.sampleCount) }
      return try RepeatingSampler(
        seed: context.seed, factors: [Double](repeating: 1, count: context.sampleCount), epochLength: context.length)
    }, needsClasses: false)

  /// Settings of `weighted`.
  struct Weights: Section {
    var weights: [String: SettingValue] = [:]

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.requiredKey(
        "weights", &weights, "a mapping from class names to weights of 0 or more; 1 for classes that are not named", .weights)
    }
  }

  static let weighted = SamplerEntry(
    RegistryEntry(
      "weighted", summary: "draws with replacement, each sample by the largest weight of its classes",
      about: "Each position is drawn by itself, so that a sample may come several times or not at all.", settings: Weights()
    ) { settings, context in
      var weights = [Double](repeating: 1, count: context.classNames.count)
      for (name, value) in settings.weights.sorted(by: { $0.key < $1.key }) {
        guard let index = context.classNames.firstIndex(of: name) else {
          throw LongtailError.unknownName("class in weights", name, known: context.classNames, at: "sampler weighted")
        }
        weights[index] = value.doubleValue ?? 1
      }
      let classes = try counted(context)
      return try WeightedSampler(
        seed: context.seed,
        weights: (0..<classes.count).map { sample in classes[sample].map { weights[$0.classIndex] }.max() ?? 1 },
        epochLength: context.length)
    })

  /// Settings of `classAware`.
  struct Rounds: Section {
    var samplesPerClass = 4

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("samplesPerClass", &samplesPerClass, "samples of a class in a row", .atLeast(1))
    }
  }

  static let classAware = SamplerEntry(
    RegistryEntry(
      "classAware", summary: "classes in turn, some samples of a class in a row",
      about: "Every round shows all classes equally often, and goes through a class's samples before one comes again.",
      source: "Shen, Lin, Huang, ECCV 2016, arXiv:1512.05830", settings: Rounds()
    ) { settings, context in
      try ClassAwareSampler(
        seed: context.seed, classes: counted(context), samplesPerClass: settings.samplesPerClass, epochLength: context.length)
    })

  /// Settings of `classFirst`.
  struct Power: Section {
    var exponent = 0.0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key(
        "exponent", &exponent, "of the number of samples: 1 as they are, 0.5 square root, 0 all classes alike, -1 reversed", .between(-4, 4)
      )
    }
  }

  static let classFirst = SamplerEntry(
    RegistryEntry(
      "classFirst", summary: "draws a class by a power of its number of samples, then one of its samples",
      about: "The exponent leads from the data's own frequencies to all classes alike, and beyond to reversed ones.",
      source: "Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, ICLR 2020, arXiv:1910.09217", settings: Power()
    ) { settings, context in
      try weighted(context, ClassWeighting.classFirst(counted(context), exponent: settings.exponent))
    })

  static let squareRoot = SamplerEntry(
    RegistryEntry(
      "squareRoot", summary: "draws a class by the square root of its number of samples, then one of its samples",
      about: "Half way between the data's own frequencies and all classes alike: classFirst with exponent 0.5.",
      source: "Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, ICLR 2020, arXiv:1910.09217"
    ) { _, context in try weighted(context, ClassWeighting.classFirst(counted(context), exponent: 0.5)) })

  /// Settings of `progressive`.
  struct Span: Section {
    var epochs: Int?

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey("epochs", &epochs, "epochs from the one end to the other; those of the run when not given", .atLeast(1))
    }
  }

  static let progressive = SamplerEntry(
    RegistryEntry(
      "progressive", summary: "from all samples alike in the first epoch to all classes alike in the last",
      about: "Features are learned from the data as it is; the classes are brought to balance bit by bit.",
      source: "Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, ICLR 2020, arXiv:1910.09217", settings: Span()
    ) { settings, context in
      try ProgressiveSampler(
        seed: context.seed, classes: counted(context), epochs: settings.epochs ?? context.epochs, epochLength: context.length)
    })

  /// Settings of `rareClass`.
  struct Temperature: Section {
    var temperature = 0.01
    var smallest = 1

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("temperature", &temperature, "the larger, the more all classes are alike", .above(0))
      visitor.key("smallest", &smallest, "how much of a class a sample has to show to be drawn for it, such as pixels", .atLeast(1))
    }
  }

  static let rareClass = SamplerEntry(
    RegistryEntry(
      "rareClass", summary: "draws a class by its share of all that is labelled, rare ones first, then one of its samples",
      about:
        "Goes by pixels, not by samples, which tells classes apart that every image shows. With data.augmentation.classCrop, crops show the class.",
      source: "Hoyer, Dai, Van Gool, CVPR 2022, arXiv:2111.14887", settings: Temperature()
    ) { settings, context in
      let classes = try counted(context)
      try ClassWeighting.requireClasses(classes.sampleCounts)
      return try weighted(context, ClassDraw(temperature: settings.temperature, classes: classes, smallest: settings.smallest))
    })

  /// Settings of `repeatFactor`.
  struct Rarity: Section {
    var threshold = 0.001

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("threshold", &threshold, "share of the samples below which a class counts as rare", .above(0), .between(0, 1))
    }
  }

  static let repeatFactor = SamplerEntry(
    RegistryEntry(
      "repeatFactor", summary: "repeats samples that show rare classes, by the rarest of them",
      about: "A sample comes sqrt(threshold / share) times as often, by its rarest class, and never less than once.",
      source: "Gupta, Dollár, Girshick, CVPR 2019, arXiv:1908.03195", settings: Rarity()
    ) { settings, context in
      try RepeatingSampler(
        seed: context.seed, factors: ClassWeighting.repeatFactors(counted(context), threshold: settings.threshold),
        epochLength: context.length)
    })

  static let balancedCopies = SamplerEntry(
    RegistryEntry(
      "balancedCopies", summary: "repeats or leaves out samples so that all classes come equally often",
      about: "Samples of rare classes are repeated and some of frequent classes left out, in rounds rather than by single draws."
    ) { _, context in
      try RepeatingSampler(seed: context.seed, factors: ClassWeighting.balancedCopies(counted(context)), epochLength: context.length)
    })

  /// Settings of `effectiveNumber`.
  struct Base: Section {
    var base = 0.9999

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key(
        "base", &base, "b of the effective number (1 - b^n) / (1 - b): how slowly further samples count less", .between(0, below: 1))
    }
  }

  static let effectiveNumber = SamplerEntry(
    RegistryEntry(
      "effectiveNumber", summary: "draws samples by the inverse effective number of their class",
      about: "A class weighs the inverse of its effective number of samples, which stops growing where further samples show nothing new.",
      source: "Cui, Jia, Lin, Song, Belongie, CVPR 2019, arXiv:1901.05555", settings: Base()
    ) { settings, context in try weighted(context, ClassWeighting.effectiveNumber(counted(context), base: settings.base)) })

  private static func weighted(_ context: SamplerContext, _ draw: ClassDraw) throws -> WeightedSampler {
    try WeightedSampler(seed: context.seed, draw: draw, epochLength: context.length)
  }

  /// The classes, which the registry has made sure of.
  private static func counted(_ context: SamplerContext) throws -> SampleClasses {
    guard let classes = context.classes else { throw LongtailError(.internalError, "the classes of the samples were not counted") }
    return classes
  }
}

extension Check where Value == [String: SettingValue] {
  /// Every value of a mapping is a number of 0 or more.
  fileprivate static var weights: Check {
    Check { weights in
      for (name, value) in weights.sorted(by: { $0.key < $1.key }) {
        guard let weight = value.doubleValue, weight.isFinite, weight >= 0 else {
          return "with \(value) for \(name), expected a number of 0 or more"
        }
      }
      return nil
    }
  }
}
