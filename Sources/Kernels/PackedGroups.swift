import Tensors

/// Groups of few channels put together, so that the channels of a group fill whole blocks: the library has no fast kernel for less.
///
/// `packed` neighbouring groups become one whose weights are zero wherever input and output belong to different ones. The result is the
/// same, as long as all numbers are finite; it costs `packed` times the products, which lanes of a register would otherwise do for nothing.
package struct PackedGroups: Sendable, Hashable {
  /// Groups before.
  package let groups: Int
  /// How many of them become one.
  package let packed: Int
  /// Input channels of a group before.
  package let inputs: Int
  /// Output channels of a group before.
  package let outputs: Int
  /// Numbers of a kernel: its rows times its columns.
  private let taps: Int

  /// Extents of the weights that the library sees: groups, outputs, inputs, rows, columns.
  package let extents: [Int]

  /// Finds the fewest groups to put together.
  /// - Parameters:
  ///   - geometry: kernel and groups.
  ///   - inputChannels: channels of the source.
  ///   - outputChannels: channels of the destination.
  ///   - block: channels that lie together in the source.
  /// - Returns: nil where groups fill blocks already, where no number of them does, and for groups of a single channel, which have kernels
  ///   of their own.
  package init?(_ geometry: ConvolutionGeometry, inputChannels: Int, outputChannels: Int, block: Int) {
    guard geometry.groups > 1, block == 8 || block == 16 else { return nil }
    let (inputs, outputs) = (inputChannels / geometry.groups, outputChannels / geometry.groups)
    guard inputs > 1 || outputs > 1, inputs % block != 0 || outputs % block != 0 else { return nil }
    let fitting = (2...geometry.groups).first { count in
      geometry.groups % count == 0 && inputs * count % block == 0 && outputs * count % block == 0
    }
    guard let packed = fitting else { return nil }
    (self.groups, self.packed, self.inputs, self.outputs) = (geometry.groups, packed, inputs, outputs)
    taps = geometry.kernel[0] * geometry.kernel[1]
    extents = [geometry.groups / packed, outputs * packed, inputs * packed] + geometry.kernel
  }

  /// The geometry with as many groups as the library sees.
  package func geometry(_ geometry: ConvolutionGeometry) -> ConvolutionGeometry {
    var made = geometry
    made.groups = groups / packed
    return made
  }

  /// Weights O, I/groups, rows, columns, row-major, to those that the library sees, row-major too; all of the latter are written.
  package func expand(_ weights: FloatRegion, into whole: FloatRegion) {
    whole.clear()
    forEachRun { compact, wide in (whole.base + wide).update(from: weights.base + compact, count: inputs * taps) }
  }

  /// The way back, for gradients: what stands where different groups meet is left out.
  package func compact(_ whole: FloatRegion, into weights: FloatRegion) {
    forEachRun { compact, wide in (weights.base + compact).update(from: whole.base + wide, count: inputs * taps) }
  }

  /// Calls `body` with the places of each output's weights in both.
  private func forEachRun(_ body: (_ compact: Int, _ wide: Int) -> Void) {
    for output in 0..<groups * outputs {
      let place = output / outputs % packed
      body(output * inputs * taps, (output * packed + place) * inputs * taps)
    }
  }
}
