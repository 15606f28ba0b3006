import Threading

/// A transposed convolution of kernel 2x2, stride 2 and no padding as products of matrices, in float32: all three passes.
///
/// Each position of the source makes a square of 2x2 positions of the destination, and no two squares overlap:
/// destination[n,o,2y+a,2x+b] = bias[o] + sum over i of weights[i,o,a,b] source[n,i,y,x]. So each pass is one product of matrices over all
/// positions. Both columns of a row of a square lie side by side in memory, which makes 16 numbers for two registers.
///
/// Activations lie in channel blocks of 8 (`ChannelBlocks`), weights and their gradients as [I/8][O/8][2][2][8 i][8 o]
/// (`TensorLayout.blockedTransposedWeights`), as oneDNN's forward kernels want them on AVX2; the bias is plain. Lanes of padded channels
/// have to be zero and come out as zero.
///
/// Every number is the same in each run and at any number of threads: sums over positions are split into parts that do not depend on it.
/// Cost of a pass: 8 N O I H W floating-point operations, H and W being those of the source.
package struct NonoverlappingTransposedConvolution: Sendable {
  /// How the work is cut; any choice gives right results.
  package struct Blocking: Sendable {
    /// Positions of the source that are handled together, a multiple of 6.
    package var chunk: Int
    /// Backward by weights: all threads share a chunk and the sums. Otherwise each thread has parts and sums of its own.
    package var shared: Bool

    /// Chooses by hand, to compare.
    package init(chunk: Int, shared: Bool = true) {
      self.chunk = max(6, (chunk + 5) / 6 * 6)
      self.shared = shared
    }
  }

  /// Number of images, 0 included.
  package let images: Int
  /// Logical channels of the source.
  package let inputChannels: Int
  /// Logical channels of the destination.
  package let outputChannels: Int
  /// Rows of the source; the destination has twice as many.
  package let height: Int
  /// Columns of the source; the destination has twice as many.
  package let width: Int

  let inputBlocks: Int
  let outputBlocks: Int
  let slots: Int
  let forced: Blocking?

  /// Plans a transposed convolution for the number of threads that `ComputePool` has now; running it with another number is allowed.
  /// - Parameter block: channels in a block of the activations' layout.
  /// - Returns: nil where `block` is not 8 or an extent is out of range.
  package init?(images: Int, inputChannels: Int, outputChannels: Int, height: Int, width: Int, block: Int) {
    self.init(
      images: images, inputChannels: inputChannels, outputChannels: outputChannels, height: height, width: width, block: block,
      blocking: nil)
  }

  /// The same with the work cut as given.
  package init?(
    images: Int, inputChannels: Int, outputChannels: Int, height: Int, width: Int, block: Int, blocking: Blocking?
  ) {
    guard block == 8, images >= 0, inputChannels >= 1, outputChannels >= 1, height >= 1, width >= 1 else { return nil }
    self.images = images
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.height = height
    self.width = width
    inputBlocks = (inputChannels + 7) / 8
    outputBlocks = (outputChannels + 7) / 8
    slots = ComputePool.threadCount
    forced = blocking
  }

  /// Positions of the source of all images.
  var positions: Int { images * height * width }

  /// Floats of scratch memory that a pass needs; what they hold before and after does not matter.
  package func scratchFloatCount(_ pass: ConvolutionPass) -> Int {
    switch pass {
    case .forward: TransposedConvolutionDataPass(self, backward: false).scratchCount
    case .backwardData: TransposedConvolutionDataPass(self, backward: true).scratchCount
    case .backwardWeights: TransposedConvolutionWeightsPass(self).scratchCount
    }
  }

  /// destination = weights * source + bias. Everything in `destination` is written.
  /// - Parameter bias: one number for each logical output channel; nil for none.
  package func forward(source: FloatRegion, weights: FloatRegion, bias: FloatRegion?, destination: FloatRegion, scratch: FloatRegion) {
    TransposedConvolutionDataPass(self, backward: false).run(
      source: source.base, weights: weights.base, bias: bias?.base, destination: destination.base, scratch: scratch.base)
  }

  /// The gradient of the source: for each of its positions, a sum over all channels of the square that it made.
  package func backwardData(
    gradientOfDestination: FloatRegion, weights: FloatRegion, gradientOfSource: FloatRegion, scratch: FloatRegion
  ) {
    TransposedConvolutionDataPass(self, backward: true).run(
      source: gradientOfDestination.base, weights: weights.base, bias: nil, destination: gradientOfSource.base, scratch: scratch.base)
  }

  /// The gradients of the weights and of the bias, summed over all images.
  /// - Parameter gradientOfBias: receives one number for each logical output channel; nil where there is no bias.
  package func backwardWeights(
    source: FloatRegion, gradientOfDestination: FloatRegion, gradientOfWeights: FloatRegion, gradientOfBias: FloatRegion?,
    scratch: FloatRegion
  ) {
    TransposedConvolutionWeightsPass(self).run(
      source: source.base, gradient: gradientOfDestination.base, weights: gradientOfWeights.base, bias: gradientOfBias?.base,
      scratch: scratch.base)
  }
}

/// Positions of the source in the order of memory, and where they lie.
struct SourcePositions {
  let height: Int
  let width: Int

  init(_ convolution: NonoverlappingTransposedConvolution) {
    height = convolution.height
    width = convolution.width
  }

  /// Floats of one channel block of the source; the destination's take four times as many.
  var blockStride: Int { height * width * 8 }

  /// Calls `body` for each run of positions in one image, with the number of positions before it, the image, the place and the length.
  @inline(__always)
  func forEachRunOfImage(first: Int, count: Int, _ body: (_ begin: Int, _ image: Int, _ place: Int, _ length: Int) -> Void) {
    var begin = 0
    var (image, place) = first.quotientAndRemainder(dividingBy: height * width)
    while begin < count {
      let length = min(count - begin, height * width - place)
      body(begin, image, place, length)
      begin += length
      image += 1
      place = 0
    }
  }

  /// The same for each run in one row. The place is that of the upper left float of the run's first square in a block of the destination.
  @inline(__always)
  func forEachRunOfRow(first: Int, count: Int, _ body: (_ begin: Int, _ image: Int, _ place: Int, _ length: Int) -> Void) {
    var begin = 0
    let (start, rest) = first.quotientAndRemainder(dividingBy: height * width)
    var image = start
    var (row, column) = rest.quotientAndRemainder(dividingBy: width)
    while begin < count {
      let length = min(count - begin, width - column)
      body(begin, image, (row * width * 2 + column) * 16, length)
      begin += length
      column = 0
      row += 1
      if row == height { (image, row) = (image + 1, 0) }
    }
  }
}
