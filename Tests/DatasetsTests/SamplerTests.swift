import Datasets
import Images
import Tensors
import TestSupport
import Testing

/// Samples of the three tasks, with long tails: labels of images, pixels by class, and objects, where some images show none.
enum TailedSamples: String, CaseIterable, CustomTestStringConvertible {
  case images, pixels, objects

  var testDescription: String { rawValue }

  var classes: SampleClasses {
    let random = CounterRandom(seed: 5, purpose: .testing, sample: TailedSamples.allCases.firstIndex(of: self) ?? 0)
    /// A class of five, each half as frequent as the one before.
    func drawn(_ place: Int) -> Int { min(4, random.bits(place).leadingZeroBitCount) }
    switch self {
    case .images: return SampleClasses(labels: (0..<150).map(drawn), classCount: 5)
    case .pixels:
      let counts = (0..<90).map { sample in (0..<5).map { $0 <= drawn(sample) ? 1 + random.integer(1000 + 5 * sample + $0, below: 400) : 0 }
      }
      return SampleClasses(counts: counts, classCount: 5)
    case .objects:
      let counts = (0..<120).map { sample in
        (0..<(sample % 9 == 0 ? 0 : 1 + sample % 3)).reduce(into: [Int](repeating: 0, count: 5)) { $0[drawn(4 * sample + $1)] += 1 }
      }
      return SampleClasses(counts: counts, classCount: 5)
    }
  }
}

/// Every sampler of the registry, and what makes its settings matter.
struct SamplerCase: CustomTestStringConvertible {
  var name: String
  var settings: [String: SettingValue] = [:]
  var length: Int?

  var testDescription: String { "\(name) \(settings.isEmpty ? "" : "\(settings)")\(length.map { " of \($0)" } ?? "")" }

  static let all: [SamplerCase] =
    SamplerRegistry.names.map { name in
      switch name {
      case "weighted": SamplerCase(name: name, settings: ["weights": ["b": 3, "e": 10.5, "a": 0.5]])
      case "repeatFactor": SamplerCase(name: name, settings: ["threshold": 0.3])
      case "effectiveNumber": SamplerCase(name: name, settings: ["base": 0.95])
      case "progressive": SamplerCase(name: name, settings: ["epochs": 150])
      default: SamplerCase(name: name)
      }
    } + [
      SamplerCase(name: "classFirst", settings: ["exponent": -0.5]),
      SamplerCase(name: "classAware", settings: ["samplesPerClass": 1], length: 77),
      SamplerCase(name: "repeatFactor", settings: ["threshold": 1], length: 41), SamplerCase(name: "shuffled", length: 64),
    ]

  func make(_ classes: SampleClasses, seed: UInt64 = 3, epochs: Int = 10) throws -> any Sampler {
    try SamplerRegistry.make(
      name, settings: settings,
      context: SamplerContext(
        seed: seed, sampleCount: classes.count, epochLength: length, epochs: epochs, classNames: ["a", "b", "c", "d", "e"], classes: classes
      ))
  }
}

@Suite struct SamplerTests {
  /// Over 200 epochs, within five standard errors: how often each class is shown, and how much of it.
  @Test(arguments: SamplerCase.all, TailedSamples.allCases)
  func classesComeAsOftenAsExpected(_ sampler: SamplerCase, _ samples: TailedSamples) throws {
    let classes = samples.classes
    let made = try sampler.make(classes)
    let epochs = 200
    // For each class how many samples show it, then how much there is of it, less what is expected: each epoch's sum.
    var sums = [[Double]](repeating: [], count: 2 * classes.classCount)
    var largest = [Double](repeating: 1, count: 2 * classes.classCount)
    for epoch in 0..<epochs {
      let drawn = made.samples(epoch: epoch)
      #expect(drawn.count == made.epochLength)
      let expected = made.expectedCopies(epoch: epoch)
      #expect(abs(expected.reduce(0, +) - Double(made.epochLength)) < 1e-6)
      var excess = expected.map { -$0 }
      for sample in drawn { excess[sample] += 1 }
      var epochSums = [Double](repeating: 0, count: sums.count)
      for sample in 0..<classes.count {
        for entry in classes[sample] {
          epochSums[entry.classIndex] += excess[sample]
          epochSums[classes.classCount + entry.classIndex] += excess[sample] * Double(entry.count)
          largest[classes.classCount + entry.classIndex] = max(largest[classes.classCount + entry.classIndex], Double(entry.count))
        }
      }
      for index in sums.indices { sums[index].append(epochSums[index]) }
    }
    for (index, values) in sums.enumerated() {
      let mean = values.reduce(0, +) / Double(epochs)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(epochs - 1)
      // What a round that is not complete at the end may have too few or too many of.
      let remainder = 20 * largest[index] / Double(epochs)
      #expect(abs(mean) <= 5 * (variance / Double(epochs)).squareRoot() + remainder, "class \(index): \(mean)")
    }
  }

