import Objectives
import Tensors

/// The layouts in which a head may leave its scores.
enum Layout: String, CaseIterable, Sendable {
  case planes, channelsLast, blocks4, blocks8, blocks16, padded

  /// A view of zeros; the padding of blocks is filled with garbage.
  func view(images: Int, rows: Int, classes: Int) -> RowsView {
    let buffer = HostBuffer(floatCount: max(1, images * rows * (classes + 16)) + 40)
    buffer.withFloats { $0.update(repeating: 12345) }
    switch self {
    case .planes: return .planes(buffer: buffer, offset: 3, images: images, rowsPerImage: rows, classes: classes)
    case .channelsLast: return .channelsLast(buffer: buffer, offset: 5, images: images, rowsPerImage: rows, classes: classes)
    case .blocks4: return .blocked(buffer: buffer, images: images, rowsPerImage: rows, classes: classes, blockSize: 4)
    case .blocks8: return .blocked(buffer: buffer, images: images, rowsPerImage: rows, classes: classes, blockSize: 8)
    case .blocks16: return .blocked(buffer: buffer, images: images, rowsPerImage: rows, classes: classes, blockSize: 16)
    case .padded:  // channels last, with foreign numbers between the rows
      return RowsView(
        buffer: buffer, offset: 1, images: images, rowsPerImage: rows, classes: classes, imageStride: rows * (classes + 3),
        rowStride: classes + 3, classStride: 1, blockSize: classes, blockStride: 0)
    }
  }
}

extension RowsView {
  /// All numbers, row after row.
  var numbers: [Float] {
    get {
      buffer.withFloats { floats in
        (0..<rows).flatMap { r in
          (0..<classes).map { floats[index(image: r / rowsPerImage, row: r % rowsPerImage, class: $0)] }
        }
      }
    }
    nonmutating set {
      buffer.withFloats { floats in
        for r in 0..<rows {
          for k in 0..<classes { floats[index(image: r / rowsPerImage, row: r % rowsPerImage, class: k)] = newValue[r * classes + k] }
        }
      }
    }
  }

  /// All floats of the buffer that belong to no class.
  var foreignNumbers: [Float] {
    let own = Set((0..<rows).flatMap { r in (0..<classes).map { index(image: r / rowsPerImage, row: r % rowsPerImage, class: $0) } })
    return buffer.withFloats { floats in floats.indices.filter { !own.contains($0) }.map { floats[$0] } }
  }
}

/// Rows of logits with labels, as one rank holds them.
struct Batch {
  var images: Int
  var rows: Int
  var classes: Int
  var logits: [Float]
  var labels: [Int32]
  var samples: [Int]
  /// Second labels and their shares, if any.
  var seconds: [Int32]?
  var shares: [Float]?
  var weights: [Float]?
  var denominator = LabelledRows.Weights.Denominator.sum

  /// Scores in -4...4 and labels, of which about every seventh is ignored; class frequencies fall off quickly.
  static func random(images: Int, rows: Int, classes: Int, seed: UInt64 = 1) -> Batch {
    let random = CounterRandom(seed: seed, purpose: .testing)
    let count = images * rows
    let logits = (0..<(count * classes)).map { Float(random.uniform($0, in: -4...4)) }
    let labels = (0..<count).map { i -> Int32 in
      let u = random.uniform(1_000_000 + i)
      return i % 7 == 3 ? -1 : Int32(min(classes - 1, Int(u * u * u * Double(classes))))
    }
    return Batch(images: images, rows: rows, classes: classes, logits: logits, labels: labels, samples: (0..<images).map { 10 + 3 * $0 })
  }

  /// The images of a range.
  subscript(range: Range<Int>) -> Batch {
    let n = range.lowerBound * rows..<range.upperBound * rows
    return Batch(
      images: range.count, rows: rows, classes: classes, logits: Array(logits[n.lowerBound * classes..<n.upperBound * classes]),
      labels: Array(labels[n]), samples: Array(samples[range]), seconds: seconds.map { Array($0[n]) }, shares: shares.map { Array($0[n]) },
      weights: weights.map { Array($0[n]) }, denominator: denominator)
  }

  /// Calls `body` with the rows of a view of the logits.
  func withRows<Result>(_ view: RowsView, gram: [Double]? = nil, _ body: (LabelledRows) throws -> Result) rethrows -> Result {
    try labels.withUnsafeBufferPointer { labels in
      try (seconds ?? []).withUnsafeBufferPointer { seconds in
        try (shares ?? []).withUnsafeBufferPointer { shares in
          try (weights ?? []).withUnsafeBufferPointer { weights in
            var rows = LabelledRows(logits: view, labels: labels, classifierGram: gram)
            if self.seconds != nil { rows.second = .init(labels: seconds, shares: shares) }
            if self.weights != nil { rows.weights = .init(weights, denominator: denominator) }
            return try body(rows)
          }
        }
      }
    }
  }
}

/// What a step gives.
struct Outcome {
  var result: StepResult
  /// Row after row, over all parts.
  var gradient: [Float]
  /// The sums of the last round.
  var packed: [Double]
  /// The sums of all rounds.
  var sums: PackedSums
}

