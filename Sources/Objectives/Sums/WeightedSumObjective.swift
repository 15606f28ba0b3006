import Tensors

/// Runs the terms of a weighted sum; see `WeightedSum`.
final class WeightedSumObjective: Objective {
  struct Term {
    let objective: any TermObjective
    let weight: Double
  }

  let name: String
  let predictionOffsets: [Double]?
  private let classes: Int
  private let terms: [Term]
  private var homogenization: Homogenization?

  private let productsPass = RowPass()
  private let sumPass = RowPass()
  private let scaler = RowScaler()
  /// The gradients of the terms.
  private var gradients: [GradientPlanes]
  private var planeMemory = WorkingMemory()
  private var factorMemory = WorkingMemory()

  init(name: String, classes: Int, terms: [Term], homogenization: Homogenization?) throws {
    self.name = name
    self.classes = classes
    self.terms = terms
    self.homogenization = homogenization
    gradients = terms.map { _ in GradientPlanes() }
    let offsets = terms.compactMap(\.objective.predictionOffsets)
    if offsets.count > 1 {
      throw LongtailError(.usage, "objective \(name): several terms adjust logits post hoc", advice: "Leave it to one term.")
    }
    predictionOffsets = offsets.first
  }

  private var products: Int { terms.count * (terms.count + 1) / 2 * classes }
  var needsClassifierGram: Bool { terms.contains { $0.objective.needsClassifierGram } }

  /// The last rounds of all terms are one, those before the last are one, and so on; the products belong to the last.
  var rounds: [Int] {
    let own = terms.map(\.objective.rounds)
    let count = own.map(\.count).max() ?? 1
    var rounds = (0..<count).map { round in
      own.compactMap { term in WeightedSumObjective.index(of: round, of: count, in: term.count).map { term[$0] } }.reduce(0, +)
    }
    rounds[count - 1] += products
    return rounds
  }

  /// Which of a term's rounds takes part in a round of the sum; nil for none.
  private static func index(of round: Int, of count: Int, in own: Int) -> Int? {
    round >= count - own ? round - (count - own) : nil
  }

  /// What each term has in the sums of one round; the products are what is left.
  private func slices(of sums: ArraySlice<Double>, round: Int, of count: Int) -> [ArraySlice<Double>?] {
    var place = 0
    return terms.map { term in
      let own = term.objective.rounds
      guard let index = WeightedSumObjective.index(of: round, of: count, in: own.count) else { return nil }
      defer { place += own[index] }
      return sums.numbers(place..<(place + own[index]))
    }
  }

