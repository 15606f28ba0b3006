/// The small matrix products between the transforms, with every accumulator in a register.
///
/// Variables are written out by hand: AVX2 has sixteen registers, and an array of accumulators would go through memory.
enum WinogradProducts {
  typealias Lanes = SIMD8<Float>
  typealias Floats = UnsafeMutablePointer<Float>

  @inline(__always) private static var zero: Lanes { Lanes(repeating: 0) }
  @inline(__always) private static func load(_ p: Floats) -> Lanes { UnsafeRawPointer(p).loadUnaligned(as: Lanes.self) }
  @inline(__always) private static func store(_ value: Lanes, _ p: Floats) {
    UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self)
  }

  @inline(__always)
  private static func begin(_ start: Floats?, _ offset: Int) -> Lanes {
    if let start { return load(start + offset) }
    return zero
  }

  /// 16 output channels of six tiles: m[t][16] (+)= sum over 8 * `blocks` input channels of u[c][16] v[c / 8][t][c % 8].
  @inline(__always)
  static func tiles16(_ u: Floats, _ v: Floats, _ m: Floats, blocks: Int, adding: Bool) {
    tiles16(u, v, m, blocks: blocks, start: adding ? m : nil, startStep: 16)
  }

  /// The same where the sums begin with what lies at `start` + t * `startStep`, or with zeros.
  @inline(__always)
  static func tiles16(_ u: Floats, _ v: Floats, _ m: Floats, blocks: Int, start: Floats?, startStep: Int) {
    var a0 = begin(start, 0 * startStep)
    var b0 = begin(start, 0 * startStep + 8)
    var a1 = begin(start, 1 * startStep)
    var b1 = begin(start, 1 * startStep + 8)
    var a2 = begin(start, 2 * startStep)
    var b2 = begin(start, 2 * startStep + 8)
    var a3 = begin(start, 3 * startStep)
    var b3 = begin(start, 3 * startStep + 8)
    var a4 = begin(start, 4 * startStep)
    var b4 = begin(start, 4 * startStep + 8)
    var a5 = begin(start, 5 * startStep)
    var b5 = begin(start, 5 * startStep + 8)
    var (u, v) = (u, v)
    for _ in 0..<blocks {
      var j = 0
      while j < 8 {
        let wa = load(u + 0)
        let wb = load(u + 8)
        let x0 = Lanes(repeating: v[j + 0])
        a0 = a0.addingProduct(wa, x0)
        b0 = b0.addingProduct(wb, x0)
        let x1 = Lanes(repeating: v[j + 8])
        a1 = a1.addingProduct(wa, x1)
        b1 = b1.addingProduct(wb, x1)
        let x2 = Lanes(repeating: v[j + 16])
        a2 = a2.addingProduct(wa, x2)
        b2 = b2.addingProduct(wb, x2)
        let x3 = Lanes(repeating: v[j + 24])
        a3 = a3.addingProduct(wa, x3)
        b3 = b3.addingProduct(wb, x3)
        let x4 = Lanes(repeating: v[j + 32])
        a4 = a4.addingProduct(wa, x4)
        b4 = b4.addingProduct(wb, x4)
        let x5 = Lanes(repeating: v[j + 40])
        a5 = a5.addingProduct(wa, x5)
        b5 = b5.addingProduct(wb, x5)
        u += 16
        j &+= 1
      }
      v += 48
    }
    store(a0, m + 0)
    store(b0, m + 8)
    store(a1, m + 16)
    store(b1, m + 24)
    store(a2, m + 32)
    store(b2, m + 40)
    store(a3, m + 48)
    store(b3, m + 56)
    store(a4, m + 64)
    store(b4, m + 72)
    store(a5, m + 80)
    store(b5, m + 88)
  }

  /// 8 output channels of six tiles, which lie 16 floats apart in `m`; `u` is [c][8].
  @inline(__always)
  static func tiles8(_ u: Floats, _ v: Floats, _ m: Floats, blocks: Int, adding: Bool) {
    var a0 = adding ? load(m + 0) : zero
    var a1 = adding ? load(m + 16) : zero
    var a2 = adding ? load(m + 32) : zero
    var a3 = adding ? load(m + 48) : zero
    var a4 = adding ? load(m + 64) : zero
    var a5 = adding ? load(m + 80) : zero
    var (u, v) = (u, v)
    for _ in 0..<blocks {
      var j = 0
      while j < 8 {
        let wa = load(u + 0)
        let x0 = Lanes(repeating: v[j + 0])
        a0 = a0.addingProduct(wa, x0)
        let x1 = Lanes(repeating: v[j + 8])
        a1 = a1.addingProduct(wa, x1)
        let x2 = Lanes(repeating: v[j + 16])
        a2 = a2.addingProduct(wa, x2)
        let x3 = Lanes(repeating: v[j + 24])
        a3 = a3.addingProduct(wa, x3)
        let x4 = Lanes(repeating: v[j + 32])
        a4 = a4.addingProduct(wa, x4)
        let x5 = Lanes(repeating: v[j + 40])
        a5 = a5.addingProduct(wa, x5)
        u += 8
        j &+= 1
      }
      v += 48
    }
    store(a0, m + 0)
    store(a1, m + 16)
    store(a2, m + 32)
    store(a3, m + 48)
    store(a4, m + 64)
    store(a5, m + 80)
  }

  /// 16 output by 6 input channels: m[i][16] (+)= sum over `count` tiles of d[t][16] v[t * step + i].
  @inline(__always)
  static func weights16x6(_ d: Floats, _ v: Floats, _ m: Floats, count: Int, step: Int, adding: Bool) {
    var a0 = zero
    var b0 = zero
    var a1 = zero
    var b1 = zero
    var a2 = zero
    var b2 = zero
    var a3 = zero
    var b3 = zero
    var a4 = zero
    var b4 = zero
    var a5 = zero
    var b5 = zero
    var (d, v) = (d, v)
    for _ in 0..<count {
      let wa = load(d + 0)
      let wb = load(d + 8)
      let x0 = Lanes(repeating: v[0])
      a0 = a0.addingProduct(wa, x0)
      b0 = b0.addingProduct(wb, x0)
      let x1 = Lanes(repeating: v[1])
      a1 = a1.addingProduct(wa, x1)
      b1 = b1.addingProduct(wb, x1)
      let x2 = Lanes(repeating: v[2])
      a2 = a2.addingProduct(wa, x2)
      b2 = b2.addingProduct(wb, x2)
      let x3 = Lanes(repeating: v[3])
      a3 = a3.addingProduct(wa, x3)
      b3 = b3.addingProduct(wb, x3)
      let x4 = Lanes(repeating: v[4])
      a4 = a4.addingProduct(wa, x4)
      b4 = b4.addingProduct(wb, x4)
      let x5 = Lanes(repeating: v[5])
      a5 = a5.addingProduct(wa, x5)
      b5 = b5.addingProduct(wb, x5)
      d += 16
      v += step
    }
    if adding {
      a0 += load(m + 0)
      b0 += load(m + 8)
      a1 += load(m + 16)
      b1 += load(m + 24)
      a2 += load(m + 32)
      b2 += load(m + 40)
      a3 += load(m + 48)
      b3 += load(m + 56)
      a4 += load(m + 64)
      b4 += load(m + 72)
      a5 += load(m + 80)
      b5 += load(m + 88)
    }
    store(a0, m + 0)
    store(b0, m + 8)
    store(a1, m + 16)
    store(b1, m + 24)
    store(a2, m + 32)
    store(b2, m + 40)
    store(a3, m + 48)
    store(b3, m + 56)
    store(a4, m + 64)
    store(b4, m + 72)
    store(a5, m + 80)
    store(b5, m + 88)
  }

  /// 16 output by 4 input channels.
  @inline(__always)
  static func weights16x4(_ d: Floats, _ v: Floats, _ m: Floats, count: Int, step: Int, adding: Bool) {
    var a0 = zero
    var b0 = zero
    var a1 = zero
    var b1 = zero
    var a2 = zero
    var b2 = zero
    var a3 = zero
    var b3 = zero
    var (d, v) = (d, v)
    for _ in 0..<count {
      let wa = load(d + 0)
      let wb = load(d + 8)
      let x0 = Lanes(repeating: v[0])
      a0 = a0.addingProduct(wa, x0)
      b0 = b0.addingProduct(wb, x0)
      let x1 = Lanes(repeating: v[1])
      a1 = a1.addingProduct(wa, x1)
      b1 = b1.addingProduct(wb, x1)
      let x2 = Lanes(repeating: v[2])
      a2 = a2.addingProduct(wa, x2)
      b2 = b2.addingProduct(wb, x2)
      let x3 = Lanes(repeating: v[3])
      a3 = a3.addingProduct(wa, x3)
      b3 = b3.addingProduct(wb, x3)
      d += 16
      v += step
    }
    if adding {
      a0 += load(m + 0)
      b0 += load(m + 8)
      a1 += load(m + 16)
      b1 += load(m + 24)
      a2 += load(m + 32)
      b2 += load(m + 40)
      a3 += load(m + 48)
      b3 += load(m + 56)
    }
    store(a0, m + 0)
    store(b0, m + 8)
    store(a1, m + 16)
    store(b1, m + 24)
    store(a2, m + 32)
    store(b2, m + 40)
    store(a3, m + 48)
    store(b3, m + 56)
  }

  /// 8 output by 8 input channels; `d` is [t][8], `m` is [i][8].
  @inline(__always)
  static func weights8x8(_ d: Floats, _ v: Floats, _ m: Floats, count: Int, step: Int, adding: Bool) {
    var a0 = zero
    var a1 = zero
    var a2 = zero
    var a3 = zero
    var a4 = zero
    var a5 = zero
    var a6 = zero
    var a7 = zero
    var (d, v) = (d, v)
    for _ in 0..<count {
      let wa = load(d + 0)
      let x0 = Lanes(repeating: v[0])
      a0 = a0.addingProduct(wa, x0)
      let x1 = Lanes(repeating: v[1])
      a1 = a1.addingProduct(wa, x1)
      let x2 = Lanes(repeating: v[2])
      a2 = a2.addingProduct(wa, x2)
      let x3 = Lanes(repeating: v[3])
      a3 = a3.addingProduct(wa, x3)
      let x4 = Lanes(repeating: v[4])
      a4 = a4.addingProduct(wa, x4)
      let x5 = Lanes(repeating: v[5])
      a5 = a5.addingProduct(wa, x5)
      let x6 = Lanes(repeating: v[6])
      a6 = a6.addingProduct(wa, x6)
      let x7 = Lanes(repeating: v[7])
      a7 = a7.addingProduct(wa, x7)
      d += 8
      v += step
    }
    if adding {
      a0 += load(m + 0)
      a1 += load(m + 8)
      a2 += load(m + 16)
      a3 += load(m + 24)
      a4 += load(m + 32)
      a5 += load(m + 40)
      a6 += load(m + 48)
      a7 += load(m + 56)
    }
    store(a0, m + 0)
    store(a1, m + 8)
    store(a2, m + 16)
    store(a3, m + 24)
    store(a4, m + 32)
    store(a5, m + 40)
    store(a6, m + 48)
    store(a7, m + 56)
  }
}
