import Tensors

/// Batches that no data set stands behind: for benchmarks and checks, which need numbers but no files.
extension Batch {
  /// Makes an empty batch with room for `capacity` images.
  /// - Parameter rowsPerImage: labels of an image; one for each pixel when not given.
  package convenience init(noiseCapacity capacity: Int, height: Int, width: Int, rowsPerImage: Int? = nil) {
    self.init(
      noiseCapacity: capacity, height: height, width: width,
      targets: RowLabels(capacity: max(1, capacity), rowsPerImage: rowsPerImage ?? height * width))
  }

  /// Makes an empty batch with room for `capacity` images and targets of any kind, which `fillWithNoise` fills where they label rows.
  package convenience init(noiseCapacity capacity: Int, height: Int, width: Int, targets: any Targets) {
    self.init(capacity: max(1, capacity), height: height, width: width, targets: targets)
  }

  /// Fills the batch with noise: channels uniform with mean 0 and variance 1, labels uniform over the classes. Targets that do not label rows
  /// are left empty.
  ///
  /// A sample's numbers are a function of seed, step and sample alone, so it does not matter which rank holds it. Allocates nothing from
  /// the second call on. Cost: about 25 ns for four numbers.
  /// - Parameters:
  ///   - samples: the samples' numbers; at most `capacity`.
  ///   - classes: labels are below this.
  ///   - ignoredShare: the share of rows whose label is -1, from 0 to 1.
  /// - Throws: `LongtailError` with code `internalError` when there is no room.
  package func fillWithNoise(samples: Range<Int>, step: Int, classes: Int, ignoredShare: Double, seed: UInt64) throws {
    guard samples.count <= capacity else {
      throw LongtailError(.internalError, "\(samples.count) samples do not fit into a batch of \(capacity)")
    }
    let (pixels, labelled) = (height * width, targets as? RowLabels)
    let rows = labelled?.rowsPerImage ?? 0
    if sampleIndices.elementsEqual(samples), let labelled, labelled.labels.count == samples.count * rows {
      self.step = step
    } else {
      prepare(epoch: 0, step: step, samples: Array(samples))
    }
    let scale = Float(3).squareRoot() * 2 * 0x1p-32
    images.withFloats { floats in
      for (place, sample) in samples.enumerated() {
        let random = CounterRandom(seed: seed, purpose: .testing, epoch: step, sample: 2 * sample)
        let start = place * 3 * pixels
        Batch.forEachBlock(of: 3 * pixels, random) { index, word in
          floats[start + index] = (Float(word) - 0x1p31) * scale
        }
      }
    }
    labelled?.labels.withUnsafeMutableBufferPointer { labels in
      for (place, sample) in samples.enumerated() {
        let random = CounterRandom(seed: seed, purpose: .testing, epoch: step, sample: 2 * sample + 1)
        let start = place * rows
        Batch.forEachBlock(of: rows, random) { index, word in
          let position = Double(word) * 0x1p-32
          let share = (position - ignoredShare) / (1 - ignoredShare)
          labels[start + index] = position < ignoredShare ? -1 : Int32(min(Double(classes - 1), share * Double(classes)))
        }
      }
    }
  }

  @inline(__always)
  private static func forEachBlock(of count: Int, _ random: CounterRandom, _ body: (Int, UInt32) -> Void) {
    for first in stride(from: 0, to: count, by: 4) {
      let words = random.block(UInt64(first / 4))
      for lane in 0..<min(4, count - first) { body(first + lane, words[lane]) }
    }
  }
}
