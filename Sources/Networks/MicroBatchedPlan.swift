import Kernels
import Tensors

/// Runs a batch through a network in micro-batches, so that activations take the memory of the largest one alone: gradient accumulation.
///
/// All logits are there before the first backward pass, because the loss's sums, class statistics and factors are of the whole global batch.
/// So `forward` runs micro-batch after micro-batch and keeps nothing but their logits. `backward` starts with the last one, whose activations
/// are still there, and runs the others forward once more. Gradients add up in a buffer of their own. Loss, class statistics and gradients
/// are those of a single pass, to rounding, except for what batch norm does: its statistics are of each micro-batch (over all ranks where it
/// is synchronized), and its running statistics follow each of them, once.
///
/// Cost for k micro-batches: (k - 1)/k of a forward pass more; memory for the images, the logits and their gradients of the whole batch, and
/// for one more buffer of gradients.
public final class MicroBatchedPlan: TrainingPass {
  /// Images of all micro-batches.
  public let images: Int
  /// The class scores of all micro-batches, one after the other.
  public let logits: RowsView
  /// The gradient of the class scores of all micro-batches.
  public let logitsGradient: RowsView
  /// The auxiliary outputs of all micro-batches.
  public let auxiliary: [AuxiliaryRows]

  private let network: Network
  private let parts: [Part]
  private let input: HostBuffer
  private let floatsPerImage: Int
  /// The running statistics before each micro-batch's forward pass: batch norm rounds by them.
  private var statistics: [[Float]] = []

  private struct Part {
    let plan: Plan
    let images: Range<Int>
  }

  /// - Parameter counts: images of each micro-batch, in order; some may be zero.
  init(_ network: Network, counts: [Int], height: Int, width: Int) throws {
    self.network = network
    var parts: [Part] = []
    for count in counts {
      let start = parts.last?.images.upperBound ?? 0
      parts.append(Part(plan: try network.trainingPlan(images: count, height: height, width: width), images: start..<start + count))
    }
    self.parts = parts
    images = parts.last?.images.upperBound ?? 0
    guard let largest = parts.max(by: { $0.images.count < $1.images.count }) else {
      throw LongtailError(.internalError, "a batch has to consist of at least one micro-batch")
    }
    floatsPerImage = largest.plan.withInput { $0.count } / max(1, largest.images.count)
    input = HostBuffer(floatCount: images * floatsPerImage)
    logits = MicroBatchedPlan.rows(like: largest.plan.logits, images: images)
    logitsGradient = MicroBatchedPlan.rows(like: largest.plan.logitsGradient, images: images)
    let count = images
    auxiliary = largest.plan.auxiliary.map {
      AuxiliaryRows(
        logits: MicroBatchedPlan.rows(like: $0.logits, images: count), gradient: MicroBatchedPlan.rows(like: $0.gradient, images: count),
        weight: $0.weight)
    }
  }

  /// Calls `body` with the memory of all images: N,C,H,W.
  public func withInput<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows -> Result {
    try input.withFloats(body)
  }

