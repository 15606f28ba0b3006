import Datasets
import Tensors
import TestSupport
import Testing

/// Closed forms, compared with what `Oracle/sampling.py` prints.
@Suite struct SamplerOracleTests {
  private let classes = SampleClasses(
    labels: [600, 60, 6, 1].enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element) }, classCount: 4)

  private func shares(_ name: String, _ settings: [String: SettingValue] = [:], epoch: Int = 0) throws -> [Double] {
    let sampler = try SamplerRegistry.make(
      name, settings: settings,
      context: SamplerContext(seed: 1, sampleCount: classes.count, epochs: 5, classNames: ["a", "b", "c", "d"], classes: classes))
    return ClassFrequencies(of: sampler, epochs: epoch..<epoch + 1, classes: classes).shareOfSamples
  }

  private func expectEqual(_ found: [Double], _ expected: [Double], _ what: String) {
    #expect(found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-10 }, "\(what): \(found)")
  }

  @Test func classFirst() throws {
    expectEqual(
      try shares("classFirst", ["exponent": 1]), [0.899550224888, 0.0899550224888, 0.00899550224888, 0.00149925037481], "power 1")
    expectEqual(try shares("squareRoot"), [0.686317023413, 0.217032499093, 0.0686317023413, 0.0280187751525], "power 0.5")
    for name in ["classFirst", "classAware", "balancedCopies"] { expectEqual(try shares(name), [0.25, 0.25, 0.25, 0.25], name) }
    expectEqual(
      try shares("classFirst", ["exponent": -1]), [0.0014064697609, 0.014064697609, 0.14064697609, 0.84388185654], "power -1")
  }

  @Test func progressive() throws {
    let expected = [
      [0.899550224888, 0.0899550224888, 0.00899550224888, 0.00149925037481],
      [0.737162668666, 0.129966266867, 0.0692466266867, 0.0636244377811],
      [0.574775112444, 0.169977511244, 0.129497751124, 0.125749625187],
      [0.412387556222, 0.209988755622, 0.189748875562, 0.187874812594], [0.25, 0.25, 0.25, 0.25],
    ]
    for (epoch, row) in expected.enumerated() { expectEqual(try shares("progressive", epoch: epoch), row, "epoch \(epoch)") }
    expectEqual(try shares("progressive", epoch: 9), expected[4], "after the last")
  }

  @Test func effectiveNumber() throws {
    expectEqual(
      try shares("effectiveNumber", ["base": 0.999]), [0.304779038721, 0.236103907695, 0.229845450817, 0.229271602767], "effective number")
  }

  @Test func repeatFactors() throws {
    let images: [[Int]] = [[0], [0], [0, 1], [0], [0, 2], [], [0], [0], [1], [0, 1, 2, 3]]
    let shown = SampleClasses(counts: images.map { image in (0..<4).map { image.contains($0) ? 3 : 0 } }, classCount: 4)
    let sampler = try SamplerRegistry.make(
      "repeatFactor", settings: ["threshold": 0.5],
      context: SamplerContext(seed: 1, sampleCount: 10, epochs: 5, classNames: ["a", "b", "c", "d"], classes: shown))
    let factors = [
      1, 1, 1.29099444874, 1, 1.58113883008, 1, 1, 1, 1.29099444874, 2.2360679775,
    ]
    let found = try #require(sampler as? RepeatingSampler).factors
    expectEqual(found, factors, "repeat factors")
  }

  @Test func balancedCopies() throws {
    let labels = [14, 5, 1].enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element) }
    let sampler = try SamplerRegistry.make(
      "balancedCopies", settings: [:],
      context: SamplerContext(
        seed: 1, sampleCount: 20, epochs: 5, classNames: ["a", "b", "c"], classes: SampleClasses(labels: labels, classCount: 3)))
    let copies = sampler.expectedCopies(epoch: 0)
    expectEqual([copies[0], copies[14], copies[19]], [0.47619047619, 1.33333333333, 6.66666666667], "copies")
  }

  @Test func classesInTurn() throws {
    let lists = SampleClasses(labels: [0, 0, 0, 0, 0, 1, 1, 2], classCount: 3)
    let plain = try ClassAwareSampler(seed: 0, classes: lists, samplesPerClass: 2, epochLength: 18, isShuffled: false)
    #expect(plain.samples(epoch: 0) == [0, 1, 5, 6, 7, 7, 2, 3, 5, 6, 7, 7, 4, 0, 5, 6, 7, 7])
  }

  /// What the published order promises, over epochs that are cut in the middle of rounds.
  @Test func classesInTurnKeepTheirPromises() throws {
    let lists = SampleClasses(labels: [0, 0, 0, 0, 0, 1, 1, 2, -1], classCount: 4)
    let sampler = try ClassAwareSampler(seed: 8, classes: lists, samplesPerClass: 2, epochLength: 10)
    let order = (0..<60).flatMap { sampler.samples(epoch: $0) }
    var firstClasses = Set<Int>()
    for start in stride(from: 0, to: order.count, by: 6) {
      let labels = order[start..<start + 6].map { lists[$0].first?.classIndex ?? -1 }
      #expect(labels.sorted() == [0, 0, 1, 1, 2, 2] && labels[0] == labels[1] && labels[2] == labels[3])
      firstClasses.insert(labels[0])
    }
    #expect(firstClasses.count == 3, "classes are shuffled")
    var counts = [Int](repeating: 0, count: 9)
    for sample in order {
      counts[sample] += 1
      let ofClass = counts[0..<5]
      #expect((ofClass.max() ?? 0) - (ofClass.min() ?? 0) <= 1 && abs(counts[5] - counts[6]) <= 1)
    }
    #expect(counts[8] == 0, "a sample without a class has no turn")
  }
}
