import Datasets
import Images
import Tasks
import Tensors
import Testing

@testable import Recognition

/// Ranks whose tallies stand in one place: sums and bytes of all of them, as every rank gets them.
private struct Ranks: TallyGroup {
  let sums: [[Int64]]
  let bytes: [[UInt8]]
  private final class Place { var next = 0 }
  private let place = Place()

  init(sums: [[Int64]], bytes: [[UInt8]]) { (self.sums, self.bytes) = (sums, bytes) }

  func sum(_ values: inout [Int64]) throws {
    values = sums[place.next]
    place.next += 1
  }
  func sum(_ values: inout [Double]) throws { Issue.record("there are no fractions to sum") }
  func gather(_ own: [UInt8]) throws -> [[UInt8]] { bytes }
}

/// Notes what a rank gives, and changes nothing.
private final class Recorder: TallyGroup {
  var sums: [[Int64]] = []
  var bytes: [UInt8] = []
  func sum(_ values: inout [Int64]) throws { sums.append(values) }
  func sum(_ values: inout [Double]) throws { Issue.record("there are no fractions to sum") }
  func gather(_ own: [UInt8]) throws -> [[UInt8]] {
    bytes = own
    return [own]
  }
}

/// The tally of an evaluation: batches on ranks, scores, and what explains them.
@Suite struct SplitTallyTests {
  private static let perClass = 6

  private func images(classes: Int) throws -> LabelledImages {
    try GlyphDataset.make(classCount: classes, imbalance: 100, largest: 300, validation: 0, test: Self.perClass)
  }

  private func context(_ images: LabelledImages) throws -> TallyContext {
    let size = ImageSize(width: 8, height: 8)
    return TallyContext(
      split: .test, groups: ClassGroups(counts: images.classCounts(of: .train).map(Int64.init), moreThan: 100, fewerThan: 20),
      imageSize: size,
      paddedSize: size, pipeline: AugmentationPipeline(), comparesAtOwnSize: false)
  }

  /// Scores of the classes for a sample, which most often speak for the class `sample % classes`.
  private func logits(_ samples: Range<Int>, classes: Int) -> RowsView {
    let buffer = HostBuffer(floatCount: samples.count * classes)
    buffer.withFloats { floats in
      for (place, sample) in samples.enumerated() {
        let random = CounterRandom(seed: 4, purpose: .testing, epoch: 0, sample: sample)
        for k in 0..<classes { floats[place * classes + k] = Float(random.uniform(k)) + (k == sample % classes ? 0.5 : 0) }
      }
    }
    return .channelsLast(buffer: buffer, images: samples.count, rowsPerImage: 1, classes: classes)
  }

  private func batch(_ samples: Range<Int>, classes: Int) throws -> Batch {
    let batch = Batch(noiseCapacity: samples.count, height: 8, width: 8, rowsPerImage: 1)
    try batch.fillWithNoise(samples: samples, step: 0, classes: classes, ignoredShare: 0, seed: 3)
    return batch
  }

  private func tally(_ parts: [Range<Int>], _ images: LabelledImages) throws -> SplitTally {
    var tally = SplitTally(try context(images), images: images)
    for part in parts {
      let rows = logits(part, classes: images.classes.count)
      try tally.add(try batch(part, classes: images.classes.count), NetworkOutputs { _ in rows })
    }
    return tally
  }

