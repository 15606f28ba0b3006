import Collectives
import Objectives
import Tensors
import TestSupport
import Testing

@testable import Training

/// The search for offsets of classes against one that tries everything, and the rows that it looks at.
@Suite(.computePool) struct OffsetSearchTests {
  private static let classes = 5
  private static let images = 6
  private static let rowsPerImage = 700
  /// Class 4 does not occur.
  private static let shares = [0.7, 0.2, 0.07, 0.03]

  private static func label(_ image: Int, _ row: Int) -> Int32 {
    let draw = CounterRandom(seed: 1, purpose: .testing, epoch: image, sample: row).uniform(0)
    if draw > 0.98 { return -1 }
    var sum = 0.0
    for (k, share) in shares.enumerated() {
      sum += share * 0.98
      if draw < sum { return Int32(k) }
    }
    return 0
  }

  /// Scores that favour frequent classes.
  private static func score(_ image: Int, _ row: Int, _ k: Int) -> Float {
    let random = CounterRandom(seed: 2, purpose: .testing, epoch: image, sample: row)
    return Float(random.uniform(k, in: -1...1)) + (Int(label(image, row)) == k ? 0.5 : 0) - 0.4 * Float(k)
  }

  private static var context: ObjectiveContext {
    var counts = [Int64](repeating: 0, count: classes)
    for image in 0..<images {
      for row in 0..<rowsPerImage where label(image, row) >= 0 { counts[Int(label(image, row))] += 1 }
    }
    return ObjectiveContext(classes: classes, pixelCounts: counts, imageCounts: counts, images: Int64(images), seed: 9)
  }

  /// The rows of some images.
  private static func sample(_ chosen: [Int], rows: Int) throws -> ScoreSample {
    var sample = try ScoreSample(of: context, rows: rows)
    for image in chosen {
      let view = RowsView.planes(
        buffer: HostBuffer(floatCount: rowsPerImage * classes), images: 1, rowsPerImage: rowsPerImage, classes: classes)
      view.buffer.withFloats { floats in
        for row in 0..<rowsPerImage {
          for k in 0..<classes { floats[view.index(image: 0, row: row, class: k)] = score(image, row, k) }
        }
      }
      let labels = (0..<rowsPerImage).map { label(image, $0) }
      try labels.withUnsafeBufferPointer { try sample.add(view, labels: $0, samples: [image]) }
    }
    return sample
  }

  /// The mean that the kept rows of a sample have with offsets, by taking each row's best class.
  private static func mean(_ sample: ScoreSample, _ measure: OffsetSearch.Measure, _ offsets: [Float]) -> Double {
    let none = [Int64](repeating: 0, count: classes)
    var (hits, predicted, truth) = (none, none, none)
    for row in 0..<sample.count {
      let values = (0..<classes).map { sample.scores[row * classes + $0] + offsets[$0] }
      let best = values.indices.max { values[$0] < values[$1] } ?? 0
      let (label, weight) = (Int(sample.labels[row]), Int64(sample.strides[Int(sample.labels[row])]))
      predicted[best] += weight
      truth[label] += weight
      if best == label { hits[label] += weight }
    }
    let occurring = (0..<classes).filter { truth[$0] > 0 }
    var sum = 0.0
    for k in occurring {
      let (hit, both) = (Double(hits[k]), Double(truth[k] + predicted[k]))
      switch measure {
      case .jaccard: sum += hit / (both - hit)
      case .dice: sum += 2 * hit / both
      case .recall: sum += hit / Double(truth[k])
      }
    }
    return sum / Double(occurring.count)
  }

  @Test(arguments: OffsetSearch.Measure.allCases) func noOtherOffsetOfASingleClassIsBetter(measure: OffsetSearch.Measure) throws {
    let sample = try Self.sample(Array(0..<Self.images), rows: 2000)
    #expect(sample.strides[0] > 2 && sample.strides[3] == 1)
    var search = OffsetSearch(sample, measure: measure, range: 3, leastRows: 20)
    try search.run(SingleProcess())
    let found = search.offsets
    #expect(abs(try #require(search.before) - Self.mean(sample, measure, Array(repeating: 0, count: Self.classes))) < 1e-12)
    let after = try #require(search.after)
    #expect(abs(after - Self.mean(sample, measure, found)) < 1e-12)
    #expect(try after > #require(search.before) + 0.001)
    for k in 0..<Self.classes - 1 {
      for step in -60...60 {
        var other = found
        other[k] = Float(step) * 3 / 60
        #expect(Self.mean(sample, measure, other) < after + 2e-9, "class \(k) at \(other[k])")
      }
    }
    #expect(found[4] == 0, "a class without rows keeps its score")
    // Rare classes are helped.
    #expect(found[3] > found[0])
  }

