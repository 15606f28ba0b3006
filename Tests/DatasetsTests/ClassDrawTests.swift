import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ClassDrawTests {
  /// Six samples with several classes; nobody shows class 4.
  private let classes = SampleClasses(
    counts: [[900, 50, 0, 0, 0], [950, 0, 0, 0, 0], [700, 0, 30, 0, 0], [800, 40, 10, 5, 0], [900, 0, 0, 0, 0], [850, 60, 0, 0, 0]],
    classCount: 5)

  /// DAFormer's rule, as its paper writes it: a softmax over (1 - f) / T.
  private func softmax(_ totals: [Double], temperature: Double) -> [Double] {
    let all = totals.reduce(0, +)
    let weights = totals.map { $0 > 0 ? exp((1 - $0 / all) / temperature) : 0 }
    return weights.map { $0 / weights.reduce(0, +) }
  }

  @Test(arguments: [0.01, 0.1, 1.0]) func chancesByTemperatureAreASoftmaxOverTheSharesLeft(temperature: Double) {
    let draw = ClassDraw(temperature: temperature, classes: classes)
    let expected = softmax([5100, 150, 40, 5, 0], temperature: temperature)
    #expect(zip(draw.chances, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(draw.chances) \(expected)")
    #expect(draw.chances[4] == 0)
    // A share of all so large that the naive exponent would overflow.
    let cold = ClassDraw(temperature: 1e-4, classes: classes)
    #expect(cold.chances.allSatisfy(\.isFinite) && abs(cold.chances[3] - 1) < 1e-12)
  }

  @Test func classesOfDrawnSamplesFollowFromTheSampler() throws {
    for draw in [ClassDraw(temperature: 0.1, classes: classes), ClassDraw(alike: classes)] {
      let length = 200_000
      let sampler = try WeightedSampler(seed: 3, draw: draw, epochLength: length)
      #expect(sampler.classDraw == draw)
      let random = CounterRandom(seed: 4, purpose: .testing)
      var pairs = [[Int]](repeating: [Int](repeating: 0, count: 6), count: 5)
      for (place, sample) in sampler.samples(epoch: 0).enumerated() {
        let chosen = try #require(draw.classIndex(ofSample: sample, uniform: random.uniform(place)))
        pairs[chosen][sample] += 1
      }
      let counts = classes.sampleCounts
      for index in 0..<5 {
        for sample in 0..<6 {
          let shows = classes[sample].contains { $0.classIndex == index }
          let chance = shows ? draw.chances[index] / Double(counts[index]) : 0
          let deviation = (Double(length) * chance * (1 - chance)).squareRoot()
          #expect(abs(Double(pairs[index][sample]) - Double(length) * chance) <= 4.5 * deviation, "class \(index) sample \(sample)")
        }
      }
    }
  }

  @Test func pairsHaveTheSameChances() throws {
    let draw = ClassDraw(weights: [1, 2, 0, 3, 7], classes: classes)
    let expected: [Double] = [1.0 / 6, 2.0 / 6, 0, 3.0 / 6, 0]
    #expect(draw.chances == expected)
    let random = CounterRandom(seed: 9, purpose: .testing)
    var found = [Int](repeating: 0, count: 5)
    for place in 0..<30_000 {
      let pair = try #require(draw.pair(uniform: random.uniform(2 * place)) { random.integer(2 * place + 1, below: $0) })
      #expect(classes[pair.sample].contains { $0.classIndex == pair.classIndex })
      found[pair.classIndex] += 1
    }
    for (count, chance) in zip(found, draw.chances) { #expect(abs(Double(count) - 30_000 * chance) < 350) }
    #expect(ClassDraw(weights: [0, 0, 0, 0, 1], classes: classes).pair(uniform: 0.3, integer: { _ in 0 }) == nil)
    #expect(draw.classIndex(ofSample: 2, uniform: 0.999) == 0, "class 2 may not be drawn")
  }

  @Test func samplesThatShowTooLittleAreDrawnForOtherClasses() {
    let kept = classes.keeping(atLeast: 20)
    #expect(kept.sampleCounts == [6, 3, 1, 1, 0], "class 3 is nowhere larger than 5 and stays")
    let draw = ClassDraw(temperature: 0.01, classes: classes, smallest: 20)
    // The chances are those of all pixels.
    #expect(zip(draw.chances, softmax([5100, 150, 40, 5, 0], temperature: 0.01)).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(draw.sampleChances[3] > draw.chances[3] && abs(draw.sampleChances.reduce(0, +) - 1) < 1e-12)
  }

  @Test func theSamplerIsRegisteredAndClassFirstOnesSayHowTheyDraw() throws {
    let context = SamplerContext(
      seed: 1, sampleCount: 6, epochLength: 4000, epochs: 3, classNames: ["a", "b", "c", "d", "e"], classes: classes)
    let sampler = try SamplerRegistry.make("rareClass", settings: ["temperature": .double(0.05), "smallest": .int(20)], context: context)
    #expect(sampler.classDraw == ClassDraw(temperature: 0.05, classes: classes, smallest: 20))
    let copies = sampler.expectedCopies(epoch: 0)
    var counts = [Double](repeating: 0, count: 6)
    for sample in sampler.samples(epoch: 0) { counts[sample] += 1 }
    #expect(zip(copies, counts).allSatisfy { abs($0 - $1) < 4.5 * max(1, $0).squareRoot() })
    for name in ["classFirst", "squareRoot", "classAware", "effectiveNumber"] {
      let made = try SamplerRegistry.make(name, settings: [:], context: context)
      let draw = try #require(made.classDraw, "\(name)")
      let expected = draw.sampleChances.map { 4000 * $0 }
      #expect(zip(made.expectedCopies(epoch: 0), expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(name)")
    }
    for name in ["shuffled", "repeatFactor", "progressive", "balancedCopies"] {
      #expect(try SamplerRegistry.make(name, settings: [:], context: context).classDraw == nil, "\(name)")
    }
    let error = longtailError {
      try SamplerRegistry.make("rareClass", settings: ["temperature": .double(0)], context: context)
    }
    #expect(error?.code == .usage)
  }
}
