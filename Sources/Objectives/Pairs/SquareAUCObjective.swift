import Tensors

/// The square AUC loss; see `SquareAUCLoss`.
///
/// Rounds: C sums of the rows' weights; 2C first moments, of own rows and of the rows of other classes, these divided by their class's n;
/// C zeros, C pixels, C squared gradient norms and all 4C moments, from which `result` makes the loss.
final class SquareAUCObjective: TermObjective {
  let name: String
  private let classes: Int
  private let margin: Double
  private let momentsPass = RowPass()
  private let gradientPass = RowPass()
  private let scaler = RowScaler()
  private var second = GradientPlanes()
  private var shareMemory = WorkingMemory()
  private var slopeMemory = WorkingMemory()

  init(name: String, classes: Int, margin: Double) {
    self.name = name
    self.classes = classes
    self.margin = margin
  }

  var rounds: [Int] { [classes, 2 * classes, 7 * classes] }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes, packed, at: offset, round: round)
    for slot in 0..<rounds[round] { packed[offset + slot] = 0 }
    if round == 0 { return count(rows, into: &packed, at: offset) }
    let weights = try sums(of: 0, in: earlier, step: step)
    guard let shares = shareMemory.floats(shares(weights)) else {
      throw LongtailError(.internalError, "objective \(name): no working memory")
    }
    if round == 1 {
      return try addMoments(rows, shares: shares) { sums in
        for k in 0..<classes {
          packed[offset + k] += sums[k]
          packed[offset + classes + k] += sums[2 * classes + k]
        }
      }
    }
    let moments = try sums(of: 1, in: earlier, step: step)
    guard let slopes = slopeMemory.floats(slopes(weights, moments)) else {
      throw LongtailError(.internalError, "objective \(name): no working memory")
    }
    func add(_ sums: UnsafeMutableBufferPointer<Double>) {
      for slot in sums.indices { packed[offset + classes + slot] += sums[slot] }
    }
    try rows.forEachPart(gradient: gradient, second: &second) { part, target in
      let kernel = SquareAUCGradientKernel(classes: classes, shares: shares, slopes: slopes)
      try gradientPass.run(kernel, source: rows.logits, target: target, labels: rows.labels, part: part, add)
    }
  }

  /// The sums of an earlier round; nil in evaluation.
  private func sums(of round: Int, in earlier: PackedSums, step: StepContext) throws -> ArraySlice<Double>? {
    guard step.isTraining else { return nil }
    guard earlier.rounds.count > round, earlier.rounds[round].count == rounds[round] else {
      throw LongtailError(.internalError, "objective \(name): a training step without the sums of its round \(round)")
    }
    return earlier.rounds[round]
  }

  /// Sums up the weights of each class's rows. Labels that are no class are left to the next round to refuse.
  private func count(_ rows: LabelledRows, into packed: inout [Double], at offset: Int) {
    for part in rows.parts {
      for row in 0..<rows.logits.rows {
        let entry = part.entry(at: row)
        if entry.label >= 0, Int(entry.label) < classes { packed[offset + Int(entry.label)] += Double(entry.weight) }
      }
    }
  }

  private func addMoments(
    _ rows: LabelledRows, shares: UnsafePointer<Float>, _ body: (UnsafeMutableBufferPointer<Double>) -> Void
  ) throws {
    try rows.forEachPart { part in
      let kernel = SquareAUCMomentsKernel(classes: classes, shares: shares)
      try momentsPass.run(kernel, source: rows.logits, target: nil, labels: rows.labels, part: part, body)
    }
  }

  /// What a row counts for other classes: 1 / n of its own; 1 where counts are not known.
  private func shares(_ weights: ArraySlice<Double>?) -> [Double] {
    weights.map { $0.map { $0 > 0 ? 1 / $0 : 0 } } ?? Array(repeating: 1, count: classes)
  }

  /// a and b of `SquareAUCGradientKernel`; zeros where only the value is asked for.
  private func slopes(_ weights: ArraySlice<Double>?, _ moments: ArraySlice<Double>?) -> [Double] {
    var slopes = Array(repeating: 0.0, count: 4 * classes)
    guard let weights, let moments else { return slopes }
    let others = Double(weights.count { $0 > 0 } - 1)
    guard others > 0 else { return slopes }
    let inverse = 1 / (others * (others + 1))
    for k in 0..<classes where weights.number(k) > 0 {
      slopes[k] = inverse * (margin - moments.number(k) / weights.number(k))
      slopes[classes + k] = inverse
      slopes[2 * classes + k] = -inverse * (others * margin + moments.number(classes + k))
      slopes[3 * classes + k] = inverse * others
    }
    return slopes
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    let last = try last(sums, step: step)
    var own = ClassSums(last, classes: classes)
    let weights = try self.sums(of: 0, in: sums, step: step) ?? own.pixels[...]
    let present = (0..<classes).filter { weights.number($0) > 0 }
    let total = weights.reduce(0, +)
    if present.count > 1 {
      for k in present {
        let count = weights.number(k)
        let (first, second) = (last.number(3 * classes + k) / count, last.number(4 * classes + k) / count)
        var (others, otherSquares) = (last.number(5 * classes + k), last.number(6 * classes + k))
        var pairs = Double(present.count - 1)
        if !step.isTraining { (others, otherSquares, pairs) = (others / (total - count), otherSquares / (total - count), 1) }
        let squares = margin * margin - 2 * margin * first + second
        let sum = pairs * squares + 2 * (margin - first) * others + otherSquares
        own.losses[k] = 0.5 * sum / (Double(present.count) * pairs)
      }
    }
    return own.result(
      weights: Array(repeating: 1, count: classes), denominator: present.count > 1 ? 1 : 0, isFinite: last.allSatisfy(\.isFinite),
      step: step)
  }

  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try scaler.complete(gradient, rows, result: result, second: second)
  }

  func secondGradient(like rows: RowsView) throws -> TermPlanes { try second.planes(like: rows) }
}
