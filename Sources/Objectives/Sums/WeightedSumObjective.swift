import Tensors

/// Runs the terms of a weighted sum; see `WeightedSum`.
final class WeightedSumObjective: Objective {
  struct Term {
    let objective: any Objective
    let weight: Double
  }

  let name: String
  let predictionOffsets: [Double]?
  private let classes: Int
  private let terms: [Term]
  private var homogenization: Homogenization?

  private let productsPass = RowPass()
  private let sumPass = RowPass()
  private var buffers: [HostBuffer]
  private var planes = WorkingMemory()
  private var factorMemory = WorkingMemory()
  /// The factor of each term and class, from the last `finish`.
  private var factors: [Double]

  init(name: String, classes: Int, terms: [Term], homogenization: Homogenization?) throws {
    self.name = name
    self.classes = classes
    self.terms = terms
    self.homogenization = homogenization
    buffers = terms.map { _ in HostBuffer(byteCount: 0) }
    factors = Array(repeating: 0, count: terms.count * classes)
    let offsets = terms.compactMap(\.objective.predictionOffsets)
    if offsets.count > 1 {
      throw LongtailError(.usage, "objective \(name): several terms adjust logits post hoc", advice: "Leave it to one term.")
    }
    predictionOffsets = offsets.first
  }

  private var products: Int { terms.count * (terms.count + 1) / 2 * classes }
  var packedCount: Int { terms.reduce(0) { $0 + $1.objective.packedCount } + products }
  var preparationCount: Int { terms.reduce(0) { $0 + $1.objective.preparationCount } }
  var needsClassifierGram: Bool { terms.contains { $0.objective.needsClassifierGram } }

  func setClassifierGram(_ gram: [Double]) throws { for term in terms { try term.objective.setClassifierGram(gram) } }

