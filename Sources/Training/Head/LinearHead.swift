import Tensors
import Threading

/// A linear classifier on rows of features: z = W x + b.
///
/// Its passes are products in closed form, so that it can be trained, and looked through, without a network. Numbers are float32; sums run
/// in a fixed order, whatever the number of threads. Cost of each pass: 2 n C d operations for n rows.
package final class LinearHead: Stateful {
  /// C: rows of W.
  package let classes: Int
  /// d: numbers of a row of features.
  package let features: Int
  /// W, C x d row-major, and the C biases behind it. Gradients lie in the same order.
  package let parameters: HostBuffer

  /// Begins uniform in ±1/sqrt(d), as PyTorch's `Linear`; a function of the seed and a number of the head's own.
  /// - Throws: `LongtailError` for a head without classes or features.
  package init(classes: Int, features: Int, seed: UInt64, number: Int = 0) throws {
    guard classes > 0, features > 0 else {
      throw LongtailError(.usage, "a head of \(classes) classes on \(features) features computes nothing")
    }
    (self.classes, self.features) = (classes, features)
    parameters = HostBuffer(floatCount: classes * features + classes)
    begin(seed: seed, number: number)
  }

  /// Gives W and b their first values once more: a head that is trained anew on features that stay.
  package func begin(seed: UInt64, number: Int = 0) {
    let bound = 1 / Double(features).squareRoot()
    // Behind the places of a network's parameters, which begin by the same rule.
    let random = CounterRandom(seed: seed, purpose: .initialization, sample: 1 << 24 + number)
    parameters.withFloats { floats in for i in floats.indices { floats[i] = Float(random.uniform(i, in: -bound...bound)) } }
  }

  /// Names W and b, as PyTorch does.
  package func describeState(in tree: inout StateTree) {
    tree.tensor("weight", shape: [classes, features], in: parameters, title: "weight of the head")
    tree.tensor("bias", shape: [classes], in: parameters, at: classes * features, title: "bias of the head")
  }

  /// The scores of n rows.
  /// - Parameters:
  ///   - rows: n x d, row-major.
  ///   - scores: overwritten: n x C, row-major.
  package func score(_ rows: UnsafeBufferPointer<Float>, count: Int, into scores: HostBuffer) {
    parameters.withFloats { parameters in
      scores.withFloats { scores in
        guard let weights = parameters.baseAddress, let x = rows.baseAddress, let z = scores.baseAddress else { return }
        ComputePool.forEachRange(of: count, minimum: 1) { range in
          for i in range {
            for c in 0..<classes {
              z[i * classes + c] = weights[classes * features + c] + dot(x + i * features, weights + c * features, features)
            }
          }
        }
      }
    }
  }

  /// The sum over the rows of e_i [x_i, 1]': the gradient of W and b, where e_i is that of the scores.
  /// - Parameters:
  ///   - errors: n x C, row-major.
  ///   - rows: n x d, row-major.
  ///   - gradient: overwritten, in the order of `parameters`.
  package func outerProducts(_ errors: HostBuffer, _ rows: UnsafeBufferPointer<Float>, count: Int, into gradient: HostBuffer) {
    errors.withFloats { errors in
      gradient.withFloats { gradient in
        guard let e = errors.baseAddress, let g = gradient.baseAddress else { return }
        ComputePool.forEachRange(of: classes, minimum: 1) { range in
          for c in range {
            let row = g + c * features
            for k in 0..<features { row[k] = 0 }
            var bias: Float = 0
            for i in 0..<count {
              let error = e[i * classes + c]
              bias += error
              if error != 0, let x = rows.baseAddress { add(error, x + i * features, to: row, features) }
            }
            g[classes * features + c] = bias
          }
        }
      }
    }
  }

  /// e_i' M [x_i, 1] for each row: how a loss whose gradient is M changes with the weight of the row in the step that e_i belongs to.
  /// - Parameter matrix: M, in the order of `parameters`.
  /// - Returns: one number a row, in double precision.
  package func products(
    _ errors: HostBuffer, _ matrix: HostBuffer, _ rows: UnsafeBufferPointer<Float>, count: Int
  ) -> [Double] {
    errors.withFloats { e in
      matrix.withFloats { m in
        (0..<count).map { i in
          var sum = 0.0
          for c in 0..<classes where e[i * classes + c] != 0 {
            var product = Double(m[classes * features + c])
            for k in 0..<features { product += Double(m[c * features + k]) * Double(rows[i * features + k]) }
            sum += Double(e[i * classes + c]) * product
          }
          return sum
        }
      }
    }
  }
}

@inline(__always)
private func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
  var lanes = (SIMD8<Float>(), SIMD8<Float>())
  var k = 0
  while k &+ 16 <= count {
    lanes.0 += load(a + k) * load(b + k)
    lanes.1 += load(a + k + 8) * load(b + k + 8)
    k &+= 16
  }
  var sum = (lanes.0 + lanes.1).sum()
  while k < count {
    sum += a[k] * b[k]
    k &+= 1
  }
  return sum
}

@inline(__always)
private func add(_ factor: Float, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, _ count: Int) {
  var k = 0
  while k &+ 8 <= count {
    let sum = load(y + k) + factor * load(x + k)
    UnsafeMutableRawPointer(y + k).storeBytes(of: sum, as: SIMD8<Float>.self)
    k &+= 8
  }
  while k < count {
    y[k] += factor * x[k]
    k &+= 1
  }
}

@inline(__always)
private func load(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}
