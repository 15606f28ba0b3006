import Kernels

/// How much an algorithm has to do in one pass of a convolution, counted in millions: what the cost model prices.
struct ConvolutionWork: Hashable, Sendable {
  /// Multiplications with additions in the inner loops, on channels padded to whole registers and maps padded to whole tiles.
  var products = 0.0
  /// Floats of the source, or of its gradient, that are read, copied or transformed outside of the inner loops.
  var source = 0.0
  /// The same of the destination, or of its gradient.
  var destination = 0.0
  /// Weights, or sums of their gradient, that are transformed, converted or added up outside of the inner loops.
  var weights = 0.0
  /// Runs of neighbouring positions that the inner loops are entered for.
  var runs = 0.0

  /// The numbers in the order in which prices are written.
  var terms: [Double] { [products, source, destination, weights, runs] }
}

extension ConvolutionSignature {
  /// What kind of convolution it is; each has algorithms, and prices, of its own.
  var family: ConvolutionFamily {
    let g = geometry
    if isTransposed { return g == ConvolutionGeometry(kernel: 2, stride: 2) ? .transposed : .other }
    let (k, d) = (g.kernel[0], g.dilation[0])
    guard g == ConvolutionGeometry(kernel: k, padding: k / 2 * d, dilation: d) else { return .other }
    switch k {
    case 1: return .pointwise
    case 3: return d == 1 ? .ordinary : .dilated
    default: return .other
    }
  }

  /// Channels that the inner loops compute at a time.
  var lanes: Int { channelBlock == 16 ? 16 : 8 }

  private func padded(_ channels: Int) -> Double { Double((channels + lanes - 1) / lanes * lanes) }

  /// The work of an algorithm.
  func work(_ algorithm: ConvolutionAlgorithm) -> ConvolutionWork {
    switch algorithm {
    case .direct: directWork
    case .winograd: winogradWork(phases: 1)
    case .tiledWinograd: winogradWork(phases: geometry.dilation[0])
    case .matrixProduct: productWork
    }
  }

  /// Floats of source, destination and weights, in millions. The image itself, of one to three channels, is read as it is.
  private var floats: (source: Double, destination: Double, weights: Double) {
    let out = outputExtents
    let inputs = inputChannels < lanes ? Double(inputChannels) : padded(inputChannels)
    let kernel = Double(geometry.kernel[0] * geometry.kernel[1])
    // Groups of few channels are put together until they fill a register.
    let ofGroup = geometry.groups == 1 ? inputs : padded(inputChannels / geometry.groups)
    return (
      Double(images * height * width) * inputs / 1e6, Double(images * out.height * out.width) * padded(outputChannels) / 1e6,
      ofGroup * padded(outputChannels) * kernel / 1e6
    )
  }

  /// Rows and columns that a tap of a kernel without stride finds inside of the map, added up over the taps.
  private func inside(_ extent: Int, _ d: Int) -> Int {
    let center = (geometry.kernel[d] - 1) / 2
    return (0..<geometry.kernel[d]).reduce(0) { $0 + max(0, extent - abs($1 - center) * geometry.dilation[d]) }
  }

  /// The library's kernels leave out rows of taps beyond the edges, but not columns.
  private var directWork: ConvolutionWork {
    let (source, destination, weights) = floats
    let out = outputExtents
    let map = isTransposed ? (height: height, width: width) : out
    let rows = family == .dilated ? inside(height, 0) : geometry.kernel[0] * map.height
    let pairs = weights / Double(geometry.kernel[0] * geometry.kernel[1])
    return ConvolutionWork(
      products: Double(images * rows * geometry.kernel[1] * map.width) * pairs, source: source, destination: destination,
      weights: weights, runs: Double(images * rows) * pairs / Double(lanes * lanes))
  }

  /// Tiles of 4x4 of each phase of the dilation, 36 products each.
  private func winogradWork(phases d: Int) -> ConvolutionWork {
    let (rows, columns) = ((height + d - 1) / d, (width + d - 1) / d)
    let tiles = images * d * d * ((rows + 3) / 4) * ((columns + 3) / 4)
    let (inputs, outputs) = (padded(inputChannels), padded(outputChannels))
    let rounds = WinogradConvolution.weightRounds(
      pass.native, inputBlocks: Int(inputs) / 8, outputBlocks: Int(outputs) / 8, tiles: tiles, threads: threads)
    let inner = Double((tiles + 5) / 6 * 6)
    return ConvolutionWork(
      products: inner * 36 * inputs * outputs / 1e6, source: Double(tiles * 16) * inputs / 1e6,
      destination: Double(tiles * 16) * outputs / 1e6, weights: inputs * outputs * 9 * Double(rounds) / 1e6,
      runs: Double(images * d * d * rows) * (inputs + outputs) / 8 / 1e6)
  }

  /// Products of matrices for the taps that meet something inside of the map.
  private var productWork: ConvolutionWork {
    guard !isTransposed else { return transposedProductWork }
    let (source, destination, weights) = floats
    guard
      let convolution = TapConvolution(
        images: images, inputChannels: inputChannels, outputChannels: outputChannels, height: height, width: width,
        kernel: geometry.kernel[0], dilation: geometry.dilation[0], block: 8, threads: threads)
    else { return ConvolutionWork() }
    let count = Double(geometry.kernel[0] * geometry.kernel[1])
    let taps = Double(convolution.tapPositions) / Double(height * width)
    let (inputs, outputs) = (padded(inputChannels), padded(outputChannels))
    return ConvolutionWork(
      products: Double(convolution.innerTapPositions(pass.native)) * inputs * outputs / 1e6, source: source * taps,
      destination: destination * (pass == .backwardWeights ? taps : 1),
      weights: weights / count * Double(convolution.weightRounds(pass.native)),
      runs: Double(images * height) * (inputs + outputs) / 8 * taps / 1e6)
  }

  /// One product of matrices for the squares of a transposed convolution, which do not overlap.
  private var transposedProductWork: ConvolutionWork {
    let (source, destination, weights) = floats
    let (inputs, outputs) = (padded(inputChannels), padded(outputChannels))
    // The gradient of the weights is summed in chunks of positions.
    let rounds = pass == .backwardWeights ? (Double(images * height * width) / 9 / 384).rounded(.up) : 1
    return ConvolutionWork(
      products: Double(images * 4 * height * width) * inputs * outputs / 1e6, source: source, destination: destination,
      weights: weights * rounds, runs: Double(images * height) * (inputs + outputs) / 8 / 1e6)
  }
}

/// Kinds of convolutions that have algorithms in common.
enum ConvolutionFamily: String, CaseIterable, Sendable, Codable {
  /// 3x3 of stride 1 that keeps the extents.
  case ordinary
  /// The same with holes between the taps.
  case dilated
  /// 1x1 of stride 1.
  case pointwise
  /// Transposed, 2x2 of stride 2.
  case transposed
  /// Everything else: strides, large kernels, groups. The library alone computes these.
  case other
}
