import Threading

/// A 3x3 convolution of dilation d and padding d by Winograd's minimal filtering: d x d interleaved convolutions of dilation 1.
///
/// The positions whose rows and columns leave the same remainders by d see only each other. Each of these d d phases is copied into an
/// image of its own, of ceil(H / d) x ceil(W / d) positions with zeros beyond the edges, goes through `WinogradConvolution`, and is copied
/// back: two copies of 8 bytes a float, little beside the products. Layouts and contracts are those of `WinogradConvolution`.
///
/// Cost of a pass: as `WinogradConvolution` for N d d images, a quarter of the direct way's where a phase's extents divide by 4.
package struct PhasedWinogradConvolution: Sendable {
  /// Number of images, 0 included.
  package let images: Int
  /// Rows of source and destination.
  package let height: Int
  /// Columns of source and destination.
  package let width: Int
  /// Distance between taps.
  package let dilation: Int

  private let inner: WinogradConvolution
  private let rows: Int
  private let columns: Int

  /// Plans a convolution for the number of threads that `ComputePool` has now; running it with another number is allowed.
  /// - Parameter block: channels in a block of the activations' layout.
  /// - Returns: nil where `WinogradConvolution` cannot work, or a phase is smaller than one of its tiles of 4x4.
  package init?(images: Int, inputChannels: Int, outputChannels: Int, height: Int, width: Int, dilation: Int, block: Int) {
    guard dilation >= 1, height >= 1, width >= 1 else { return nil }
    rows = (height + dilation - 1) / dilation
    columns = (width + dilation - 1) / dilation
    guard rows >= 4, columns >= 4,
      let inner = WinogradConvolution(
        images: images * dilation * dilation, inputChannels: inputChannels, outputChannels: outputChannels, height: rows, width: columns,
        block: block)
    else { return nil }
    self.inner = inner
    self.images = images
    self.height = height
    self.width = width
    self.dilation = dilation
  }

  private var phases: Int { dilation * dilation }
  private var sourceCount: Int { images * phases * inner.inputBlocks * rows * columns * 8 }
  private var destinationCount: Int { images * phases * inner.outputBlocks * rows * columns * 8 }

  /// Floats that every pass copies: source and destination, or their gradients, once each.
  package var copiedFloatCount: Int { sourceCount + destinationCount }

  /// Floats of scratch memory that a pass needs; what they hold before and after does not matter.
  package func scratchFloatCount(_ pass: ConvolutionPass) -> Int {
    copiedFloatCount + inner.scratchFloatCount(pass)
  }

  /// destination = weights * source. Everything in `destination` is written.
  package func forward(source: FloatRegion, weights: FloatRegion, destination: FloatRegion, scratch: FloatRegion) {
    let (from, to, rest) = parts(scratch)
    part(source, blocks: inner.inputBlocks, into: from)
    inner.forward(source: from, weights: weights, destination: to, scratch: rest)
    join(to, blocks: inner.outputBlocks, into: destination)
  }

  /// The gradient of the source.
  package func backwardData(
    gradientOfDestination: FloatRegion, weights: FloatRegion, gradientOfSource: FloatRegion, scratch: FloatRegion
  ) {
    let (from, to, rest) = parts(scratch)
    part(gradientOfDestination, blocks: inner.outputBlocks, into: to)
    inner.backwardData(gradientOfDestination: to, weights: weights, gradientOfSource: from, scratch: rest)
    join(from, blocks: inner.inputBlocks, into: gradientOfSource)
  }

  /// The gradient of the weights, summed over all images.
  package func backwardWeights(
    source: FloatRegion, gradientOfDestination: FloatRegion, gradientOfWeights: FloatRegion, scratch: FloatRegion
  ) {
    let (from, to, rest) = parts(scratch)
    part(source, blocks: inner.inputBlocks, into: from)
    part(gradientOfDestination, blocks: inner.outputBlocks, into: to)
    inner.backwardWeights(source: from, gradientOfDestination: to, gradientOfWeights: gradientOfWeights, scratch: rest)
  }

  private func parts(_ scratch: FloatRegion) -> (source: FloatRegion, destination: FloatRegion, rest: FloatRegion) {
    let used = copiedFloatCount
    return (
      scratch.slice(0, sourceCount), scratch.slice(sourceCount, destinationCount), scratch.slice(used, scratch.count - used)
    )
  }

  /// Copies an activation into its phases, with zeros beyond the edges.
  private func part(_ whole: FloatRegion, blocks: Int, into phased: FloatRegion) {
    let (from, to) = (whole.base, phased.base)
    forEachLine(blocks) { image, block, phase, row in
      let (y, x) = phase.quotientAndRemainder(dividingBy: dilation)
      let target = to + (((image * phases + phase) * blocks + block) * rows + row) * columns * 8
      let line = row * dilation + y
      let inside = line < height ? max(0, (width - x + dilation - 1) / dilation) : 0
      let source = from + ((image * blocks + block) * height + line) * width * 8 + x * 8
      for column in 0..<inside { Lanes8.store(Lanes8.load(source + column * dilation * 8), target + column * 8) }
      for column in inside..<columns { Lanes8.store(.zero, target + column * 8) }
    }
  }

  /// Copies the phases back.
  private func join(_ phased: FloatRegion, blocks: Int, into whole: FloatRegion) {
    let (from, to) = (phased.base, whole.base)
    forEachLine(blocks) { image, block, phase, row in
      let (y, x) = phase.quotientAndRemainder(dividingBy: dilation)
      let source = from + (((image * phases + phase) * blocks + block) * rows + row) * columns * 8
      let line = row * dilation + y
      guard line < height else { return }
      let target = to + ((image * blocks + block) * height + line) * width * 8 + x * 8
      for column in 0..<max(0, (width - x + dilation - 1) / dilation) {
        Lanes8.store(Lanes8.load(source + column * 8), target + column * dilation * 8)
      }
    }
  }

  /// Calls `body` for each image, block of channels, phase and row of the phase, in parallel.
  @inline(__always)
  private func forEachLine(_ blocks: Int, _ body: (_ image: Int, _ block: Int, _ phase: Int, _ row: Int) -> Void) {
    ComputePool.forEach(parts: images * blocks) { item in
      let (image, block) = item.quotientAndRemainder(dividingBy: blocks)
      for phase in 0..<phases {
        for row in 0..<rows { body(image, block, phase, row) }
      }
    }
  }
}

extension FloatRegion {
  /// Some of the floats; the caller has checked that they are there.
  fileprivate func slice(_ start: Int, _ count: Int) -> FloatRegion { FloatRegion(unchecked: buffer, offset: offset + start, count: count) }
}
