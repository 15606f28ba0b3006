import Tensors
import Threading

/// Writes probabilities, and counts the pixels of each class.
private struct ProbabilityKernel: TileKernel {
  let classes: Int
  var slots: Int { classes }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    tile.softmax()
    for lane in 0..<8 where tile.labels[lane] >= 0 { sums[Int(tile.labels[lane])] += 1 }
  }
}

/// p_k (a_k - sum_j a_j p_j), with a the gradient by the probabilities.
private struct JacobianKernel: TileKernel {
  let classes: Int
  /// a, in planes.
  let slopes: UnsafePointer<Float>
  let planeStride: Int

  /// Pixels and squared norms by the label's class.
  var slots: Int { 2 * classes }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    tile.softmax()
    let values = tile.values
    let own = slopes + (tile.image &* classes &* planeStride &+ tile.row)
    var inner = Lanes(repeating: 0)
    for k in 0..<classes {
      inner.addProduct(values[k], UnsafeRawPointer(own + k &* planeStride).loadUnaligned(as: Lanes.self))
    }
    let ignored = tile.validity .== Lanes(repeating: 0)
    var squared = Lanes(repeating: 0)
    for k in 0..<classes {
      let slope = UnsafeRawPointer(own + k &* planeStride).loadUnaligned(as: Lanes.self) - inner
      let gradient = (values[k] * slope).replacing(with: Lanes(repeating: 0), where: ignored)
      squared.addProduct(gradient, gradient)
      values[k] = gradient
    }
    tile.count(squares: squared, pixels: sums, norms: sums + classes)
  }
}

/// Lovász-softmax, image by image: a pass that writes probabilities, one sort for each image and class, a pass that makes the gradient.
///
/// One round: C losses (means over the classes of each image, not yet over the images), C pixels, C squared gradient norms, the number of
/// images with a valid pixel. Working memory: one float a row and class, and 16 bytes a pixel of an image for each thread; twice as much
/// for rows with second labels.
final class LovaszObjective: TermObjective {
  let name: String
  private let classes: Int
  private let countsAbsent: Bool
  private let probabilityPass = RowPass()
  private let gradientPass = RowPass()
  private let scaler = RowScaler()
  private var planes = HostBuffer(byteCount: 0)
  private var secondPlanes = HostBuffer(byteCount: 0)
  private var sorting = HostBuffer(byteCount: 0)
  private var pixelCounts = WorkingMemory()
  private var losses = WorkingMemory()
  private var second = GradientPlanes()

  init(name: String, classes: Int, countsAbsent: Bool) {
    self.name = name
    self.classes = classes
    self.countsAbsent = countsAbsent
  }

