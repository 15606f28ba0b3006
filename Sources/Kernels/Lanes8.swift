/// Moves of eight floats, one AVX2 register.
enum Lanes8 {
  typealias Lanes = SIMD8<Float>
  typealias Floats = UnsafeMutablePointer<Float>

  @inline(__always) static func load(_ p: Floats) -> Lanes { UnsafeRawPointer(p).loadUnaligned(as: Lanes.self) }
  @inline(__always) static func store(_ value: Lanes, _ p: Floats) { UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self) }

  /// Numbers of both in turn: the lower halves, then the upper ones.
  @inline(__always)
  static func interleave(_ x: Lanes, _ y: Lanes) -> (Lanes, Lanes) {
    (
      Lanes(x[0], y[0], x[1], y[1], x[2], y[2], x[3], y[3]),
      Lanes(x[4], y[4], x[5], y[5], x[6], y[6], x[7], y[7])
    )
  }

  /// Rows and columns of 8x8 numbers exchanged; rows of the result lie `step` floats apart.
  @inline(__always)
  static func transpose(_ p: Floats, into to: Floats, step: Int) {
    let a = interleave(load(p), load(p + 32))
    let b = interleave(load(p + 8), load(p + 40))
    let c = interleave(load(p + 16), load(p + 48))
    let d = interleave(load(p + 24), load(p + 56))
    let (e, f) = (interleave(a.0, c.0), interleave(a.1, c.1))
    let (g, h) = (interleave(b.0, d.0), interleave(b.1, d.1))
    let first = (interleave(e.0, g.0), interleave(e.1, g.1))
    let second = (interleave(f.0, h.0), interleave(f.1, h.1))
    store(first.0.0, to)
    store(first.0.1, to + step)
    store(first.1.0, to + 2 * step)
    store(first.1.1, to + 3 * step)
    store(second.0.0, to + 4 * step)
    store(second.0.1, to + 5 * step)
    store(second.1.0, to + 6 * step)
    store(second.1.1, to + 7 * step)
  }
}