  /// What is expected is what differs: a sampler whose expectations were those of the plain order would pass the test above only if it was it.
  @Test func expectedFrequenciesAreNotThoseOfTheData() throws {
    let classes = TailedSamples.images.classes
    let plain = ClassFrequencies(copies: [Double](repeating: 1, count: classes.count), classes: classes)
    for name in SamplerRegistry.names where name != "shuffled" {
      let sampler = try #require(SamplerCase.all.first { $0.name == name })
      let frequencies = ClassFrequencies(of: try sampler.make(classes), epochs: 0..<150, classes: classes)
      #expect(frequencies.shareOfSamples[4] > 1.2 * plain.shareOfSamples[4], "\(name)")
      #expect(abs(frequencies.shares.reduce(0, +) - 1) < 1e-9)
    }
  }

  @Test(arguments: SamplerCase.all) func positionsDoNotDependOnRanks(_ sampler: SamplerCase) throws {
    let classes = TailedSamples.objects.classes
    let made = try sampler.make(classes)
    for (batch, parts) in [(16, 1), (7, 1), (12, 3)] {
      for epoch in [0, 3] {
        let whole = made.samples(epoch: epoch)
        for ranks in 1...4 {
          let division = try BatchDivision(
            sampleCount: made.epochLength, globalBatch: batch, dropLast: false, ranks: ranks, microBatches: parts)
          // Another process has a sampler of its own.
          let samplers = try (0..<ranks).map { _ in try sampler.make(classes) }
          var together: [Int] = []
          for step in 0..<division.stepsPerEpoch {
            let shares = (0..<ranks).map { division.positions(step: step, rank: $0) }
            for part in 0..<parts {
              for rank in 0..<ranks { together += shares[rank][part].map { samplers[rank].samples(epoch: epoch)[$0] } }
            }
          }
          #expect(together == whole, "\(ranks) ranks, batch \(batch)")
        }
      }
    }
  }

  @Test(arguments: SamplerCase.all) func epochsAndSeedsDiffer(_ sampler: SamplerCase) throws {
    let classes = TailedSamples.images.classes
    let made = try sampler.make(classes)
    #expect(made.samples(epoch: 4) == (try sampler.make(classes)).samples(epoch: 4))
    #expect(made.samples(epoch: 4) != made.samples(epoch: 5))
    #expect(made.samples(epoch: 4) != (try sampler.make(classes, seed: 4)).samples(epoch: 4))
  }

  @Test func withoutLengthShuffledIsTheOrderThatThereAlwaysWas() throws {
    let made = try SamplerCase(name: "shuffled").make(TailedSamples.images.classes)
    #expect(made as? SampleOrder == SampleOrder(seed: 3, count: 150))
    // Taken from the order before there were samplers.
    #expect(SampleOrder(seed: 7, count: 10).samples(epoch: 3) == SampleOrder(seed: 7, count: 10).permutation(epoch: 3))
    let random = CounterRandom(seed: 7, purpose: .order, epoch: 3)
    #expect(SampleOrder(seed: 7, count: 10).samples(epoch: 3) == random.permutation(of: 10))
  }

  /// A stretch of rounds has every sample equally often, however epochs are cut.
  @Test func shuffledOfAnotherLengthGoesThroughAllSamples() throws {
    let made = try SamplerCase(name: "shuffled", length: 60).make(TailedSamples.images.classes)
    let drawn = (0..<5).flatMap { made.samples(epoch: $0) }
    #expect(drawn[..<150].sorted() == Array(0..<150) && drawn[150...].sorted() == Array(0..<150))
  }

  @Test func roundsAreRepeatedByFloorOrCeiling() throws {
    let factors = [1, 0.25, 2.5, 1, 3.75, 0, 1.3]
    let sampler = try RepeatingSampler(seed: 1, factors: factors, epochLength: 20)
    #expect(sampler.roundLength == 10)
    var extra = 0
    for round in 0..<300 {
      let drawn = sampler.samples(round: round)
      #expect(drawn.count == 10)
      for (sample, factor) in factors.enumerated() {
        let count = drawn.filter { $0 == sample }.count
        // One more sample fills a round up; most rounds need none: they add up to 9.8.
        #expect(count >= Int(factor) && count <= Int(factor.rounded(.up)) + 1)
        if count > Int(factor.rounded(.up)) { extra += 1 }
      }
    }
    #expect(extra < 80, "with a chance of 0.2 a round has one of chance, which is not always one too many")
  }

