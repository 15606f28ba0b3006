import Tensors

/// Everything that softmax losses share: the pass, the packed vector, global denominators, class weights and homogenization.
///
/// Packed vector, C = classes: C sums of pixel losses, C counts of pixels, C squared norms of the gradient, each by the label's class.
/// With class weights v and denominator D = sum_k v_k n_k (times a constant of the objective) the loss is sum_k v_k S_k / D,
/// the norm of class k is G_k = v_k sqrt(Q_k) / D, and its rows are multiplied by v_k scale_k / D.
final class SoftmaxObjective: Objective {
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
  }

  let name: String
  let predictionOffsets: [Double]?
  /// D, where it is not the weighted count of valid pixels.
  var denominator: Double?
  /// Pixels with log q from here on are left out, by terms that choose.
  var limit = Float.infinity

  private let classes: Int
  private let options: Options
  private var homogenization: Homogenization?
  private let unweighted: [Double]

  /// The pass, compiled for the term. A generic class would reach its kernel through witness tables instead.
  private let run: Pass
  private let scaler = RowScaler()
  private var gram: GramMemory
  private var classValues = WorkingMemory()
  private var hasClassValues = false

  private struct Rows {
    var logits: RowsView
    var gradient: RowsView?
    var labels: UnsafeBufferPointer<Int32>
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
    self.options = options
    predictionOffsets = options.predictionOffsets
    homogenization = options.homogenization
    unweighted = Array(repeating: 1, count: classes)
    gram = GramMemory(objective: name, classes: classes)
    let pass = RowPass()
    run = { rows, body in
      let kernel = SoftmaxKernel(term: term, step: rows.step, classes: classes, gram: rows.gram)
      try pass.run(kernel, source: rows.logits, target: rows.gradient, labels: rows.labels, body)
    }
  }

  var packedCount: Int { 3 * classes }

  var needsClassifierGram: Bool { homogenization?.statistic == .features }

  func setClassifierGram(_ gram: [Double]) throws {
    if needsClassifierGram { try self.gram.set(gram, centred: true) }
  }

  /// Hands the term a number a class, for the passes from now on.
  func setClassValues(_ values: [Double]) {
    _ = classValues.floats(values)
    hasClassValues = true
  }

  func measure(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, gradient: RowsView?, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(logits, classes: classes)
    try check(packed, at: offset, count: packedCount)
    let gram = needsClassifierGram ? try self.gram.pointer() : nil
    let values = hasClassValues ? UnsafePointer(classValues.floats(classes)) : nil
    try step.samples.withUnsafeBufferPointer { samples in
      let step = TermStep(epoch: step.epoch, samples: samples, classValues: values, limit: limit)
      try run(Rows(logits: logits, gradient: gradient, labels: labels, step: step, gram: gram)) { sums in
        for slot in 0..<packedCount { packed[offset + slot] = sums[slot] }
      }
    }
  }

  func finish(packed: [Double], at offset: Int, step: StepContext) throws -> StepResult {
    try check(packed, at: offset, count: packedCount)
    let sums = ClassSums(packed: packed, at: offset, classes: classes)
    let weights = step.epoch >= options.weightsFromEpoch ? options.classWeights ?? unweighted : unweighted
    let weightedCount = zip(weights, sums.pixels).reduce(0) { $0 + $1.0 * $1.1 }
    return sums.result(
      weights: weights, denominator: (denominator ?? weightedCount) * options.denominatorFactor,
      isFinite: packed[offset..<(offset + packedCount)].allSatisfy(\.isFinite), homogenization: &homogenization, step: step)
  }

  func complete(gradient: RowsView, logits: RowsView, labels: UnsafeBufferPointer<Int32>, result: StepResult) throws {
    try scaler.scaleRows(gradient, labels: labels, factors: result.factorPerClass)
  }

  var state: [String: [Double]] { homogenization?.state ?? [:] }

  func restore(state: [String: [Double]]) throws {
    try Homogenization.restore(&homogenization, state: state, objective: name, classes: classes)
  }
}
