import Tensors

/// Everything that softmax losses share: the pass, the packed vector, global denominators, class weights and homogenization.
///
/// One round, C = classes: C sums of pixel losses, C counts of pixels, C squared norms of the gradient, each by the label's class; then
/// C counts of missed pixels, for terms that want them.
/// With class weights v and denominator D = sum_k v_k n_k (times a constant of the objective) the loss is sum_k v_k S_k / D,
/// the norm of class k is G_k = v_k sqrt(Q_k) / D, and its rows are multiplied by v_k scale_k / D.
final class SoftmaxObjective: TermObjective {
  /// What besides the term makes a softmax loss.
  struct Options {
    /// v, or nil for 1.
    var classWeights: [Double]?
    /// The first epoch in which class weights count; before, they are 1.
    var weightsFromEpoch = 0
    /// What the number of pixels is multiplied by.
    var denominatorFactor = 1.0
    /// Equalizes the classes' gradient norms.
    var homogenization: Homogenization?
    /// See `Objective.predictionOffsets`.
    var predictionOffsets: [Double]?
    /// The column of background: the label of rows of background, and no class that homogenization scales.
    var background: Int?
  }

  let name: String
  let predictionOffsets: [Double]?

  private let classes: Int
  private let sumsPerClass: Int
  private let options: Options
  private var homogenization: Homogenization?
  private let unweighted: [Double]

  /// The pass, compiled for the term. A generic class would reach its kernel through witness tables instead.
  private let run: Pass
  private let scaler = RowScaler()
  private var gram: GramMemory
  private var classValues = WorkingMemory()
  private var second = GradientPlanes()

  private struct Rows {
    var rows: LabelledRows
    var part: RowPart?
    var gradient: RowsView?
    var step: TermStep
    var gram: UnsafePointer<Float>?
  }

  private typealias Pass = (Rows, (UnsafeMutableBufferPointer<Double>) throws -> Void) throws -> Void

  /// - Parameters:
  ///   - name: as in the registry.
  ///   - classes: C.
  ///   - term: the loss of a pixel.
  ///   - options: weights, denominator, homogenization.
  init<Term: SoftmaxTerm>(name: String, classes: Int, term: Term, options: Options = Options()) {
    self.name = name
    self.classes = classes
    sumsPerClass = Term.countsMisses ? 4 : 3
    self.options = options
    predictionOffsets = options.predictionOffsets
    homogenization = options.homogenization
    unweighted = Array(repeating: 1, count: classes)
    gram = GramMemory(objective: name, classes: classes)
    let pass = RowPass()
    let background = options.background.map { Int32($0) }
    run = { rows, body in
      let kernel = SoftmaxKernel(term: term, step: rows.step, classes: classes, gram: rows.gram)
      try pass.run(
        kernel, source: rows.rows.logits, target: rows.gradient, labels: rows.rows.labels, part: rows.part, background: background, body)
    }
  }

  var rounds: [Int] { [sumsPerClass * classes] }

  var needsClassifierGram: Bool { homogenization?.statistic == .features }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes, packed, at: offset, round: round)
    try measure(rows, gradient: gradient, into: &packed, at: offset, step: step)
  }

  /// The pass, with what terms may need besides the rows.
  /// - Parameters:
  ///   - values: a number a class, if the term has any.
  ///   - limit: pixels with log q from here on are left out, by terms that choose.
  func measure(
    _ rows: LabelledRows, gradient: RowsView?, into packed: inout [Double], at offset: Int, step: StepContext,
    classValues values: [Double]? = nil,
    limit: Float = .infinity
  ) throws {
    let gram = needsClassifierGram ? try self.gram.pointer(rows.classifierGram, centred: true) : nil
    let numbers = values.flatMap { classValues.floats($0) }
    for slot in 0..<packedCount { packed[offset + slot] = 0 }
    try step.samples.withUnsafeBufferPointer { samples in
      let step = TermStep(epoch: step.epoch, samples: samples, classValues: numbers, limit: limit)
      try rows.forEachPart(gradient: gradient, second: &second) { part, target in
        try run(Rows(rows: rows, part: part, gradient: target, step: step, gram: gram)) { sums in
          for slot in 0..<packedCount { packed[offset + slot] += sums[slot] }
        }
      }
    }
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult { try result(sums, denominator: nil, step: step) }

  /// The result with a D that is not the weighted count of valid pixels, unless it is nil.
  /// - Parameter classWeights: v, for objectives that make them from the step's sums; nil for those of the options.
  func result(_ sums: PackedSums, denominator: Double?, classWeights: [Double]? = nil, step: StepContext) throws -> StepResult {
    let sums = try last(sums, step: step)
    let own = ClassSums(sums, classes: classes)
    let weights = classWeights ?? ownWeights(step)
    let weightedCount = zip(weights, own.pixels).reduce(0) { $0 + $1.0 * $1.1 }
    var result = own.result(
      weights: weights, denominator: (denominator ?? weightedCount) * options.denominatorFactor,
      isFinite: sums.allSatisfy(\.isFinite), homogenization: homogenization, unscaled: options.background, step: step)
    if let background = options.background {
      result.background = StepResult.Background(loss: 0, rows: 0, gradientNorm: 0, factor: result.factorPerClass[background])
    }
    return result
  }

  private func ownWeights(_ step: StepContext) -> [Double] {
    step.epoch >= options.weightsFromEpoch ? options.classWeights ?? unweighted : unweighted
  }

  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try scaler.complete(gradient, rows, result: result, second: second)
  }

  func secondGradient(like rows: RowsView) throws -> TermPlanes { try second.planes(like: rows) }

  func commit(_ sums: PackedSums, step: StepContext) throws {
    if homogenization != nil { commit(try result(sums, step: step), step: step) }
  }

  /// Takes in a step whose result is known.
  func commit(_ result: StepResult, step: StepContext) {
    if step.isTraining, result.isFinite {
      _ = homogenization?.scales(of: result, unscaled: options.background)
    }
  }

  func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows { try homogenization?.visitState(visit) }
}
