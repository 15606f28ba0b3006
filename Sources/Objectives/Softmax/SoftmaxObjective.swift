import Tensors

/// Everything that softmax losses share: the pass, the packed vector, global denominators, class weights and homogenization.
///
/// Packed vector, C = classes: C sums of pixel losses, C counts of pixels, C squared norms of the gradient, each by the label's class.
/// With class weights v and denominator D = sum_k v_k n_k (times a constant of the objective) the loss is sum_k v_k S_k / D,
/// the norm of class k is G_k = v_k sqrt(Q_k) / D, and its rows are multiplied by v_k scale_k / D.
final class SoftmaxObjective: Objective {
  let name: String
  private let classes: Int
  private let classWeights: [Double]
  private let denominatorFactor: Double
  private var homogenization: Homogenization?

  /// The pass, compiled for the term. A generic class would reach its kernel through witness tables instead.
  private let run: Pass
  private let scaler = RowScaler()
  private var gramMemory = WorkingMemory()
  private var hasGram = false

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
  ///   - classWeights: v, or nil for 1.
  ///   - denominatorFactor: what the number of pixels is multiplied by.
  ///   - homogenization: equalizes the classes' gradient norms.
  init<Term: SoftmaxTerm>(
    name: String, classes: Int, term: Term, classWeights: [Double]? = nil, denominatorFactor: Double = 1,
    homogenization: Homogenization? = nil
  ) {
    self.name = name
    self.classes = classes
    self.classWeights = classWeights ?? Array(repeating: 1, count: classes)
    self.denominatorFactor = denominatorFactor
    self.homogenization = homogenization
    let pass = RowPass()
    run = { rows, body in
      let kernel = SoftmaxKernel(term: term, step: rows.step, classes: classes, gram: rows.gram)
      try pass.run(kernel, source: rows.logits, target: rows.gradient, labels: rows.labels, body)
    }
  }

  var packedCount: Int { 3 * classes }

  var needsClassifierGram: Bool { homogenization?.statistic == .features }

  func setClassifierGram(_ gram: [Double]) throws {
    guard needsClassifierGram else { return }
    guard gram.count == classes * classes else {
      throw LongtailError(.internalError, "objective \(name): \(gram.count) products of class weights for \(classes) classes")
    }
    let centred = ClassifierGram.centred(gram, classes: classes)
    let lanes = gramMemory.lanes((gram.count + 7) / 8)
    UnsafeMutableRawBufferPointer(lanes).withMemoryRebound(to: Float.self) { room in
      for (i, value) in centred.enumerated() { room[i] = Float(value) }
    }
    hasGram = true
  }

  func measure(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, gradient: RowsView?, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    guard logits.classes == classes else {
      throw LongtailError(
        .mismatch, "objective \(name) was made for \(classes) classes, but the network's head gives \(logits.classes)",
        advice: "Give the network as many classes as the data set has.")
    }
    guard offset >= 0, offset + packedCount <= packed.count else {
      throw LongtailError(.internalError, "objective \(name): no \(packedCount) numbers from \(offset) on in a vector of \(packed.count)")
    }
    guard !needsClassifierGram || hasGram else { throw ClassifierGram.missing(objective: name) }
    let gram = needsClassifierGram ? gramPointer : nil
    try step.samples.withUnsafeBufferPointer { samples in
      let step = TermStep(epoch: step.epoch, samples: samples)
      try run(Rows(logits: logits, gradient: gradient, labels: labels, step: step, gram: gram)) { sums in
        for slot in 0..<packedCount { packed[offset + slot] = sums[slot] }
      }
    }
  }

  func finish(packed: [Double], at offset: Int, step: StepContext) throws -> StepResult {
    guard offset >= 0, offset + packedCount <= packed.count else {
      throw LongtailError(.internalError, "objective \(name): no \(packedCount) numbers from \(offset) on in a vector of \(packed.count)")
    }
    let lossSums = packed[offset..<(offset + classes)]
    let counts = packed[(offset + classes)..<(offset + 2 * classes)]
    let squares = packed[(offset + 2 * classes)..<(offset + 3 * classes)]
    let weightedCount = zip(classWeights, counts).reduce(0) { $0 + $1.0 * $1.1 }
    let denominator = weightedCount * denominatorFactor
    let isFinite = packed[offset..<(offset + packedCount)].allSatisfy(\.isFinite)
    let inverse = denominator > 0 ? 1 / denominator : 0
    let norms = zip(classWeights, squares).map { $0 * max(0, $1).squareRoot() * inverse }
    var scales = Array(repeating: 1.0, count: classes)
    if isFinite { scales = homogenization?.scales(norms: norms, advance: step.isTraining) ?? scales }
    let classLosses = zip(classWeights, lossSums).map { $0 * $1 * inverse }
    return StepResult(
      loss: isFinite ? classLosses.reduce(0, +) : .nan,
      scaledLoss: isFinite ? zip(scales, classLosses).reduce(0) { $0 + $1.0 * $1.1 } : .nan,
      validPixels: Self.whole(counts.reduce(0, +)), pixelsPerClass: counts.map { Self.whole($0) },
      gradientNormPerClass: norms, scalePerClass: scales,
      factorPerClass: isFinite ? zip(scales, classWeights).map { $0 * $1 * inverse } : Array(repeating: 0, count: classes),
      isFinite: isFinite)
  }

  func complete(gradient: RowsView, logits: RowsView, labels: UnsafeBufferPointer<Int32>, result: StepResult) throws {
    try scaler.scaleRows(gradient, labels: labels, factors: result.factorPerClass)
  }

  var state: [String: [Double]] { homogenization?.state ?? [:] }

  func restore(state: [String: [Double]]) throws {
    try Homogenization.restore(&homogenization, state: state, objective: name, classes: classes)
  }

  private var gramPointer: UnsafePointer<Float>? {
    UnsafeRawPointer(gramMemory.lanes((classes * classes + 7) / 8).baseAddress)?.assumingMemoryBound(to: Float.self)
  }

  private static func whole(_ count: Double) -> Int { Int(exactly: count.rounded()) ?? 0 }
}
