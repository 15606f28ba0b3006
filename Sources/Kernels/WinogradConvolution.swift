import Threading

/// A 3x3 convolution of stride 1 and padding 1 by Winograd's minimal filtering, in float32: all three passes.
///
/// Outputs are made in tiles of 4x4 from windows of 6x6 of the source: F(4x4,3x3) takes 36 multiplications where the direct way takes
/// 144. The gradient of the weights is F(3x3,4x4) of the same windows and 4x4 tiles of the destination's gradient.
/// Each pass transforms tiles and weights, multiplies 36 pairs of matrices, and transforms back; tiles are handled in
/// chunks, so that what lies between the transforms stays in the caches.
///
/// Activations lie in channel blocks of 8 (`ChannelBlocks`), weights and their gradients as [O/8][I/8][3][3][8 i][8 o], as oneDNN's
/// direct forward kernels want them on AVX2; so nothing is reordered. Lanes of padded channels have to be zero and come out as zero.
/// The relative error (of norms) against exact arithmetic is about 1e-6.
///
/// Every number is the same in each run and at any number of threads: sums over tiles are split into parts that do not depend on it.
/// Cost of a pass: 2 * 36/16 * N O I H W floating-point operations in the products, a quarter of the direct way's.
///
/// Source: Lavin, Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
package struct WinogradConvolution: Sendable {
  /// How the work is cut; any choice gives right results.
  package struct Blocking: Sendable {
    /// Tiles in a chunk, a multiple of 6.
    package var chunk: Int
    /// Forward and backward by data: chunks are shared by all threads, each of which takes some of the output channels and transforms
    /// just their weights. Otherwise each thread takes whole chunks, and the weights are transformed once.
    /// Backward by weights: the same, for the products' sums.
    package var shared: Bool

    /// Chooses by hand, to compare.
    package init(chunk: Int, shared: Bool) {
      self.chunk = max(6, (chunk + 5) / 6 * 6)
      self.shared = shared
    }

    /// Chunks of about the same size.
    init(evenly tiles: Int, atMost limit: Int, shared: Bool) {
      let chunks = max(1, (tiles + limit - 1) / limit)
      self.init(chunk: (tiles + chunks - 1) / chunks, shared: shared)
    }
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

  let inputBlocks: Int
  let outputBlocks: Int
  let tileRows: Int
  let tileColumns: Int
  let slots: Int
  let forced: Blocking?

  /// Floats that one thread needs for half-way values, and for a tile at the border or rotated weights.
  static let bufferCount = WinogradTransforms.stripCount + WinogradTransforms.tapCount
  /// Parts that the gradient of weights is summed in where each thread takes whole chunks.
  static let weightParts = 16

  /// Plans a convolution for the number of threads that `ComputePool` has now; running it with another number is allowed.
  /// - Parameters:
  ///   - inputChannels: at least 8; below that, the direct way is faster.
  ///   - block: channels in a block of the activations' layout.
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
    guard block == 8, images >= 0, inputChannels >= 8, outputChannels >= 1, height >= 1, width >= 1 else { return nil }
    self.images = images
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.height = height
    self.width = width
    inputBlocks = (inputChannels + 7) / 8
    outputBlocks = (outputChannels + 7) / 8
    tileRows = (height + 3) / 4
    tileColumns = (width + 3) / 4
    slots = ComputePool.threadCount
    forced = blocking
  }

  /// How often a pass transforms all weights, or adds up all sums of their gradient, for a number of tiles: what a cost model has to know.
  /// - Parameters:
  ///   - inputBlocks: blocks of 8 channels of the source.
  ///   - outputBlocks: blocks of 8 channels of the destination.
  ///   - tiles: tiles of 4x4 of all images.
  ///   - threads: compute threads.
  package static func weightRounds(_ pass: ConvolutionPass, inputBlocks: Int, outputBlocks: Int, tiles: Int, threads: Int) -> Int {
    let blocking =
      switch pass {
      case .forward: WinogradDataPass.blocking(depth: inputBlocks, outputs: outputBlocks, tiles: tiles, slots: threads)
      case .backwardData: WinogradDataPass.blocking(depth: outputBlocks, outputs: inputBlocks, tiles: tiles, slots: threads)
      case .backwardWeights: WinogradWeightsPass.blocking(inputs: inputBlocks, outputs: outputBlocks, tiles: tiles)
      }
    return blocking.shared ? (tiles + blocking.chunk - 1) / blocking.chunk : 1
  }

  /// Number of tiles of all images.
  var tiles: Int { images * tileRows * tileColumns }

  /// Floats of scratch memory that a pass needs; what they hold before and after does not matter.
  package func scratchFloatCount(_ pass: ConvolutionPass) -> Int {
    switch pass {
    case .forward: WinogradDataPass(self, backward: false).scratchCount
    case .backwardData: WinogradDataPass(self, backward: true).scratchCount
    case .backwardWeights: WinogradWeightsPass(self).scratchCount
    }
  }

  /// destination = weights * source. Everything in `destination` is written.
  /// - Parameter scaling: is applied to the source as it is read.
  package func forward(
    source: FloatRegion, weights: FloatRegion, destination: FloatRegion, scratch: FloatRegion, scaling: ChannelScaling? = nil
  ) {
    var pass = WinogradDataPass(self, backward: false)
    pass.scaling = scaling
    pass.run(
      source: source.base, weights: weights.base, destination: destination.base, scratch: scratch.base)
  }

  /// The gradient of the source: a convolution with the weights rotated by half a turn, inputs and outputs exchanged.
  /// - Parameter adding: adds it to what lies there.
  package func backwardData(
    gradientOfDestination: FloatRegion, weights: FloatRegion, gradientOfSource: FloatRegion, scratch: FloatRegion, adding: Bool = false
  ) {
    var pass = WinogradDataPass(self, backward: true)
    pass.adding = adding
    pass.run(
      source: gradientOfDestination.base, weights: weights.base, destination: gradientOfSource.base, scratch: scratch.base)
  }

  /// The gradient of the weights, summed over all images.
  /// - Parameter scaling: is applied to the source as it is read.
  package func backwardWeights(
    source: FloatRegion, gradientOfDestination: FloatRegion, gradientOfWeights: FloatRegion, scratch: FloatRegion,
    scaling: ChannelScaling? = nil
  ) {
    var pass = WinogradWeightsPass(self)
    pass.scaling = scaling
    pass.run(
      source: source.base, gradient: gradientOfDestination.base, weights: gradientOfWeights.base, scratch: scratch.base)
  }

  /// Rounds a stride up to an odd number of cache lines: 36 streams a power of two apart would fall into the same few cache sets.
  static func padded(_ floats: Int) -> Int { ((floats + 15) / 16 | 1) * 16 }
}