  /// The sums of each term.
  /// - Parameter isComplete: whether the sums end with the last round; otherwise they are of the first rounds.
  private func parts(of sums: PackedSums, isComplete: Bool) -> [PackedSums] {
    let count = rounds.count
    var parts = terms.map { _ in PackedSums() }
    for (i, round) in sums.rounds.enumerated() {
      for (term, slice) in slices(of: round, round: isComplete ? count - sums.rounds.count + i : i, of: count).enumerated() {
        if let slice { parts[term].append(slice) }
      }
    }
    return parts
  }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes, packed, at: offset, round: round)
    let count = rounds.count
    let parts = parts(of: earlier, isComplete: false)
    let isLast = round == count - 1
    var place = offset
    for (i, term) in terms.enumerated() {
      let own = term.objective.rounds
      guard let index = WeightedSumObjective.index(of: round, of: count, in: own.count) else { continue }
      // Norms of the sum's class gradients are measured where no gradient is asked for, too.
      try term.objective.measure(
        round: index, rows, gradient: isLast ? gradients[i].view(like: rows.logits) : nil, earlier: parts[i], into: &packed,
        at: place, step: step)
      place += own[index]
    }
    if isLast { try multiplyGradients(rows, into: &packed, at: place) }
  }

  /// Sums the products of the terms' gradients. Background belongs to no class, and is left out.
  private func multiplyGradients(_ rows: LabelledRows, into packed: inout [Double], at place: Int) throws {
    for slot in 0..<products { packed[place + slot] = 0 }
    func add(_ sums: UnsafeMutableBufferPointer<Double>) { for slot in sums.indices { packed[place + slot] += sums[slot] } }
    try rows.forEachPart { part in
      let planes = try planes(like: rows.logits, isSecond: part?.kind == .second)
      let kernel = TermProductsKernel(planes: planes, terms: terms.count, classes: classes)
      try productsPass.run(
        kernel, source: rows.logits, target: nil, labels: rows.labels, part: part, background: RowLabel.ignored, add)
    }
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult { try outcome(sums, step: step).result }

  /// What is known of the step, and the norms that the sum's own homogenization acts on: those of the gradients that terms have scaled.
  private func outcome(_ sums: PackedSums, step: StepContext) throws -> (result: StepResult, norms: [Double]) {
    let own = try last(sums, step: step)
    let isFinite = own.allSatisfy(\.isFinite)
    let parts = parts(of: sums, isComplete: true)
    let results = try zip(terms, parts).map { term, part in
      // One term that is not finite makes the sum so.
      try term.objective.result(isFinite ? part : part.withoutNumbers, step: step)
    }
    let weights = terms.map(\.weight)
    let norms = norms(results, products: own.suffix(products), isScaled: true)
    let termsScale = results.contains { $0.scalePerClass.contains { $0 != 0 && $0 != 1 } }
    let plainNorms = termsScale ? self.norms(results, products: own.suffix(products), isScaled: false) : norms
    var scales = Array(repeating: 1.0, count: classes)
    var homogenization = homogenization
    // The last round of every term begins with losses and pixels of each class.
    let pixels = parts.first?.rounds.last.map { Array($0.numbers(classes..<(2 * classes))) } ?? []
    if isFinite { scales = homogenization?.scales(norms: norms, pixels: pixels, advance: step.isTraining) ?? scales }
    var classLosses = Array(repeating: 0.0, count: classes)
    var scaled = 0.0
    for (weight, result) in zip(weights, results) {
      for k in 0..<classes {
        classLosses[k] += weight * result.lossPerClass[k]
        scaled += weight * scales[k] * result.scalePerClass[k] * result.lossPerClass[k]
      }
    }
    // What terms have scaled by themselves counts as scaled.
    let wholeScales = termsScale ? (0..<classes).map { plainNorms[$0] > 0 ? scales[$0] * norms[$0] / plainNorms[$0] : 0 } : scales
    let other = background(results)
    let loss = classLosses.reduce(0, +) + (other?.loss ?? 0)
    var result = StepResult(
      loss: isFinite ? loss : .nan, scaledLoss: isFinite ? scaled + (other?.loss ?? 0) : .nan, lossPerClass: classLosses,
      validPixels: results.first?.validPixels ?? 0, pixelsPerClass: results.first?.pixelsPerClass ?? [], gradientNormPerClass: plainNorms,
      scalePerClass: wholeScales, factorPerClass: isFinite ? scales : Array(repeating: 0, count: classes), isFinite: isFinite,
      background: other)
    for (weight, term) in zip(weights, results) {
      result.termFactors += (0..<classes).map { isFinite ? weight * scales[$0] * term.factorPerClass[$0] : 0 }
      result.termFactors.append(isFinite ? weight * (term.background?.factor ?? 0) : 0)
    }
    return (result, norms)
  }

  /// The norms of the classes' gradients, from the products of the terms', with the scales of the terms' own homogenization or without them.
  private func norms(_ results: [StepResult], products: ArraySlice<Double>, isScaled: Bool) -> [Double] {
    let weights = terms.map(\.weight)
    func taken(_ result: StepResult, _ k: Int) -> Double {
      isScaled || result.scalePerClass[k] == 0 ? result.factorPerClass[k] : result.factorPerClass[k] / result.scalePerClass[k]
    }
    return (0..<classes).map { k in
      var square = 0.0
      var slot = k
      for i in terms.indices {
        for j in 0...i {
          let factor = weights[i] * taken(results[i], k) * weights[j] * taken(results[j], k)
          // A factor of 0 leaves out what may be as large as numbers go.
          if factor != 0 { square += (i == j ? 1 : 2) * factor * products.number(slot) }
          slot += classes
        }
      }
      return max(0, square).squareRoot()
    }
  }

  /// Rows of background, where all terms take them. Their gradient's norm is not known: it is an upper bound, the sum of the terms'.
  private func background(_ results: [StepResult]) -> StepResult.Background? {
    guard results.allSatisfy({ $0.background != nil }) else { return nil }
    var sum = StepResult.Background(loss: 0, rows: 0, gradientNorm: 0, factor: 1)
    for (term, result) in zip(terms, results) {
      guard let other = result.background else { continue }
      sum.loss += term.weight * other.loss
      sum.rows = max(sum.rows, other.rows)
      sum.gradientNorm += term.weight * other.gradientNorm
    }
    return sum
  }

  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try rows.checkCounts()
    guard result.termFactors.count == terms.count * (classes + 1), let own = factorMemory.floats(result.termFactors) else {
      throw LongtailError(.internalError, "objective \(name): a result of another objective")
    }
    let planes = try planes(like: gradient, isSecond: false)
    let background = result.background == nil ? nil : Int32(classes)
    let kernel = TermSumKernel(planes: planes, factors: own, terms: terms.count, classes: classes)
    try sumPass.run(
      kernel, source: gradient, target: gradient, labels: rows.labels, part: rows.hasExtras ? RowPart(rows, .first) : nil,
      background: background
    ) { _ in }
    if rows.second != nil {
      let seconds = try terms.map { try $0.objective.secondGradient(like: gradient) }
      try scaler.addSecond(seconds, factors: result.termFactors, to: gradient, rows)
    }
  }

  /// The terms' gradients, as kernels read them; valid until the next call.
  private func planes(like rows: RowsView, isSecond: Bool) throws -> UnsafePointer<TermPlanes> {
    let room = planeMemory.bytes(terms.count * MemoryLayout<TermPlanes>.stride)?.assumingMemoryBound(to: TermPlanes.self)
    guard let room else { throw LongtailError(.internalError, "objective \(name): no working memory") }
    for (i, term) in terms.enumerated() {
      (room + i).initialize(to: try isSecond ? term.objective.secondGradient(like: rows) : gradients[i].planes(like: rows))
    }
    return UnsafePointer(room)
  }

  func commit(_ sums: PackedSums, step: StepContext) throws {
    let (result, norms) = try outcome(sums, step: step)
    // One term that is not finite makes the sum so: then no term advances.
    guard step.isTraining, result.isFinite else { return }
    for (term, part) in zip(terms, parts(of: sums, isComplete: true)) { try term.objective.commit(part, step: step) }
    _ = homogenization?.scales(norms: norms, pixels: result.pixelsPerClass.map(Double.init), advance: true)
  }

  func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows {
    for (index, term) in terms.enumerated() {
      try term.objective.visitState { leaf, numbers in try visit(RunningStateRow("term\(index).\(leaf.name)", leaf.values), &numbers) }
    }
    try homogenization?.visitState(visit)
  }
}

extension PackedSums {
  /// As many sums, none of which is a number.
  fileprivate var withoutNumbers: PackedSums { PackedSums(rounds.map { $0.map { _ in .nan }[...] }) }
}
