import Tensors
import Threading

/// The Euclidean norm of a buffer of floats, summed in double precision.
///
/// The buffer is cut into the same 128 pieces whatever the number of threads, and their sums are added in order: the same bits always.
/// Not finite where an element is not. Cost: one pass over the buffer.
public func globalNorm(of buffer: HostBuffer) -> Double {
  sumOfSquares(of: buffer).squareRoot()
}

/// The sum of the squares behind `globalNorm`, to be added up over several buffers.
public func sumOfSquares(of buffer: HostBuffer) -> Double {
  let count = buffer.floatCount
  let pieces = 128
  return withUnsafeTemporaryAllocation(of: Double.self, capacity: pieces) { sums in
    buffer.withFloats { floats in
      guard let base = floats.baseAddress, let sums = sums.baseAddress else { return 0 }
      let length = (count + pieces - 1) / pieces
      ComputePool.forEach(parts: count > 1 << 15 ? pieces : 1) { part in
        // A small buffer is one part, that walks over all pieces: the sums are the same.
        let range = count > 1 << 15 ? part..<part + 1 : 0..<pieces
        for piece in range {
          let lower = min(count, piece * length)
          sums[piece] = squares(base, lower..<min(count, lower + length))
        }
      }
      var total = 0.0
      for piece in 0..<pieces { total += sums[piece] }
      return total
    }
  }
}

@inline(__always)
private func squares(_ base: UnsafePointer<Float>, _ range: Range<Int>) -> Double {
  var sums = (SIMD4<Double>(), SIMD4<Double>())
  var i = range.lowerBound
  while i + 8 <= range.upperBound {
    let low = SIMD4<Double>(Double(base[i]), Double(base[i + 1]), Double(base[i + 2]), Double(base[i + 3]))
    let high = SIMD4<Double>(Double(base[i + 4]), Double(base[i + 5]), Double(base[i + 6]), Double(base[i + 7]))
    sums.0 += low * low
    sums.1 += high * high
    i &+= 8
  }
  var total = (sums.0 + sums.1).sum()
  while i < range.upperBound {
    total += Double(base[i]) * Double(base[i])
    i &+= 1
  }
  return total
}

/// Limits the norm of all gradients together, as PyTorch's `clip_grad_norm_` does.
///
/// Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, section 3.2.
public struct GradientClipping: Sendable, Equatable {
  /// The largest norm that passes.
  public let maximumNorm: Double

  /// Limits the norm.
  /// - Throws: `LongtailError` with code `usage` unless the limit is finite and above 0.
  public init(maximumNorm: Double) throws {
    if !(maximumNorm > 0 && maximumNorm.isFinite) {
      throw LongtailError(.usage, "the gradients' norm cannot be limited to \(maximumNorm), expected a finite number above 0")
    }
    self.maximumNorm = maximumNorm
  }

  /// What the gradients have to be multiplied by: `min(1, maximumNorm / (norm + 1e-6))`.
  ///
  /// For a norm that is not finite this is 0, which makes nothing of the finite gradients; such a step is better skipped by the caller.
  public func scale(forNorm norm: Double) -> Double {
    norm.isFinite ? min(1, maximumNorm / (norm + 1e-6)) : 0
  }
}
