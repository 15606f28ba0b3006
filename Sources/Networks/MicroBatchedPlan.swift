import Kernels
import Tensors

/// Runs a batch through a network in micro-batches, so that activations take the memory of the largest one alone: gradient accumulation.
///
/// All ports are there before the first backward pass, because the loss's sums, class statistics and factors are of the whole global batch.
/// So `forward` runs micro-batch after micro-batch and keeps nothing but their ports. `backward` starts with the last one, whose activations
/// are still there, and runs the others forward once more. Gradients add up in a buffer of their own. Loss, class statistics and gradients
/// are those of a single pass, to rounding, except for what batch norm does: its statistics are of each micro-batch (over all ranks where it
/// is synchronized), and its running statistics follow each of them, once.
///
/// Cost for k micro-batches: (k - 1)/k of a forward pass more; memory for the ports and their gradients of the whole batch, and for one more
/// buffer of gradients.
package final class MicroBatchedPlan: TrainingPass {
  /// Images of all micro-batches.
  package let images: Int

  private let parts: [Part]
  private let ports: [Port: PortRows]
  private let floatsPerImage: Int
  private let total: HostBuffer?
  private var given: Given?
  /// The running statistics before each micro-batch's forward pass: batch norm rounds by them.
  private var statistics: [[Float]] = []

  private struct Part {
    let plan: Plan
    let images: Range<Int>
  }

  /// What the forward pass was given.
  private struct Given {
    let set: ParameterSet
    let images: BatchImages
    let streams: [CounterRandom]
  }

  /// - Parameters:
  ///   - plans: one for each micro-batch, in order; some may be of no images.
  ///   - ports: what is read, or given gradients to.
  ///   - total: where gradients add up; nil where there is no backward pass.
  init(_ plans: [Plan], ports wanted: [Port: PortUse], floatsPerImage: Int, total: HostBuffer?) throws {
    var parts: [Part] = []
    for plan in plans {
      let start = parts.last?.images.upperBound ?? 0
      parts.append(Part(plan: plan, images: start..<start + plan.images))
    }
    self.parts = parts
    self.floatsPerImage = floatsPerImage
    self.total = total
    let count = parts.last?.images.upperBound ?? 0
    images = count
    guard let largest = parts.max(by: { $0.images.count < $1.images.count }) else {
      throw LongtailError(.internalError, "a batch has to consist of at least one micro-batch")
    }
    var ports: [Port: PortRows] = [:]
    for port in wanted.keys {
      let rows = try largest.plan.rows(port)
      ports[port] = PortRows(
        values: MicroBatchedPlan.rows(like: rows.values, images: count),
        gradient: rows.gradient.map { MicroBatchedPlan.rows(like: $0, images: count) })
    }
    self.ports = ports
  }

  /// The rows of a port, of all micro-batches.
  /// - Throws: `LongtailError` for a port that was not asked for.
  package func rows(_ port: Port) throws -> PortRows {
    guard let rows = ports[port] else { throw LongtailError(.internalError, "the plan was not compiled for port '\(port)'") }
    return rows
  }

  /// Computes the ports of all micro-batches.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  package func forward(_ set: ParameterSet, images: BatchImages, streams: [CounterRandom]) throws {
    let given = Given(set: set, images: images, streams: streams)
    self.given = given
    statistics = []
    for part in parts {
      statistics.append(set.statisticsCopy)
      try forward(part, given)
      for (port, whole) in ports { whole.values.copyImages(from: try part.plan.rows(port).values, startingAt: part.images.lowerBound) }
    }
  }

  /// Computes the gradients of all trained parameters. Right after `forward`, with the same parameters.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  package func backward(into gradients: HostBuffer) throws {
    guard let given, let total, statistics.count == parts.count else {
      throw LongtailError(.internalError, "a backward pass needs a forward pass before it")
    }
    // Running statistics have followed every micro-batch already.
    let last = given.set.statisticsCopy
    for (place, part) in parts.enumerated().reversed() {
      if place < parts.count - 1 {
        // The same numbers bit by bit as when its ports were computed.
        given.set.statistics.takeFloats(statistics[place])
        try forward(part, given)
      }
      for (port, whole) in ports {
        if let gradient = whole.gradient {
          try part.plan.rows(port).gradient?.copyImages(outOf: gradient, startingAt: part.images.lowerBound)
        }
      }
      try part.plan.backward(into: gradients)
      if place == parts.count - 1 {
        if place > 0 { total.copyFloats(from: gradients) }
      } else if place > 0 {
        total.addFloats(of: gradients)
      } else {
        gradients.addFloats(of: total)
      }
    }
    given.set.statistics.takeFloats(last)
  }

  /// The first layer whose output is not finite in any micro-batch; see `Plan.firstNonFiniteOutput`.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  package func firstNonFiniteOutput() throws -> (place: Int, layer: String)? {
    guard let given else { throw LongtailError(.internalError, "a search needs a forward pass before it") }
    var found: (place: Int, layer: String)?
    for part in parts {
      // All micro-batches run, whatever is found: batch norm sums over ranks.
      let output = try part.plan.firstNonFiniteOutput(given.set, images: images(of: part, given), streams: streams(of: part, given))
      if let output, output.place < found?.place ?? .max { found = output }
    }
    return found
  }

  private func forward(_ part: Part, _ given: Given) throws {
    try part.plan.forward(given.set, images: images(of: part, given), streams: streams(of: part, given))
  }

  private func images(of part: Part, _ given: Given) -> BatchImages {
    given.images.from(image: part.images.lowerBound, floatsPerImage: floatsPerImage)
  }

  /// Networks without dropout may be given none.
  private func streams(of part: Part, _ given: Given) -> [CounterRandom] {
    Array(given.streams[part.images.clamped(to: 0..<given.streams.count)])
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
