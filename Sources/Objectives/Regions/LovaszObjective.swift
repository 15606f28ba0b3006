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
/// Packed vector: C losses (means over the classes of each image, not yet over the images), C pixels, C squared gradient norms,
/// the number of images with a valid pixel. Working memory: one float a row and class, and 16 bytes a pixel of an image for each thread.
final class LovaszObjective: Objective {
  let name: String
  private let classes: Int
  private let countsAbsent: Bool
  private let probabilityPass = RowPass()
  private let gradientPass = RowPass()
  private let scaler = RowScaler()
  private var planes = HostBuffer(byteCount: 0)
  private var sorting = HostBuffer(byteCount: 0)
  private var pixelCounts = WorkingMemory()
  private var losses = WorkingMemory()
  private var none: Homogenization?

  init(name: String, classes: Int, countsAbsent: Bool) {
    self.name = name
    self.classes = classes
    self.countsAbsent = countsAbsent
  }

  var packedCount: Int { 3 * classes + 1 }

  func measure(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, gradient: RowsView?, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(logits, classes: classes)
    try check(packed, at: offset, count: packedCount)
    for slot in 0..<packedCount { packed[offset + slot] = 0 }
    let (classes, images, pixels) = (classes, logits.images, logits.rowsPerImage)
    let planeStride = (pixels + 7) / 8 * 8
    let floats = images * classes * planeStride + 8
    if planes.floatCount < floats { planes = HostBuffer(floatCount: floats) }
    let target = RowsView(
      buffer: planes, images: images, rowsPerImage: pixels, classes: classes, imageStride: classes * planeStride, rowStride: 1,
      classStride: planeStride, blockSize: classes, blockStride: 0)
    let counts = pixelCounts.doubles(max(1, images * classes))
    counts.update(repeating: 0)
    try probabilityPass.run(
      ProbabilityKernel(classes: classes), source: logits, target: target, labels: labels, keepsImages: true,
      perImage: { image, sums in for k in 0..<classes { counts[image * classes + k] = sums[k] } }
    ) { _ in }

    let values = losses.doubles(max(1, images * classes))
    sortErrors(labels: labels, images: images, pixels: pixels, planeStride: planeStride, counts: counts, losses: values)
    for image in 0..<images {
      var isCounted = false
      for k in 0..<classes {
        packed[offset + k] += values[image * classes + k]
        if counts[image * classes + k] > 0 { isCounted = true }
      }
      if isCounted { packed[offset + 3 * classes] += 1 }
    }
    try planes.withFloats { slopes in
      guard let base = slopes.baseAddress else { return }
      let kernel = JacobianKernel(classes: classes, slopes: UnsafePointer(base), planeStride: planeStride)
      try gradientPass.run(kernel, source: logits, target: gradient, labels: labels, keepsImages: true) { sums in
        for slot in sums.indices { packed[offset + classes + slot] = sums[slot] }
      }
    }
  }

  /// Each image and class is one piece of work, whatever thread does it.
  private func sortErrors(
    labels: UnsafeBufferPointer<Int32>, images: Int, pixels: Int, planeStride: Int, counts: UnsafeMutableBufferPointer<Double>,
    losses: UnsafeMutableBufferPointer<Double>
  ) {
    let pieces = images * classes
    let workers = max(1, min(ComputePool.threadCount, pieces))
    let roomBytes = LovaszExtension.byteCount(pixels: pixels)
    if sorting.byteCount < workers * roomBytes { sorting = HostBuffer(byteCount: workers * roomBytes) }
    let (classes, countsAbsent) = (classes, countsAbsent)
    guard let labelBase = labels.baseAddress, pieces > 0 else { return }
    planes.withFloats { floats in
      sorting.withBytes { bytes in
        guard let base = floats.baseAddress, let rooms = bytes.baseAddress else { return }
        ComputePool.forEach(parts: workers) { worker in
          let room = LovaszExtension(room: rooms + worker * roomBytes, pixels: pixels)
          var piece = worker
          while piece < pieces {
            let (image, k) = (piece / classes, piece % classes)
            let own = UnsafeMutableBufferPointer(rebasing: counts[(image * classes)..<((image + 1) * classes)])
            let present = own.reduce(0) { $1 > 0 ? $0 + 1 : $0 }
            let values = base + piece * planeStride
            if present > 0 && (countsAbsent || own[k] > 0) {
              losses[piece] = room.evaluate(
                values, labels: labelBase + image * pixels, pixels: pixels, class: Int32(k),
                weight: 1 / Double(countsAbsent ? classes : present))
            } else {
              losses[piece] = 0
              values.update(repeating: 0, count: pixels)
            }
            piece += workers
          }
        }
      }
    }
  }

  func finish(packed: [Double], at offset: Int, step: StepContext) throws -> StepResult {
    try check(packed, at: offset, count: packedCount)
    return ClassSums(packed: packed, at: offset, classes: classes).result(
      weights: Array(repeating: 1, count: classes), denominator: packed[offset + 3 * classes],
      isFinite: packed[offset..<(offset + packedCount)].allSatisfy(\.isFinite), homogenization: &none, step: step)
  }

  func complete(gradient: RowsView, logits: RowsView, labels: UnsafeBufferPointer<Int32>, result: StepResult) throws {
    try scaler.scaleRows(gradient, labels: labels, factors: result.factorPerClass)
  }
}
