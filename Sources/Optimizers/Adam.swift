import Tensors

/// Adam, with weight decay either added to the gradient (Adam) or taken off the parameters directly (AdamW).
///
/// With gradient g, step t from 1, rate r:
///
///     Adam:   g = g + decay p          AdamW:  p = p (1 - r decay)
///     m = m + (1 - beta1)(g - m)
///     v = beta2 v + (1 - beta2) g g
///     p = p - r / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
///
/// The order of operations is PyTorch's, epsilon stands outside of the root. Corrections are computed in double precision.
/// Sources: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; Loshchilov, Hutter,
/// "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
public final class Adam: Optimizer {
  /// How weight decay works.
  public enum Decay: Sendable {
    /// Added to the gradient, and so divided by the second moment as well: Adam.
    case coupled
    /// Taken off the parameters: AdamW.
    case decoupled
  }

  /// The numbers that do not change during a run.
  public struct Settings: Sendable, Equatable {
    /// Decay of the mean of the gradients, in [0, 1).
    public var beta1 = 0.9
    /// Decay of the mean of their squares, in [0, 1).
    public var beta2 = 0.999
    /// Added to the root of the second moment; above 0.
    public var epsilon = 1e-8
    /// Weight decay, at least 0.
    public var weightDecay = 0.0
    /// How weight decay works.
    public var decay = Decay.coupled

    /// The usual settings: 0.9, 0.999, 1e-8, no weight decay.
    public init() {}
  }

  /// `adam` or `adamw`.
  public let name: String
  /// Number of floats in the buffers.
  public var parameterCount: Int { segments.count }
  /// Updates done; t of the equations.
  public var stepCount = 0
  /// `firstMoment` (m) and `secondMoment` (v).
  public var state: [(name: String, buffer: HostBuffer)] { [("firstMoment", firstMoment), ("secondMoment", secondMoment)] }
  /// The settings it was made with.
  public let settings: Settings

  private let segments: ParameterSegments
  private let firstMoment: HostBuffer
  private let secondMoment: HostBuffer

  /// Allocates the two moments, zeroed.
  /// - Parameters:
  ///   - parameterCount: floats in the flat buffer.
  ///   - settings: see there.
  ///   - ranges: stretches with their own factors; 1 elsewhere.
  /// - Throws: `LongtailError`: `usage` for settings out of range, `internalError` for ranges that overlap.
  public init(parameterCount: Int, settings: Settings = Settings(), ranges: [ParameterRange] = []) throws {
    name = settings.decay == .decoupled ? "adamw" : "adam"
    try require(settings.beta1 >= 0 && settings.beta1 < 1, name, "beta1", settings.beta1, "in [0, 1)")
    try require(settings.beta2 >= 0 && settings.beta2 < 1, name, "beta2", settings.beta2, "in [0, 1)")
    try require(settings.epsilon > 0 && settings.epsilon.isFinite, name, "epsilon", settings.epsilon, "above 0")
    try require(settings.weightDecay >= 0 && settings.weightDecay.isFinite, name, "weightDecay", settings.weightDecay, "at least 0")
    self.settings = settings
    segments = try ParameterSegments(count: parameterCount, special: ranges)
    firstMoment = HostBuffer(floatCount: parameterCount)
    secondMoment = HostBuffer(floatCount: parameterCount)
  }

  /// Does one update; see `Optimizer`.
  /// - Throws: `LongtailError` with code `internalError` where a buffer's length differs from `parameterCount`.
  public func update(parameters: HostBuffer, gradients: HostBuffer, learningRate: Double, gradientScale: Double) throws {
    try checkLengths(parameters: parameters, gradients: gradients)
    stepCount += 1
    let step = Double(stepCount)
    let firstCorrection = 1 - power(settings.beta1, step)
    let secondCorrection = (1 - power(settings.beta2, step)).squareRoot()
    let settings = settings
    parameters.withFloats { parameters in
      gradients.withFloats { gradients in
        firstMoment.withFloats { first in
          secondMoment.withFloats { second in
            guard let p = parameters.baseAddress, let g = gradients.baseAddress, let m = first.baseAddress, let v = second.baseAddress
            else { return }
            segments.forEachPiece { piece, rateFactor, decayFactor in
              let rate = learningRate * rateFactor
              let decay = settings.weightDecay * decayFactor
              let isDecoupled = settings.decay == .decoupled
              AdamLoop(
                scale: Float(gradientScale), keep: isDecoupled ? Float(1 - rate * decay) : 1, decay: isDecoupled ? 0 : Float(decay),
                blend: Float(1 - settings.beta1), beta2: Float(settings.beta2), innovation: Float(1 - settings.beta2),
                correction: Float(secondCorrection), epsilon: Float(settings.epsilon), stepSize: Float(rate / firstCorrection)
              ).run(piece, p, g, m, v)
            }
          }
        }
      }
    }
  }
}

/// The constants of one step, and the loop over one piece.
private struct AdamLoop {
  let scale: Float
  let keep: Float
  let decay: Float
  let blend: Float
  let beta2: Float
  let innovation: Float
  let correction: Float
  let epsilon: Float
  let stepSize: Float

  @inline(__always)
  func run(
    _ piece: Range<Int>, _ p: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>
  ) {
    // Written in vectors: with four streams the compiler does not find them by itself.
    var i = piece.lowerBound
    while i &+ 8 <= piece.upperBound {
      var (parameter, mean, square) = (load(p, i), load(m, i), load(v, i))
      step(&parameter, load(g, i), &mean, &square)
      store(parameter, p, i)
      store(mean, m, i)
      store(square, v, i)
      i &+= 8
    }
    while i < piece.upperBound {
      var (parameter, mean, square) = (SIMD8(repeating: p[i]), SIMD8(repeating: m[i]), SIMD8(repeating: v[i]))
      step(&parameter, SIMD8(repeating: g[i]), &mean, &square)
      (p[i], m[i], v[i]) = (parameter[0], mean[0], square[0])
      i &+= 1
    }
  }

  @inline(__always)
  private func step(_ p: inout SIMD8<Float>, _ g: SIMD8<Float>, _ m: inout SIMD8<Float>, _ v: inout SIMD8<Float>) {
    let kept = p * keep
    let gradient = g * scale + decay * kept
    m += blend * (gradient - m)
    v = v * beta2 + innovation * gradient * gradient
    p = kept - stepSize * (m / (v.squareRoot() / correction + epsilon))
  }

  @inline(__always)
  private func load(_ pointer: UnsafePointer<Float>, _ index: Int) -> SIMD8<Float> {
    UnsafeRawPointer(pointer + index).loadUnaligned(as: SIMD8<Float>.self)
  }

  @inline(__always)
  private func store(_ values: SIMD8<Float>, _ pointer: UnsafeMutablePointer<Float>, _ index: Int) {
    UnsafeMutableRawPointer(pointer + index).storeBytes(of: values, as: SIMD8<Float>.self)
  }
}