  /// Computes the logits of all micro-batches.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  public func forward() throws {
    statistics = []
    try withSamples { samples in
      for part in parts {
        begin(part, samples)
        statistics.append(network.runningStatisticsBuffer.withFloats { Array($0) })
        try part.plan.forward()
        logits.copyImages(from: part.plan.logits, startingAt: part.images.lowerBound)
        for (whole, own) in zip(auxiliary, part.plan.auxiliary) {
          whole.logits.copyImages(from: own.logits, startingAt: part.images.lowerBound)
        }
      }
    }
  }

  /// Computes the gradients of all parameters from `logitsGradient`. Right after `forward`, with the same parameters.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  public func backward() throws {
    guard statistics.count == parts.count else { throw LongtailError(.internalError, "a backward pass needs a forward pass before it") }
    // Running statistics have followed every micro-batch already.
    let last = network.runningStatisticsBuffer.withFloats { Array($0) }
    let total = network.accumulatedGradients
    try withSamples { samples in
      for (place, part) in parts.enumerated().reversed() {
        if place == parts.count - 1 {
          network.setSamples(MicroBatchedPlan.samples(samples, part))
        } else {
          begin(part, samples)
          // The same numbers bit by bit as when its logits were computed.
          network.runningStatisticsBuffer.takeFloats(statistics[place])
          try part.plan.forward()
        }
        part.plan.logitsGradient.copyImages(outOf: logitsGradient, startingAt: part.images.lowerBound)
        for (whole, own) in zip(auxiliary, part.plan.auxiliary) {
          own.gradient.copyImages(outOf: whole.gradient, startingAt: part.images.lowerBound)
        }
        try part.plan.backward()
        if place == parts.count - 1 {
          if place > 0 { total.copyFloats(from: network.gradients) }
        } else if place > 0 {
          total.addFloats(of: network.gradients)
        } else {
          network.gradients.addFloats(of: total)
        }
      }
    }
    network.runningStatisticsBuffer.takeFloats(last)
  }

  /// The first layer whose output is not finite in any micro-batch; see `Plan.firstNonFiniteOutput`.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  public func firstNonFiniteOutput() throws -> (place: Int, layer: String)? {
    var found: (place: Int, layer: String)?
    try withSamples { samples in
      for part in parts {
        begin(part, samples)
        // All micro-batches run, whatever is found: batch norm sums over ranks.
        let output = try part.plan.firstNonFiniteOutput()
        if let output, output.place < found?.place ?? .max { found = output }
      }
    }
    return found
  }

  /// Gives a micro-batch its images and its samples.
  private func begin(_ part: Part, _ samples: [CounterRandom]) {
    network.setSamples(MicroBatchedPlan.samples(samples, part))
    part.plan.withInput { target in
      input.withFloats { source in
        let start = part.images.lowerBound * floatsPerImage
        for index in target.indices { target[index] = source[start + index] }
      }
    }
  }

  private func withSamples(_ body: ([CounterRandom]) throws -> Void) rethrows {
    let samples = network.samples
    defer { network.setSamples(samples) }
    try body(samples)
  }

  /// Networks without dropout may be given none.
  private static func samples(_ all: [CounterRandom], _ part: Part) -> [CounterRandom] {
    Array(all[part.images.clamped(to: 0..<all.count)])
  }

  private static func rows(like view: RowsView, images: Int) -> RowsView {
    RowsView(
      buffer: HostBuffer(floatCount: images * view.imageStride), images: images, rowsPerImage: view.rowsPerImage, classes: view.classes,
      imageStride: view.imageStride, rowStride: view.rowStride, classStride: view.classStride, blockSize: view.blockSize,
      blockStride: view.blockStride)
  }
}

extension RowsView {
  /// Copies all images of another view to the place of image `start` and those after it.
  func copyImages(from other: RowsView, startingAt start: Int) {
    for image in 0..<other.images { copy(image: start + image, from: other, image: image) }
  }

  /// Copies the images of another view from image `start` on, as many as this one has.
  func copyImages(outOf other: RowsView, startingAt start: Int) {
    for image in 0..<images { copy(image: image, from: other, image: start + image) }
  }

  /// The layouts of micro-batches of different sizes may differ.
  private func copy(image target: Int, from other: RowsView, image source: Int) {
    buffer.withFloats { to in
      other.buffer.withFloats { from in
        let isSame =
          (imageStride, rowStride, classStride, blockSize) == (other.imageStride, other.rowStride, other.classStride, other.blockSize)
          && blockStride == other.blockStride
        if isSame {
          let (here, there) = (offset + target * imageStride, other.offset + source * imageStride)
          for index in 0..<imageStride { to[here + index] = from[there + index] }
          return
        }
        for row in 0..<rowsPerImage {
          for k in 0..<classes { to[index(image: target, row: row, class: k)] = from[other.index(image: source, row: row, class: k)] }
        }
      }
    }
  }
}

extension HostBuffer {
  /// Takes over the floats of a buffer of the same size.
  func copyFloats(from other: HostBuffer) {
    withFloats { to in other.withFloats { from in for index in to.indices { to[index] = from[index] } } }
  }

  /// Takes over as many floats as it has.
  func takeFloats(_ values: [Float]) {
    withFloats { to in for (index, value) in zip(to.indices, values) { to[index] = value } }
  }

  /// Adds the floats of a buffer of the same size.
  func addFloats(of other: HostBuffer) {
    withFloats { to in other.withFloats { from in for index in to.indices { to[index] += from[index] } } }
  }
}