/// One step of an objective over parts, one a rank: each round measured and summed, the result, the gradient, and the commit.
func step(
  _ objectives: [any Objective], _ parts: [Batch], layout: Layout = .planes, gradientLayout: Layout? = nil, epoch: Int = 2,
  gram: [Double]? = nil, commits: Bool = true
) throws -> Outcome {
  let offset = 2
  func add(_ vectors: [[Double]]) -> [Double] { vectors.dropFirst().reduce(vectors.first ?? []) { zip($0, $1).map(+) } }
  let views = parts.map { part in
    let logits = layout.view(images: part.images, rows: part.rows, classes: part.classes)
    logits.numbers = part.logits
    return (logits, (gradientLayout ?? layout).view(images: part.images, rows: part.rows, classes: part.classes))
  }
  func withRows<Result>(_ i: Int, _ body: (LabelledRows) throws -> Result) throws -> Result {
    let needed = try objectives[i].needsClassifierGram ? gram ?? testGram(classes: parts[i].classes) : nil
    return try parts[i].withRows(views[i].0, gram: needed, body)
  }
  var sums = PackedSums()
  for (round, count) in objectives[0].rounds.enumerated() {
    let sum = add(
      try objectives.indices.map { i in
        var packed = Array(repeating: 777.0, count: count + 5)
        try withRows(i) {
          try objectives[i].measure(
            round: round, $0, gradient: views[i].1, earlier: sums, into: &packed, at: offset,
            step: StepContext(epoch: epoch, samples: parts[i].samples))
        }
        return packed
      })
    sums.append(sum[offset..<(offset + count)])
  }
  var results = [StepResult]()
  var gradient = [Float]()
  for (i, objective) in objectives.enumerated() {
    let result = try objective.result(sums, step: StepContext(epoch: epoch))
    try withRows(i) { try objective.complete(gradient: views[i].1, $0, result: result) }
    if commits { try objective.commit(sums, step: StepContext(epoch: epoch)) }
    gradient += views[i].1.numbers
    results.append(result)
  }
  return Outcome(result: results[0], gradient: gradient, packed: Array(sums.rounds.last ?? []), sums: sums)
}

/// All rounds of one rank alone: the result, and the sums.
func allRounds(_ objective: any Objective, _ rows: LabelledRows, gradient: RowsView?, _ context: StepContext) throws
  -> (result: StepResult, sums: PackedSums)
{
  var sums = PackedSums()
  for (round, count) in objective.rounds.enumerated() {
    var packed = Array(repeating: 0.0, count: count)
    try objective.measure(round: round, rows, gradient: gradient, earlier: sums, into: &packed, at: 0, step: context)
    sums.append(packed[...])
  }
  return (try objective.result(sums, step: context), sums)
}

/// The value of an objective that is only looked at, and its sums.
func evaluate(_ objective: any Objective, _ batch: Batch, layout: Layout = .planes, epoch: Int = 2) throws
  -> (result: StepResult, packed: [Double])
{
  let view = layout.view(images: batch.images, rows: batch.rows, classes: batch.classes)
  view.numbers = batch.logits
  let gram = try objective.needsClassifierGram ? testGram(classes: batch.classes) : nil
  let context = StepContext(epoch: epoch, samples: batch.samples, isTraining: false)
  var packed = Array(repeating: 0.0, count: objective.packedCount)
  try batch.withRows(view, gram: gram) {
    try objective.measure(
      round: objective.rounds.count - 1, $0, gradient: nil, earlier: PackedSums(), into: &packed, at: 0, step: context)
  }
  return (try objective.result(PackedSums(packed), step: context), packed)
}

/// A symmetric positive semidefinite matrix.
func testGram(classes: Int) throws -> [Double] {
  let random = CounterRandom(seed: 5, purpose: .testing)
  let weights = (0..<(classes * 4)).map { Float(random.uniform($0, in: -1...1)) }
  return try ClassifierGram.products(weights: weights, classes: classes, features: 4)
}

/// Counts that fall off by three from class to class.
func testContext(classes: Int) -> ObjectiveContext {
  var count = 1_000_000.0
  var counts = [Int64]()
  for _ in 0..<classes {
    counts.append(Int64(count) + 1)
    count /= classes > 20 ? 1.05 : 3
  }
  let images = (0..<classes).map { Int64(max(0, 1000 - 97 * $0)) }
  return ObjectiveContext(classes: classes, pixelCounts: counts, imageCounts: images, images: 1000, seed: 99)
}

/// The largest difference, as a share of the largest number of `expected`.
func relativeError(_ actual: [Float], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  let scale = max(expected.map(abs).max() ?? 0, 1e-30)
  return (zip(actual, expected).map { abs(Double($0) - $1) }.max() ?? 0) / scale
}

/// The largest difference relative to each number.
func isClose(_ actual: [Double], _ expected: [Double], _ tolerance: Double) -> Bool {
  actual.count == expected.count && zip(actual, expected).allSatisfy { abs($0 - $1) <= tolerance * max(1e-6, abs($1)) }
}
