import Threading

/// Sums of two activations, as residual connections have them, with an optional ReLU behind.
package enum AdditionLoops {
  /// y = a + b, or max(0, a + b). Moves 12 bytes a float.
  package static func add(_ a: FloatRegion, _ b: FloatRegion, rectified: Bool, into y: FloatRegion) {
    let (first, second, target) = (a.base, b.base, y.base)
    let floor = Lanes8.Lanes(repeating: rectified ? 0 : -.infinity)
    ElementLoops.forEach(y.count) { i in
      let sum = Lanes8.load(first + i) + Lanes8.load(second + i)
      // What is not a number goes on.
      Lanes8.store(sum.replacing(with: floor, where: sum .< floor), target + i)
    } rest: { i in
      let sum = first[i] + second[i]
      target[i] = sum < floor[0] ? floor[0] : sum
    }
  }

  /// y = s(a) + t(b), or max(0, s(a) + t(b)), where s and t are scalings by channel; nil leaves an input as it is. Moves 12 bytes a float.
  package static func add(
    _ a: FloatRegion, _ s: ChannelScaling?, _ b: FloatRegion, _ t: ChannelScaling?, _ view: ChannelBlocks, rectified: Bool,
    into y: FloatRegion
  ) {
    let (first, second, target, stride) = (a.base, b.base, y.base, view.block)
    let floor = Lanes8.Lanes(repeating: rectified ? 0 : -.infinity)
    ComputePool.forEachRange(of: view.images * view.blocks) { parts in
      for part in parts {
        let (image, block) = part.quotientAndRemainder(dividingBy: view.blocks)
        for lane in 0..<(view.block / 8) {
          let channel = block * view.block + lane * 8
          let scaling = (s?.lanes(fromChannel: channel), t?.lanes(fromChannel: channel))
          var at = image * view.imageStride + block * view.blockStride + lane * 8
          for _ in 0..<view.positions {
            var (x, z) = (Lanes8.load(first + at), Lanes8.load(second + at))
            if let scale = scaling.0 { x = scale(x) }
            if let scale = scaling.1 { z = scale(z) }
            let sum = x + z
            Lanes8.store(sum.replacing(with: floor, where: sum .< floor), target + at)
            at &+= stride
          }
        }
      }
    }
  }

  /// The gradients of a and b: that of y where y > 0. Each of them may be the gradient of y itself. Moves up to 16 bytes a float.
  /// - Parameters:
  ///   - y: the sum after its ReLU; nil where there is none.
  ///   - targets: where the gradient goes; nil for an input that needs none.
  package static func gradient(output y: FloatRegion?, gradient: FloatRegion, into targets: (FloatRegion?, FloatRegion?)) {
    guard let y else {
      for target in [targets.0, targets.1].compactMap({ $0 }) where target.base != gradient.base { target.copy(gradient) }
      return
    }
    guard let first = targets.0 ?? targets.1 else { return }
    let (source, mask, a, b) = (gradient.base, y.base, first.base, (targets.0 == nil ? nil : targets.1)?.base)
    ElementLoops.forEach(gradient.count) { i in
      let value = ElementLoops.masked(Lanes8.load(source + i), by: Lanes8.load(mask + i))
      Lanes8.store(value, a + i)
      if let b { Lanes8.store(value, b + i) }
    } rest: { i in
      let value = mask[i] > 0 ? source[i] : 0
      a[i] = value
      b?[i] = value
    }
  }
}