  func prepare(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {
    var place = offset
    for term in terms where term.objective.preparationCount > 0 {
      try term.objective.prepare(logits: logits, labels: labels, into: &packed, at: place, step: step)
      place += term.objective.preparationCount
    }
  }

  func acceptPreparation(packed: [Double], at offset: Int, step: StepContext) throws {
    var place = offset
    for term in terms where term.objective.preparationCount > 0 {
      try term.objective.acceptPreparation(packed: packed, at: place, step: step)
      place += term.objective.preparationCount
    }
  }

  func measure(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, gradient: RowsView?, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(logits, classes: classes)
    try check(packed, at: offset, count: packedCount)
    var place = offset
    for (index, term) in terms.enumerated() {
      let view = scratch(index, like: logits)
      try term.objective.measure(logits: logits, labels: labels, gradient: view, into: &packed, at: place, step: step)
      place += term.objective.packedCount
    }
    try withPlanes(like: logits) { planes in
      let kernel = TermProductsKernel(planes: planes, terms: terms.count, classes: classes)
      try productsPass.run(kernel, source: logits, target: nil, labels: labels) { sums in
        for slot in sums.indices { packed[place + slot] = sums[slot] }
      }
    }
  }

  func finish(packed: [Double], at offset: Int, step: StepContext) throws -> StepResult {
    try check(packed, at: offset, count: packedCount)
    // One term that is not finite makes the sum so: then no term advances.
    let isFinite = packed[offset..<(offset + packedCount)].allSatisfy(\.isFinite)
    var sum = packed
    if !isFinite { for slot in offset..<(offset + packedCount) { sum[slot] = .nan } }
    var place = offset
    var results: [StepResult] = []
    for term in terms {
      results.append(try term.objective.finish(packed: sum, at: place, step: step))
      place += term.objective.packedCount
    }
    let weights = terms.map(\.weight)
    let norms = (0..<classes).map { k in
      var square = 0.0
      var slot = place + k
      for i in terms.indices {
        for j in 0...i {
          let factor = weights[i] * results[i].factorPerClass[k] * weights[j] * results[j].factorPerClass[k]
          // A factor of 0 leaves out what may be as large as numbers go.
          if factor != 0 { square += (i == j ? 1 : 2) * factor * packed[slot] }
          slot += classes
        }
      }
      return max(0, square).squareRoot()
    }
    var scales = Array(repeating: 1.0, count: classes)
    if isFinite { scales = homogenization?.scales(norms: norms, advance: step.isTraining) ?? scales }
    for (i, result) in results.enumerated() {
      for k in 0..<classes { factors[i * classes + k] = isFinite ? weights[i] * scales[k] * result.factorPerClass[k] : 0 }
    }
    var classLosses = Array(repeating: 0.0, count: classes)
    var scaled = 0.0
    for (weight, result) in zip(weights, results) {
      for k in 0..<classes {
        classLosses[k] += weight * result.lossPerClass[k]
        scaled += weight * scales[k] * result.scalePerClass[k] * result.lossPerClass[k]
      }
    }
    return StepResult(
      loss: isFinite ? classLosses.reduce(0, +) : .nan, scaledLoss: isFinite ? scaled : .nan, lossPerClass: classLosses,
      validPixels: results.first?.validPixels ?? 0, pixelsPerClass: results.first?.pixelsPerClass ?? [], gradientNormPerClass: norms,
      scalePerClass: scales, factorPerClass: isFinite ? scales : Array(repeating: 0, count: classes), isFinite: isFinite)
  }

  func complete(gradient: RowsView, logits: RowsView, labels: UnsafeBufferPointer<Int32>, result: StepResult) throws {
    guard let own = factorMemory.floats(factors) else { return }
    try withPlanes(like: gradient) { planes in
      let kernel = TermSumKernel(planes: planes, factors: own, terms: terms.count, classes: classes)
      try sumPass.run(kernel, source: gradient, target: gradient, labels: labels) { _ in }
    }
  }

  /// The memory of a term's gradient, as planes.
  private func scratch(_ index: Int, like rows: RowsView) -> RowsView {
    let (imageStride, classStride) = strides(rows)
    let count = rows.rowsPerImage == 1 ? classes * classStride : rows.images * imageStride
    if buffers[index].floatCount < count + 8 { buffers[index] = HostBuffer(floatCount: count + 8) }
    return RowsView(
      buffer: buffers[index], images: rows.images, rowsPerImage: rows.rowsPerImage, classes: classes, imageStride: imageStride,
      rowStride: 1, classStride: classStride, blockSize: classes, blockStride: 0)
  }

  /// Images of one row lie side by side, as a pass takes them for the rows of one image.
  private func strides(_ rows: RowsView) -> (image: Int, class: Int) {
    if rows.rowsPerImage == 1 { return (1, (rows.images + 7) / 8 * 8) }
    let stride = (rows.rowsPerImage + 7) / 8 * 8
    return (classes * stride, stride)
  }

  private func withPlanes(like rows: RowsView, _ body: (UnsafePointer<TermPlanes>) throws -> Void) throws {
    let (imageStride, classStride) = strides(rows)
    guard let room = planes.bytes(terms.count * MemoryLayout<TermPlanes>.stride)?.assumingMemoryBound(to: TermPlanes.self) else { return }
    for (index, buffer) in buffers.enumerated() {
      buffer.withFloats { floats in
        guard let base = floats.baseAddress else { return }
        (room + index).initialize(to: TermPlanes(base: UnsafePointer(base), imageStride: imageStride, classStride: classStride))
      }
    }
    try body(UnsafePointer(room))
  }

  var state: [String: [Double]] {
    var state: [String: [Double]] = [:]
    for (index, term) in terms.enumerated() {
      for (key, values) in term.objective.state { state["term\(index).\(key)"] = values }
    }
    return state.merging(homogenization?.state ?? [:]) { $1 }
  }

  func restore(state: [String: [Double]]) throws {
    var parts = terms.map { _ in [String: [Double]]() }
    var rest: [String: [Double]] = [:]
    for (key, values) in state {
      let index = terms.indices.first { key.hasPrefix("term\($0).") }
      guard let index else {
        rest[key] = values
        continue
      }
      parts[index][String(key.dropFirst("term\(index).".count))] = values
    }
    let before = terms.map(\.objective.state)
    do {
      for (term, part) in zip(terms, parts) { try term.objective.restore(state: part) }
      try Homogenization.restore(&homogenization, state: rest, objective: name, classes: classes)
    } catch {
      for (term, part) in zip(terms, before) { try term.objective.restore(state: part) }
      throw error
    }
  }
}