  @Test(arguments: [1, 2, 4]) func anyNumberOfRanksFindsTheSame(ranks: Int) throws {
    let whole = try Self.sample(Array(0..<Self.images), rows: 1500)
    var alone = OffsetSearch(whole, measure: .jaccard, range: 2, leastRows: 1)
    try alone.run(SingleProcess())
    let found = try RankGroup.run(ranks) { communicator in
      // The last of four ranks has nothing.
      let own = (0..<Self.images).filter { $0 % min(3, ranks) == communicator.rank }
      var search = OffsetSearch(try Self.sample(own, rows: 1500), measure: .jaccard, range: 2, leastRows: 1)
      try search.run(communicator)
      return (search.offsets, search.after)
    }
    for one in found { #expect(one.0 == alone.offsets && one.1 == alone.after) }
    #expect(alone.offsets.contains { $0 != 0 })
  }

  @Test func classesOfFewRowsKeepTheirScores() throws {
    let sample = try Self.sample(Array(0..<Self.images), rows: 2000)
    var search = OffsetSearch(sample, measure: .jaccard, range: 3, leastRows: 1_000_000)
    try search.run(SingleProcess())
    #expect(search.offsets.allSatisfy { $0 == 0 } && search.before == nil)
    var empty = OffsetSearch(try ScoreSample(of: Self.context, rows: 10), measure: .jaccard, range: 3, leastRows: 0)
    try empty.run(SingleProcess())
    #expect(empty.offsets.allSatisfy { $0 == 0 })
  }

  @Test func rowsAreKeptByClass() throws {
    let sample = try Self.sample(Array(0..<Self.images), rows: 1000)
    let counts = try #require(Self.context.pixelCounts)
    for k in 0..<Self.classes - 1 {
      let kept = sample.labels.count { $0 == Int32(k) }
      #expect(kept <= 350, "a quarter of the rows, and what chance adds")
      let estimate = Double(kept * sample.strides[k])
      #expect(abs(estimate - Double(counts[k])) < 0.2 * Double(counts[k]), "class \(k)")
    }
    // Whatever order they come in, the same rows are kept; and of none, all.
    let backwards = try Self.sample((0..<Self.images).reversed(), rows: 1000)
    #expect(Set(backwards.scores) == Set(sample.scores) && backwards.count == sample.count)
    #expect(try Self.sample(Array(0..<Self.images), rows: 1_000_000).count == Int(counts.reduce(0, +)))
  }

  @Test func whatCannotBeUsedIsLeftOutOrRefused() throws {
    let buffer = HostBuffer(floatCount: 10)
    buffer.withFloats { floats in for place in 0..<10 { floats[place] = place == 3 ? .nan : 1 } }
    let view = RowsView.channelsLast(buffer: buffer, images: 2, rowsPerImage: 1, classes: 5)
    var sample = try ScoreSample(of: Self.context, rows: 1_000_000)
    try [Int32(1), 2].withUnsafeBufferPointer { try sample.add(view, labels: $0, samples: [0, 1]) }
    #expect(sample.labels == [2] && sample.scores == [1, 1, 1, 1, 1])
    try sample.shift(by: [0, 1, 2, 3, 4])
    #expect(sample.scores == [1, 2, 3, 4, 5])
    #expect(longtailError { try sample.shift(by: [0, 1]) }?.message.contains("2 offsets for predictions, but 5 classes") == true)
    let error = longtailError { try [Int32(1)].withUnsafeBufferPointer { try sample.add(view, labels: $0, samples: [0, 1]) } }
    #expect(error?.code == .usage && error?.message.contains("have 1 labels") == true)
    #expect(throws: LongtailError.self) { try ScoreSample(of: ObjectiveContext(classes: 5), rows: 10) }
  }
}
