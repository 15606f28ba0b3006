/// y = x * factor + offset by channel, then max(0, y) where it is rectified: batch normalization once the statistics are known.
///
/// Layers that read a normalized activation may apply it to each number that they load, so that the activation itself is never written.
/// Factors and offsets of padded channels are zero. Owned by the layer that computes them; the loops of this room read them.
package final class ChannelScaling {
  /// Number of channels, padding aside.
  package let channels: Int
  /// Whether max(0, y) follows.
  package let rectified: Bool
  private let numbers: UnsafeMutableBufferPointer<Float>

  /// Zeros for some channels, padded to whole blocks.
  package init(channels: Int, rectified: Bool) {
    (self.channels, self.rectified) = (channels, rectified)
    numbers = .allocate(capacity: 2 * ((channels + 15) / 16 * 16))
    numbers.initialize(repeating: 0)
  }

  deinit { numbers.deallocate() }

  /// One factor a channel.
  package var factor: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(rebasing: numbers[..<channels]) }
  /// One offset a channel.
  package var offset: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: numbers[(numbers.count / 2)...].prefix(channels))
  }

  /// Those of eight channels.
  @inline(__always)
  func lanes(fromChannel channel: Int) -> ScaledLanes {
    guard let base = numbers.baseAddress else { return .identity }
    return ScaledLanes(
      factor: Lanes8.load(base + channel), offset: Lanes8.load(base + numbers.count / 2 + channel),
      floor: SIMD8(repeating: rectified ? 0 : -.infinity))
  }
}

/// The scaling of eight channels, in registers.
struct ScaledLanes {
  let factor: SIMD8<Float>
  let offset: SIMD8<Float>
  let floor: SIMD8<Float>

  static var identity: ScaledLanes {
    ScaledLanes(factor: SIMD8(repeating: 1), offset: SIMD8(repeating: 0), floor: SIMD8(repeating: -.infinity))
  }

  /// What is not a number goes on.
  @inline(__always)
  func callAsFunction(_ x: SIMD8<Float>) -> SIMD8<Float> {
    let y = offset.addingProduct(x, factor)
    return y.replacing(with: floor, where: y .< floor)
  }
}