  @Test func wrongWeightsAreRefused() {
    for weights in [[1, -1], [0, 0], [1, .nan], [.infinity, 1]] {
      #expect(longtailError { try WeightedSampler(seed: 0, weights: weights, epochLength: 4) }?.code == .usage, "\(weights)")
    }
    #expect(longtailError { try RepeatingSampler(seed: 0, factors: [1e300], epochLength: 4) }?.code == .usage)
    let empty = SampleClasses(labels: [-1, -1], classCount: 2)
    for name in SamplerRegistry.names where !["shuffled", "weighted", "repeatFactor"].contains(name) {
      let error = longtailError {
        try SamplerRegistry.make(
          name, settings: [:],
          context: SamplerContext(seed: 0, sampleCount: 2, epochs: 1, classNames: ["a", "b"], classes: empty))
      }
      #expect(error?.code == .badData, "\(name)")
    }
  }

  @Test func samplesWithoutWeightAreNeverDrawn() throws {
    let sampler = try WeightedSampler(seed: 2, weights: [0, 1, 0, 2, 0, 0], epochLength: 500)
    #expect(Set(sampler.samples(epoch: 0)) == [1, 3])
  }

  @Test func settingsAreChecked() {
    func message(_ name: String, _ settings: [String: SettingValue]) -> String {
      let error = longtailError {
        try SamplerCase(name: name, settings: settings).make(TailedSamples.images.classes)
      }
      return error.map { $0.code == .usage ? "\($0)" : "another error: \($0)" } ?? "none"
    }
    #expect(message("repeatfactor", [:]).contains("Did you mean 'repeatFactor'?"))
    #expect(message("repeatFactor", ["treshold": 0.1]).contains("Did you mean 'threshold'?"))
    #expect(message("repeatFactor", ["threshold": 0]).contains("threshold is 0, it must be greater than 0"))
    #expect(message("repeatFactor", ["threshold": "much"]).contains("expected a number"))
    #expect(message("squareRoot", ["exponent": 1]).contains("has no settings"))
    #expect(message("classAware", ["samplesPerClass": 0]).contains("at least 1"))
    #expect(message("classAware", ["samplesPerClass": 1.5]).contains("expected a whole number"))
    #expect(message("effectiveNumber", ["base": 1]).contains("below 1"))
    #expect(message("weighted", [:]).contains("weights is missing"))
    #expect(message("weighted", ["weights": ["f": 1]]).contains("unknown class in weights 'f'"))
    #expect(message("weighted", ["weights": ["a": -1]]).contains("expected a number of 0 or more"))
  }
}

/// A sampler of somebody else's that does not do what it says.
private struct CarelessSampler: Sampler {
  var sampleCount = 4
  var epochLength = 3
  var drawn = [0, 1, 2]

  func samples(epoch: Int) -> [Int] { drawn }
  func expectedCopies(epoch: Int) -> [Double] { [Double](repeating: 0.75, count: 4) }
}

@Suite struct CarelessSamplerTests {
  @Test func whatASamplerGivesIsLookedAt() throws {
    try SamplerRegistry.requireSamples(of: CarelessSampler(), "careless", count: 4)
    let short = longtailError { try SamplerRegistry.requireSamples(of: CarelessSampler(drawn: [0, 1]), "careless", count: 4) }
    #expect(short?.code == .usage && short?.message == "sampler careless gives 2 samples for an epoch of 3")
    let beyond = longtailError { try SamplerRegistry.requireSamples(of: CarelessSampler(drawn: [0, 4, 1]), "careless", count: 4) }
    #expect(beyond?.code == .usage && beyond?.message == "sampler careless draws sample 4 of 4")
  }

  /// A data set that counts a class which it does not have is refused before the first step.
  @Test func classesThatThereAreNotAreRefused() throws {
    var statistics = LabelStatistics(classCount: 3)
    statistics.samples = SampleClasses(classCount: 3)
    statistics.add(counts: [(class: 2, count: 1), (class: 2, count: 1)], size: ImageSize(width: 4, height: 4), source: "a.png")
    try statistics.validate()
    #expect(statistics.pixels == [0, 0, 2] && statistics.images == [0, 0, 1])
    statistics.add(counts: [(class: 3, count: 1)], size: ImageSize(width: 4, height: 4), source: "b.png")
    let unknown = longtailError { try statistics.validate() }
    #expect(unknown?.code == .badData && unknown?.message.hasPrefix("b.png: label 3 ") == true)
    #expect(statistics.samples?.count == 2 && statistics.imageCount == 2)
  }
}
