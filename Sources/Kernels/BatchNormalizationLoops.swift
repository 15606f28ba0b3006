import Tensors
import Threading

/// Batch normalization with an optional ReLU, over channel blocks, split at the two places where ranks exchange sums.
///
/// oneDNN's own primitive cannot be split there: its backward pass takes the statistics of one process for those of the batch.
/// These loops are bound by memory: forward reads x twice and writes y once, backward reads x and dy twice and writes dx once.
/// The sign of the normalized value is computed anew in backward, so no mask is stored.
/// Sums are taken image by image in float64, so the result does not depend on the number of threads.
/// Source: Ioffe, Szegedy, "Batch normalization", ICML 2015.
package enum BatchNormalizationLoops {
  /// Where the numbers of one layer lie.
  package struct Geometry: Sendable {
    /// The activation's layout.
    package let view: ChannelBlocks
    /// Floats that `partials` must have: two per padded channel and image.
    package var partialCount: Int { 2 * view.images * view.blocks * view.block }

    /// Takes a layout whose blocks are a multiple of 8 channels.
    /// - Throws: `LongtailError` for other layouts, which no plan produces.
    package init(_ view: ChannelBlocks) throws {
      guard view.block % 8 == 0 else {
        throw LongtailError(.internalError, "batch normalization works on channel blocks of 8 or 16, not \(view.block)")
      }
      self.view = view
    }
  }

  typealias Lanes = SIMD8<Float>
  private static let run = 64

  /// For each channel the sums of x - shift and of its square over all positions of all images, in float64.
  /// - Parameters:
  ///   - shift: a value near the mean for each channel, equal on all ranks; keeps the variance exact when the mean is large.
  ///   - sums: receives 2 C numbers, first the sums, then the sums of squares.
  package static func statistics(
    of x: FloatRegion, _ geometry: Geometry, shift: UnsafeBufferPointer<Float>, partials: UnsafeMutableBufferPointer<Double>,
    into sums: UnsafeMutableBufferPointer<Double>
  ) {
    let view = geometry.view
    let lanesPerBlock = view.block / 8
    let base = x.base
    collect(geometry, partials: partials, into: sums) { image, block, lane, first, second in
      let channel = block * view.block + lane * 8
      var center = Lanes(repeating: 0)
      for l in 0..<8 where channel + l < view.channels { center[l] = shift[channel + l] }
      let p = base + image * view.imageStride + block * view.blockStride + lane * 8
      let stride = lanesPerBlock * 8
      var s = 0
      while s < view.positions {
        let end = min(view.positions, s + run)
        var (a0, a1, b0, b1) = (Lanes(repeating: 0), Lanes(repeating: 0), Lanes(repeating: 0), Lanes(repeating: 0))
        var q = p + s * stride
        while s + 1 < end {
          let d0 = load(q) - center
          let d1 = load(q + stride) - center
          a0 += d0
          a1 += d1
          b0 = b0.addingProduct(d0, d0)
          b1 = b1.addingProduct(d1, d1)
          q += 2 * stride
          s += 2
        }
        if s < end {
          let d = load(q) - center
          a0 += d
          b0 = b0.addingProduct(d, d)
          s += 1
        }
        first += SIMD8<Double>(a0 + a1)
        second += SIMD8<Double>(b0 + b1)
      }
    }
  }

  /// y = x * factor + offset by channel, then max(0, y) with `rectified`. Padded channels become zero.
  package static func normalize(
    _ x: FloatRegion, _ geometry: Geometry, factor: UnsafeBufferPointer<Float>, offset: UnsafeBufferPointer<Float>, rectified: Bool,
    into y: FloatRegion
  ) {
    let view = geometry.view
    let (source, target) = (x.base, y.base)
    let stride = view.block
    forEachPlane(view) { image, block in
      let start = image * view.imageStride + block * view.blockStride
      for lane in 0..<(view.block / 8) {
        let channel = block * view.block + lane * 8
        let (f, o) = (gather(factor, channel, view.channels), gather(offset, channel, view.channels))
        let floor = Lanes(repeating: rectified ? 0 : -.infinity)
        var p = source + start + lane * 8
        var q = target + start + lane * 8
        for _ in 0..<view.positions {
          let v = o.addingProduct(load(p), f)
          store(v.replacing(with: floor, where: v .< floor), q)
          p += stride
          q += stride
        }
      }
    }
  }

  /// For each channel the sums of g and of g * x^ over this rank, where g is the gradient behind the ReLU and x^ the normalized input.
  /// - Parameter sums: receives 2 C numbers: the gradients of shift and of scale.
  package static func gradientSums(
    x: FloatRegion, gradient: FloatRegion, _ geometry: Geometry, mean: UnsafeBufferPointer<Float>, inverse: UnsafeBufferPointer<Float>,
    factor: UnsafeBufferPointer<Float>, offset: UnsafeBufferPointer<Float>, rectified: Bool,
    partials: UnsafeMutableBufferPointer<Double>, into sums: UnsafeMutableBufferPointer<Double>
  ) {
    let view = geometry.view
    let (xs, gs) = (x.base, gradient.base)
    let stride = view.block
    collect(geometry, partials: partials, into: sums) { image, block, lane, first, second in
      let channel = block * view.block + lane * 8
      let (f, o) = (gather(factor, channel, view.channels), gather(offset, channel, view.channels))
      let (m, i) = (gather(mean, channel, view.channels), gather(inverse, channel, view.channels))
      let start = image * view.imageStride + block * view.blockStride + lane * 8
      let zero = Lanes(repeating: 0)
      let floor = Lanes(repeating: rectified ? 0 : -.infinity)
      var s = 0
      while s < view.positions {
        let end = min(view.positions, s + run)
        var (a, b) = (zero, zero)
        var p = xs + start + s * stride
        var q = gs + start + s * stride
        while s < end {
          let value = load(p)
          let normalizedSign = o.addingProduct(value, f)
          let g = load(q).replacing(with: zero, where: normalizedSign .<= floor)
          a += g
          b = b.addingProduct(g, (value - m) * i)
          p += stride
          q += stride
          s += 1
        }
        first += SIMD8<Double>(a)
        second += SIMD8<Double>(b)
      }
    }
  }

  /// dx = factor * (g - meanGradient - x^ * meanProduct) by channel; `into` may be `gradient` itself.
  package static func gradient(
    x: FloatRegion, gradient: FloatRegion, _ geometry: Geometry, mean: UnsafeBufferPointer<Float>, inverse: UnsafeBufferPointer<Float>,
    factor: UnsafeBufferPointer<Float>, offset: UnsafeBufferPointer<Float>, rectified: Bool,
    meanGradient: UnsafeBufferPointer<Float>, meanProduct: UnsafeBufferPointer<Float>, into dx: FloatRegion
  ) {
    let view = geometry.view
    let (xs, gs, ds) = (x.base, gradient.base, dx.base)
    let stride = view.block
    forEachPlane(view) { image, block in
      for lane in 0..<(view.block / 8) {
        let channel = block * view.block + lane * 8
        let (f, o) = (gather(factor, channel, view.channels), gather(offset, channel, view.channels))
        let (m, i) = (gather(mean, channel, view.channels), gather(inverse, channel, view.channels))
        let (mg, mp) = (gather(meanGradient, channel, view.channels), gather(meanProduct, channel, view.channels))
        // dx = f g - f mg - f mp i (x - m) = f g + c1 x + c0
        let c1 = -(f * mp * i)
        let c0 = -(f * mg) - c1 * m
        let zero = Lanes(repeating: 0)
        let floor = Lanes(repeating: rectified ? 0 : -.infinity)
        let start = image * view.imageStride + block * view.blockStride + lane * 8
        var p = xs + start
        var q = gs + start
        var d = ds + start
        for _ in 0..<view.positions {
          let value = load(p)
          let normalizedSign = o.addingProduct(value, f)
          let g = load(q).replacing(with: zero, where: normalizedSign .<= floor)
          store(c0.addingProduct(value, c1).addingProduct(g, f), d)
          p += stride
          q += stride
          d += stride
        }
      }
    }
  }

  // MARK: Helpers

  /// Each thread goes through some of the images' blocks of channels, as convolutions do. Sums go backwards: what was written or read last
  /// is still in the caches, and so is what the pass behind the sums begins with.
  @inline(__always)
  private static func forEachPlane(_ view: ChannelBlocks, backwards: Bool = false, _ body: (Int, Int) -> Void) {
    ComputePool.forEachRange(of: view.images * view.blocks) { parts in
      for number in parts {
        let part = backwards ? parts.lowerBound + parts.upperBound - 1 - number : number
        body(part / view.blocks, part % view.blocks)
      }
    }
  }

  /// Runs `body` for each image, block and group of eight lanes, then adds the images' sums in order.
  @inline(__always)
  private static func collect(
    _ geometry: Geometry, partials: UnsafeMutableBufferPointer<Double>, into sums: UnsafeMutableBufferPointer<Double>,
    _ body: (Int, Int, Int, inout SIMD8<Double>, inout SIMD8<Double>) -> Void
  ) {
    let view = geometry.view
    let padded = view.blocks * view.block
    forEachPlane(view, backwards: true) { image, block in
      for lane in 0..<(view.block / 8) {
        var (first, second) = (SIMD8<Double>(repeating: 0), SIMD8<Double>(repeating: 0))
        body(image, block, lane, &first, &second)
        let at = 2 * image * padded + block * view.block + lane * 8
        for l in 0..<8 {
          partials[at + l] = first[l]
          partials[at + padded + l] = second[l]
        }
      }
    }
    for c in 0..<view.channels {
      var (first, second) = (0.0, 0.0)
      for image in 0..<view.images {
        first += partials[2 * image * padded + c]
        second += partials[(2 * image + 1) * padded + c]
      }
      sums[c] = first
      sums[view.channels + c] = second
    }
  }

  @inline(__always)
  private static func load(_ p: UnsafeMutablePointer<Float>) -> Lanes {
    UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
  }

  @inline(__always)
  private static func store(_ value: Lanes, _ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self)
  }

  @inline(__always)
  private static func gather(_ values: UnsafeBufferPointer<Float>, _ channel: Int, _ channels: Int) -> Lanes {
    var lanes = Lanes(repeating: 0)
    for l in 0..<8 where channel + l < channels { lanes[l] = values[channel + l] }
    return lanes
  }
}
