import Tensors
import Threading

/// Loops for layers that work on each number by itself.
package enum ActivationLoops {
  /// y = max(0, x). Moves 8 bytes a float.
  package static func rectify(_ x: FloatRegion, into y: FloatRegion) {
    let (source, target) = (x.base, y.base)
    let zero = Lanes8.Lanes(repeating: 0)
    ElementLoops.forEach(x.count) { i in
      let value = Lanes8.load(source + i)
      // What is not a number goes on.
      Lanes8.store(value.replacing(with: zero, where: value .< zero), target + i)
    } rest: { i in
      target[i] = source[i] < 0 ? 0 : source[i]
    }
  }

  /// dx = dy where y > 0, else 0; `into` may be `gradient` itself.
  package static func rectifyBackward(output: FloatRegion, gradient: FloatRegion, into dx: FloatRegion) {
    let (y, source, target) = (output.base, gradient.base, dx.base)
    ElementLoops.forEach(output.count) { i in
      Lanes8.store(ElementLoops.masked(Lanes8.load(source + i), by: Lanes8.load(y + i)), target + i)
    } rest: { i in
      target[i] = y[i] > 0 ? source[i] : 0
    }
  }

  /// y = x * mask / (1 - probability), where the mask of an element is a function of (seed, epoch, sample, layer, channel, position).
  ///
  /// The same call with gradients is the backward pass. Cost: one Philox block for four positions.
  /// - Parameter streams: one stream of numbers for each image.
  package static func drop(
    _ x: FloatRegion, _ view: ChannelBlocks, probability: Double, layer: Int, streams: [CounterRandom], into y: FloatRegion
  ) {
    let (source, target) = (x.base, y.base)
    let threshold = UInt32(min(Double(UInt32.max), probability * 4_294_967_296))
    let scale = Float(1 / (1 - probability))
    ComputePool.forEach(parts: view.images * view.channels) { part in
      let (image, channel) = (part / view.channels, part % view.channels)
      let start = image * view.imageStride + (channel / view.block) * view.blockStride + channel % view.block
      let stream = streams[image]
      let base = UInt64(layer) << 40 &+ UInt64(channel) * UInt64((view.positions + 3) / 4)
      for quad in 0..<((view.positions + 3) / 4) {
        let numbers = stream.block(base &+ UInt64(quad))
        for l in 0..<min(4, view.positions - 4 * quad) {
          let at = start + (4 * quad + l) * view.block
          target[at] = numbers[l] < threshold ? 0 : source[at] * scale
        }
      }
    }
  }
}