  var rounds: [Int] { [3 * classes + 1] }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes, packed, at: offset, round: round)
    for slot in 0..<packedCount { packed[offset + slot] = 0 }
    let (classes, images) = (classes, rows.logits.images)
    let planeStride = (rows.logits.rowsPerImage + 7) / 8 * 8
    let counts = pixelCounts.doubles(max(1, images * classes))
    try writeProbabilities(rows, planeStride: planeStride, counts: counts)
    let values = losses.doubles(max(1, images * classes))
    sortErrors(rows, planeStride: planeStride, counts: counts, losses: values)
    for image in 0..<images {
      var isCounted = false
      for k in 0..<classes {
        packed[offset + k] += values[image * classes + k]
        if counts[image * classes + k] > 0 { isCounted = true }
      }
      if isCounted { packed[offset + 3 * classes] += 1 }
    }
    func add(_ sums: UnsafeMutableBufferPointer<Double>) {
      for slot in sums.indices { packed[offset + classes + slot] += sums[slot] }
    }
    try rows.forEachPart(gradient: gradient, second: &second) { part, target in
      try (part?.kind == .second ? secondPlanes : planes).withFloats { slopes in
        guard let base = slopes.baseAddress else { return }
        let kernel = JacobianKernel(classes: classes, slopes: UnsafePointer(base), planeStride: planeStride)
        try gradientPass.run(kernel, source: rows.logits, target: target, labels: rows.labels, part: part, keepsImages: true, add)
      }
    }
  }

  /// Writes the probabilities in planes, and sums the pixels of each class in each image.
  private func writeProbabilities(_ rows: LabelledRows, planeStride: Int, counts: UnsafeMutableBufferPointer<Double>) throws {
    let (classes, images, pixels) = (classes, rows.logits.images, rows.logits.rowsPerImage)
    let floats = images * classes * planeStride + 8
    if planes.floatCount < floats { planes = HostBuffer(floatCount: floats) }
    if rows.second != nil, secondPlanes.floatCount < floats { secondPlanes = HostBuffer(floatCount: floats) }
    let target = RowsView(
      buffer: planes, images: images, rowsPerImage: pixels, classes: classes, imageStride: classes * planeStride, rowStride: 1,
      classStride: planeStride, blockSize: classes, blockStride: 0)
    counts.update(repeating: 0)
    guard rows.hasExtras else {
      return try probabilityPass.run(
        ProbabilityKernel(classes: classes), source: rows.logits, target: target, labels: rows.labels, keepsImages: true,
        perImage: { image, sums in for k in 0..<classes { counts[image * classes + k] = sums[k] } }
      ) { _ in }
    }
    try probabilityPass.run(
      ProbabilityKernel(classes: classes), source: rows.logits, target: target, labels: nil, part: RowPart(rows, .whole),
      keepsImages: true
    ) { _ in }
    for part in rows.parts {
      for row in 0..<rows.logits.rows {
        let entry = part.entry(at: row)
        if entry.label >= 0 { counts[row / pixels * classes + Int(entry.label)] += Double(entry.weight) }
      }
    }
  }

  /// Each image and class is one piece of work, whatever thread does it.
  private func sortErrors(
    _ rows: LabelledRows, planeStride: Int, counts: UnsafeMutableBufferPointer<Double>, losses: UnsafeMutableBufferPointer<Double>
  ) {
    let (images, pixels) = (rows.logits.images, rows.logits.rowsPerImage)
    let pieces = images * classes
    let workers = max(1, min(ComputePool.threadCount, pieces))
    let entries = rows.second == nil ? pixels : 2 * pixels
    let roomBytes = LovaszExtension.byteCount(pixels: entries)
    if sorting.byteCount < workers * roomBytes { sorting = HostBuffer(byteCount: workers * roomBytes) }
    let (classes, countsAbsent) = (classes, countsAbsent)
    let parts = rows.hasExtras ? rows.parts : []
    guard let labelBase = rows.labels.baseAddress, pieces > 0 else { return }
    planes.withFloats { floats in
      secondPlanes.withFloats { secondFloats in
        sorting.withBytes { bytes in
          guard let base = floats.baseAddress, let rooms = bytes.baseAddress else { return }
          ComputePool.forEach(parts: workers) { worker in
            let room = LovaszExtension(room: rooms + worker * roomBytes, pixels: entries)
            var piece = worker
            while piece < pieces {
              let (image, k) = (piece / classes, piece % classes)
              let own = UnsafeMutableBufferPointer(rebasing: counts[(image * classes)..<((image + 1) * classes)])
              let present = own.reduce(0) { $1 > 0 ? $0 + 1 : $0 }
              let values = base + piece * planeStride
              let seconds = parts.count == 2 ? secondFloats.baseAddress.map { $0 + piece * planeStride } : nil
              if present > 0 && (countsAbsent || own[k] > 0) {
                let weight = 1 / Double(countsAbsent ? classes : present)
                losses[piece] =
                  parts.isEmpty
                  ? room.evaluate(values, labels: labelBase + image * pixels, pixels: pixels, class: Int32(k), weight: weight)
                  : room.evaluate(
                    values, seconds, parts: parts, rows: (image * pixels)..<((image + 1) * pixels), class: Int32(k), weight: weight)
              } else {
                losses[piece] = 0
                values.update(repeating: 0, count: pixels)
                seconds?.update(repeating: 0, count: pixels)
              }
              piece += workers
            }
          }
        }
      }
    }
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    let sums = try last(sums, step: step)
    return ClassSums(sums, classes: classes).result(
      weights: Array(repeating: 1, count: classes), denominator: sums.number(3 * classes), isFinite: sums.allSatisfy(\.isFinite),
      step: step)
  }

  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try scaler.complete(gradient, rows, result: result, second: second)
  }

  func secondGradient(like rows: RowsView) throws -> TermPlanes { try second.planes(like: rows) }
}