  @Test func scoresAreThoseOfTheCounts() throws {
    let images = try images(classes: 10)
    let all = 0..<images.count(of: .test)
    var single = try tally([all], images)
    try single.reduce(over: Recorder())
    let evaluation = try single.evaluation()

    var counts = RecognitionTally(classCount: 10)
    try counts.add(logits(all, classes: 10), labels: try batch(all, classes: 10).targets.withRows { Array($0.labels) })
    let frequencies = try ClassFrequencyGroups(counts: images.classCounts(of: .train))
    let expected = RecognitionScores(counts, frequencies: frequencies)
    #expect(single.counts == counts)
    #expect(evaluation.scores.value(of: "accuracy") == expected.accuracy)
    #expect(evaluation.scores.value(of: "accuracy.lowerThird") == expected.groups[.lowerThird])
    #expect(evaluation.scores.value(of: "accuracy.few") == expected.groups[.few])
    #expect(evaluation.scores.value(of: "calibrationError") == expected.calibrationError)
    let against = try #require(expected.frequencyFigure(counts: images.classCounts(of: .train)))
    #expect(evaluation.figures == [against, expected.calibrationFigure])
    #expect(evaluation.classes.map(\.count) == counts.images.map(Int.init))
    #expect(evaluation.confusions?.totals == counts.images)
    let most = try #require(expected.confusions(1).first)
    #expect(evaluation.classes[most.truth].takenFor.contains { $0.index == most.prediction && $0.count == most.images })
    // An image's score is the probability of its own class.
    let labels = try batch(all, classes: 10).targets.withRows { Array($0.labels) }
    for index in [0, 7, all.count - 1] {
      let rows = logits(index..<index + 1, classes: 10)
      let row = rows.buffer.withFloats { Array($0.prefix(10)) }
      let probability = TopClasses(logits: row, count: 10).candidates.first { $0.label == Int(labels[index]) }?.probability
      let image = evaluation.images[index]
      #expect(abs((image.value ?? -1) - (probability ?? -2)) < 1e-9 && image.index == index && image.count == 1)
    }
    #expect(evaluation.images.reduce(0) { $0 + $1.correctCount } == Int(counts.correct.reduce(0, +)))
  }

  @Test(arguments: [2, 3]) func ranksAndBatchesDoNotMatter(ranks: Int) throws {
    let images = try images(classes: 10)
    let count = images.count(of: .test)
    var whole = try tally([0..<count], images)
    try whole.reduce(over: Recorder())
    let expected = try whole.evaluation()
    // The last rank has no image; the others have batches of different sizes.
    let parts = (0..<ranks).map { rank -> [Range<Int>] in
      if rank == ranks - 1 { return [] }
      let own = BatchDivision.shard(of: count, ranks: ranks - 1, rank: rank)
      return [own.lowerBound..<own.lowerBound + 5, own.lowerBound + 5..<own.upperBound]
    }
    let recorders = try parts.map { part -> Recorder in
      let recorder = Recorder()
      var own = try tally(part, images)
      try own.reduce(over: recorder)
      return recorder
    }
    let sums = recorders[0].sums.indices.map { place in
      recorders.map { $0.sums[place] }.reduce([Int64](repeating: 0, count: recorders[0].sums[place].count)) { zip($0, $1).map { $0 + $1 } }
    }
    for part in parts {
      var own = try tally(part, images)
      try own.reduce(over: Ranks(sums: sums, bytes: recorders.map(\.bytes)))
      let evaluation = try own.evaluation()
      #expect(evaluation.scores == expected.scores && evaluation.classes == expected.classes)
      #expect(evaluation.images == expected.images && evaluation.confusions == expected.confusions)
    }
  }

  @Test func otherRowsAreRefused() throws {
    let images = try images(classes: 10)
    var tally = SplitTally(try context(images), images: images)
    let rows = logits(0..<4, classes: 10)
    #expect(throws: LongtailError.self) { try tally.add(batch(0..<3, classes: 10), NetworkOutputs { _ in rows }) }
    let others = logits(0..<3, classes: 9)
    #expect(throws: LongtailError.self) { try tally.add(batch(0..<3, classes: 9), NetworkOutputs { _ in others }) }
  }

  /// A broken network is never right, and its images have no certainty.
  @Test func scoresThatAreNoNumbersAreWrong() throws {
    let images = try images(classes: 10)
    let buffer = HostBuffer(floatCount: 20)
    buffer.withFloats { floats in for k in 0..<20 { floats[k] = k == 3 ? .nan : Float(k) } }
    let rows = RowsView.channelsLast(buffer: buffer, images: 2, rowsPerImage: 1, classes: 10)
    var tally = SplitTally(try context(images), images: images)
    try tally.add(batch(0..<2, classes: 10), NetworkOutputs { _ in rows })
    let evaluation = try tally.evaluation()
    #expect(evaluation.images[0].value == 0 && evaluation.images[0].correctCount == 0)
    #expect(evaluation.images[2].value == nil && evaluation.images[2].count == 0)
  }
}
