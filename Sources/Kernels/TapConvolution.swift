import Threading

/// A convolution of stride 1 as products of matrices, one for each tap of the kernel: 1x1 and 3x3, the latter at any dilation; all passes.
///
/// Tap k reads the source `dilation` k rows or columns away, so destination[p] = sum over the taps of weights[tap] source[p + offset(tap)].
/// Where a position's neighbour lies outside of the image, that tap has nothing to add. Positions with the same taps make up rectangles,
/// nine of them at most, and each is multiplied with those taps alone. In DeepLab's pyramid that is most of the work saved: on a map of
/// 32x32, a rate of 36 has only its middle tap to compute, a rate of 24 has a quarter of the work of the whole kernel, a rate of 12 has 56 %.
///
/// The padding is `dilation` for a 3x3 kernel and none for 1x1, so that the extents stay. Activations lie in channel blocks of 8
/// (`ChannelBlocks`), weights and their gradients as [O/8][I/8][K][K][8 i][8 o]. Lanes of padded channels have to be zero and come out as zero.
///
/// Every number is the same in each run and at any number of threads.
/// Cost of a pass: 2 N O I floating-point operations for each position of an image and tap that meet inside of it.
package struct TapConvolution: Sendable {
  /// One tap of the kernel and the positions that have something to read there.
  struct Tap: Sendable {
    /// Its place in the kernel, row-major.
    let index: Int
    /// Rows from the position to what is read.
    let rowOffset: Int
    /// Columns from the position to what is read.
    let columnOffset: Int
    let rows: Range<Int>
    let columns: Range<Int>
  }

  /// A rectangle of positions that have the same taps.
  struct Region: Sendable {
    let rows: Range<Int>
    let columns: Range<Int>
    /// Numbers in `taps`.
    let taps: [Int]

    /// Positions in one image.
    var positions: Int { rows.count * columns.count }
  }

  /// Number of images, 0 included.
  package let images: Int
  /// Logical channels of the source.
  package let inputChannels: Int
  /// Logical channels of the destination.
  package let outputChannels: Int
  /// Rows of source and destination.
  package let height: Int
  /// Columns of source and destination.
  package let width: Int
  /// Rows and columns of the kernel: 1 or 3.
  package let kernel: Int
  /// Distance between taps.
  package let dilation: Int

  let inputBlocks: Int
  let outputBlocks: Int
  let slots: Int
  /// The taps that have anything to read, in the order of the kernel; a tap and its mirror image are both there or both not.
  let taps: [Tap]
  let regions: [Region]
  let forwardPass: TapDataPass
  let backwardPass: TapDataPass

  /// Plans a convolution for a number of threads, by default what `ComputePool` has now; running it with another number is allowed.
  /// - Parameter block: channels in a block of the activations' layout.
  /// - Returns: nil where `block` is not 8, the kernel is not 1 or 3, or an extent is out of range.
  package init?(
    images: Int, inputChannels: Int, outputChannels: Int, height: Int, width: Int, kernel: Int, dilation: Int = 1, block: Int,
    threads: Int = ComputePool.threadCount
  ) {
    guard block == 8, images >= 0, inputChannels >= 1, outputChannels >= 1, height >= 1, width >= 1, kernel == 1 || kernel == 3,
      dilation >= 1
    else { return nil }
    self.images = images
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.height = height
    self.width = width
    self.kernel = kernel
    self.dilation = dilation
    inputBlocks = (inputChannels + 7) / 8
    outputBlocks = (outputChannels + 7) / 8
    slots = max(1, threads)
    taps = TapConvolution.taps(kernel: kernel, dilation: dilation, height: height, width: width)
    regions = TapConvolution.regions(taps, height: height, width: width)
    let shape = TapShape(
      images: images, height: height, width: width, inputBlocks: inputBlocks, outputBlocks: outputBlocks, slots: slots,
      kernelCount: kernel * kernel, taps: taps, regions: regions)
    forwardPass = TapDataPass(shape, backward: false)
    backwardPass = TapDataPass(shape, backward: true)
  }

  var weightsPass: TapWeightsPass {
    TapWeightsPass(
      images: images, height: height, width: width, inputs: inputBlocks, outputs: outputBlocks, slots: slots,
      kernelCount: kernel * kernel, taps: taps)
  }

  /// Pairs of a position of one image and a tap that meet inside of it: what a pass costs. The whole kernel has K K H W.
  package var tapPositions: Int { taps.reduce(0) { $0 + $1.rows.count * $1.columns.count } }

  /// Floats of scratch memory that a pass needs; what they hold before and after does not matter.
  package func scratchFloatCount(_ pass: ConvolutionPass) -> Int {
    switch pass {
    case .forward: forwardPass.scratchCount
    case .backwardData: backwardPass.scratchCount
    case .backwardWeights: weightsPass.scratchCount
    }
  }

  /// destination = weights * source. Everything in `destination` is written.
  package func forward(source: FloatRegion, weights: FloatRegion, destination: FloatRegion, scratch: FloatRegion) {
    forwardPass.run(source: source.base, weights: weights.base, destination: destination.base, scratch: scratch.base)
  }

  /// The gradient of the source: the same with the kernel turned by half a turn, inputs and outputs exchanged.
  package func backwardData(
    gradientOfDestination: FloatRegion, weights: FloatRegion, gradientOfSource: FloatRegion, scratch: FloatRegion
  ) {
    backwardPass.run(
      source: gradientOfDestination.base, weights: weights.base, destination: gradientOfSource.base, scratch: scratch.base)
  }

  /// The gradient of the weights, summed over all images; zero for taps that read nothing but padding.
  package func backwardWeights(
    source: FloatRegion, gradientOfDestination: FloatRegion, gradientOfWeights: FloatRegion, scratch: FloatRegion
  ) {
    weightsPass.run(
      source: source.base, gradient: gradientOfDestination.base, weights: gradientOfWeights.base, scratch: scratch.base)
  }

  private static func taps(kernel: Int, dilation: Int, height: Int, width: Int) -> [Tap] {
    func inside(_ extent: Int, _ offset: Int) -> Range<Int> {
      let lower = min(extent, max(0, -offset))
      return lower..<max(lower, min(extent, extent - offset))
    }
    return (0..<(kernel * kernel)).compactMap { index in
      let (row, column) = index.quotientAndRemainder(dividingBy: kernel)
      let (rowOffset, columnOffset) = ((row - kernel / 2) * dilation, (column - kernel / 2) * dilation)
      let tap = Tap(
        index: index, rowOffset: rowOffset, columnOffset: columnOffset, rows: inside(height, rowOffset),
        columns: inside(width, columnOffset))
      return tap.rows.isEmpty || tap.columns.isEmpty ? nil : tap
    }
  }

  private static func regions(_ taps: [Tap], height: Int, width: Int) -> [Region] {
    func parts(_ extent: Int, _ ranges: [Range<Int>]) -> [Range<Int>] {
      let cuts = Set(ranges.flatMap { [$0.lowerBound, $0.upperBound] } + [0, extent]).sorted()
      return zip(cuts, cuts.dropFirst()).map { $0..<$1 }
    }
    let columns = parts(width, taps.map(\.columns))
    return parts(height, taps.map(\.rows)).flatMap { rows in
      columns.map { columns in
        Region(
          rows: rows, columns: columns,
          taps: taps.indices.filter {
            taps[$0].rows.contains(rows.lowerBound) && taps[$0].columns.contains(columns.lowerBound)
          })
      }
    }
  }
}

/// Positions of a rectangle of all images, in the order of images and rows, and where they lie.
struct RectanglePositions: Sendable {
  let rows: Range<Int>
  let columns: Range<Int>

  /// Calls `body` for each run of positions in one row, with the number of positions before it, the image, row, column and the length.
  @inline(__always)
  func forEachRun(first: Int, count: Int, _ body: (_ begin: Int, _ image: Int, _ row: Int, _ column: Int, _ length: Int) -> Void) {
    var begin = 0
    let (line, start) = first.quotientAndRemainder(dividingBy: columns.count)
    var (image, row) = line.quotientAndRemainder(dividingBy: rows.count)
    var column = start
    while begin < count {
      let length = min(count - begin, columns.count - column)
      body(begin, image, rows.lowerBound + row, columns.lowerBound + column, length)
      begin += length
      column = 0
      row += 1
      if row == rows.count { (image, row) = (image + 1, 0) }
    }
  }
}
