import Threading

/// Sums of two activations, as residual connections have them, with an optional ReLU behind.
public enum AdditionLoops {
  /// y = a + b, or max(0, a + b). Moves 12 bytes a float.
  public static func add(_ a: FloatRegion, _ b: FloatRegion, rectified: Bool, into y: FloatRegion) {
    let (first, second, target) = (a.base, b.base, y.base)
    let floor: Float = rectified ? 0 : -.infinity
    ComputePool.forEachRange(of: y.count, minimum: 4096, alignment: 16) { range in
      for i in range {
        let sum = first[i] + second[i]
        // What is not a number goes on.
        target[i] = sum < floor ? floor : sum
      }
    }
  }

  /// The gradients of a and b: that of y where y > 0. Each of them may be the gradient of y itself. Moves up to 16 bytes a float.
  /// - Parameters:
  ///   - y: the sum after its ReLU; nil where there is none.
  ///   - targets: where the gradient goes; nil for an input that needs none.
  public static func gradient(output y: FloatRegion?, gradient: FloatRegion, into targets: (FloatRegion?, FloatRegion?)) {
    let source = gradient.base
    let (a, b) = (targets.0?.base, targets.1?.base)
    let mask = y?.base
    ComputePool.forEachRange(of: gradient.count, minimum: 4096, alignment: 16) { range in
      if let mask, let a, let b {
        for i in range {
          let value = mask[i] > 0 ? source[i] : 0
          a[i] = value
          b[i] = value
        }
        return
      }
      if let a { write(range, source, mask, into: a) }
      if let b { write(range, source, mask, into: b) }
    }
  }

  @inline(__always)
  private static func write(
    _ range: Range<Int>, _ source: UnsafeMutablePointer<Float>, _ mask: UnsafeMutablePointer<Float>?,
    into target: UnsafeMutablePointer<Float>
  ) {
    if let mask {
      for i in range { target[i] = mask[i] > 0 ? source[i] : 0 }
    } else if target != source {
      for i in range { target[i] = source[i] }
    }
  }
}
