import Threading

/// The backward pass by weights of a convolution on maps of a few pixels, for which the library has but its reference loops on AVX2.
///
/// For each tap the gradient is the sum over images and positions of destination's gradient times what the tap reads, in float32: first
/// within an image, then over the images in order. Any kernel, stride, padding and dilation, without groups; optionally the gradient of a
/// bias. Activations lie in channel blocks of 8 (`ChannelBlocks`), weights as [O/8][I/8][K][K][8 i][8 o]. Lanes of padded channels have to be
/// zero and come out as zero.
///
/// Every number is the same in each run and at any number of threads.
/// Cost: 2 N O I Kh Kw Ho Wo operations.
package struct SmallMapWeightsPass: Sendable {
  typealias Floats = UnsafeMutablePointer<Float>

  /// Number of images, 0 included.
  package let images: Int
  /// Logical channels of the source.
  package let inputChannels: Int
  /// Logical channels of the destination.
  package let outputChannels: Int
  /// Rows and columns of the source.
  package let extents: [Int]
  /// Rows and columns of the destination.
  package let outputExtents: [Int]

  private let geometry: ConvolutionGeometry
  private var inputs: Int { (inputChannels + 7) / 8 }
  private var outputs: Int { (outputChannels + 7) / 8 }

  /// Plans the pass.
  /// - Parameters:
  ///   - extents: rows and columns of the source; those of the destination follow.
  ///   - block: channels in a block of the activations' layout.
  /// - Returns: nil where `block` is not 8, there are groups, or nothing is computed.
  package init?(
    images: Int, inputChannels: Int, outputChannels: Int, extents: [Int], geometry: ConvolutionGeometry, block: Int
  ) {
    let outputExtents = extents.indices.map { geometry.outputExtent(extents[$0], dimension: $0) }
    guard block == 8, geometry.groups == 1, images >= 0, inputChannels >= 1, outputChannels >= 1, extents.count == 2,
      (extents + outputExtents).allSatisfy({ $0 >= 1 })
    else { return nil }
    self.images = images
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.extents = extents
    self.outputExtents = outputExtents
    self.geometry = geometry
  }

  /// Writes all of the gradient of the weights and, where there is one, all of that of the bias.
  package func run(
    source: FloatRegion, gradientOfDestination: FloatRegion, gradientOfWeights: FloatRegion, gradientOfBias: FloatRegion?
  ) {
    let (source, gradient, weights) = (source.base, gradientOfDestination.base, gradientOfWeights.base)
    let bias = gradientOfBias?.base
    ComputePool.forEach(parts: outputs * inputs) { pair in
      let (output, input) = pair.quotientAndRemainder(dividingBy: inputs)
      for row in 0..<geometry.kernel[0] {
        for column in 0..<geometry.kernel[1] {
          let tap = (pair * geometry.kernel[0] + row) * geometry.kernel[1] + column
          sumTap(source, gradient, input: input, output: output, row: row, column: column, into: weights + tap * 64)
        }
      }
      if let bias, input == 0 { sumBias(gradient, output: output, into: bias) }
    }
  }

  /// The positions of the destination, in one dimension, whose tap reads something.
  private func positions(_ dimension: Int, tap: Int) -> Range<Int> {
    let (stride, offset) = (geometry.strides[dimension], tap * geometry.dilation[dimension] - geometry.padding[dimension])
    let first = offset < 0 ? (-offset + stride - 1) / stride : 0
    let end = extents[dimension] - offset <= 0 ? 0 : (extents[dimension] - offset - 1) / stride + 1
    let upper = min(outputExtents[dimension], end)
    return min(first, upper)..<upper
  }

  /// Eight inputs by eight outputs of one tap.
  private func sumTap(_ source: Floats, _ gradient: Floats, input: Int, output: Int, row: Int, column: Int, into target: Floats) {
    let (rows, columns) = (positions(0, tap: row), positions(1, tap: column))
    let rowOffset = row * geometry.dilation[0] - geometry.padding[0]
    let columnOffset = column * geometry.dilation[1] - geometry.padding[1]
    target.update(repeating: 0, count: 64)
    for image in 0..<images {
      let from = source + (image * inputs + input) * extents[0] * extents[1] * 8
      let own = gradient + (image * outputs + output) * outputExtents[0] * outputExtents[1] * 8
      var (a, b, c, d) = (Lanes8.Lanes.zero, Lanes8.Lanes.zero, Lanes8.Lanes.zero, Lanes8.Lanes.zero)
      var (e, f, g, h) = (Lanes8.Lanes.zero, Lanes8.Lanes.zero, Lanes8.Lanes.zero, Lanes8.Lanes.zero)
      for y in rows {
        let line = from + (y * geometry.strides[0] + rowOffset) * extents[1] * 8
        for x in columns {
          let read = line + (x * geometry.strides[1] + columnOffset) * 8
          let factor = Lanes8.load(own + (y * outputExtents[1] + x) * 8)
          a.addProduct(factor, Lanes8.Lanes(repeating: read[0]))
          b.addProduct(factor, Lanes8.Lanes(repeating: read[1]))
          c.addProduct(factor, Lanes8.Lanes(repeating: read[2]))
          d.addProduct(factor, Lanes8.Lanes(repeating: read[3]))
          e.addProduct(factor, Lanes8.Lanes(repeating: read[4]))
          f.addProduct(factor, Lanes8.Lanes(repeating: read[5]))
          g.addProduct(factor, Lanes8.Lanes(repeating: read[6]))
          h.addProduct(factor, Lanes8.Lanes(repeating: read[7]))
        }
      }
      func add(_ sum: Lanes8.Lanes, _ lane: Int) { Lanes8.store(Lanes8.load(target + lane * 8) + sum, target + lane * 8) }
      add(a, 0)
      add(b, 1)
      add(c, 2)
      add(d, 3)
      add(e, 4)
      add(f, 5)
      add(g, 6)
      add(h, 7)
    }
  }

  /// The sums of up to eight outputs.
  private func sumBias(_ gradient: Floats, output: Int, into bias: Floats) {
    var sums = Lanes8.Lanes.zero
    for image in 0..<images {
      let own = gradient + (image * outputs + output) * outputExtents[0] * outputExtents[1] * 8
      var sum = Lanes8.Lanes.zero
      for position in 0..<outputExtents[0] * outputExtents[1] { sum += Lanes8.load(own + position * 8) }
      sums += sum
    }
    for lane in 0..<min(8, outputChannels - output * 8) { bias[output * 8 + lane] = sums[lane] }
  }
}
