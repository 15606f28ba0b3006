import Tensors

/// Stochastic gradient descent with momentum, as PyTorch does it: the rate multiplies the buffer, not the gradient that enters it.
///
///     g = g + decay p
///     b = momentum b + g
///     p = p - r b              Nesterov:  p = p - r (g + momentum b)
///
/// Without momentum there is no buffer. Sources: Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in
/// deep learning", ICML 2013; the form above differs from theirs by where the rate stands.
public final class StochasticGradientDescent: Optimizer {
  /// The numbers that do not change during a run.
  public struct Settings: Sendable, Equatable {
    /// How much of the buffer remains, in [0, 1).
    public var momentum = 0.0
    /// Whether to look ahead by one momentum step; needs momentum.
    public var nesterov = false
    /// Weight decay, at least 0.
    public var weightDecay = 0.0

    /// Plain descent: no momentum, no weight decay.
    public init() {}
  }

  /// `sgd`.
  public let name = "sgd"
  /// Number of floats in the buffers.
  public var parameterCount: Int { segments.count }
  /// Updates done.
  public var stepCount = 0
  /// `momentum` (b), or nothing.
  public var state: [(name: String, buffer: HostBuffer)] { momentumBuffer.map { [("momentum", $0)] } ?? [] }
  /// The settings it was made with.
  public let settings: Settings

  private let segments: ParameterSegments
  private let momentumBuffer: HostBuffer?

  /// Allocates the momentum buffer where there is momentum, zeroed.
  /// - Parameters:
  ///   - parameterCount: floats in the flat buffer.
  ///   - settings: see there.
  ///   - ranges: stretches with their own factors; 1 elsewhere.
  /// - Throws: `LongtailError`: `usage` for settings out of range, `internalError` for ranges that overlap.
  public init(parameterCount: Int, settings: Settings = Settings(), ranges: [ParameterRange] = []) throws {
    try require(settings.momentum >= 0 && settings.momentum < 1, name, "momentum", settings.momentum, "in [0, 1)")
    try require(settings.weightDecay >= 0 && settings.weightDecay.isFinite, name, "weightDecay", settings.weightDecay, "at least 0")
    if settings.nesterov, settings.momentum == 0 {
      throw LongtailError(.usage, "optimizer '\(name)': nesterov needs a momentum above 0", advice: "Set momentum, 0.9 for example.")
    }
    self.settings = settings
    segments = try ParameterSegments(count: parameterCount, special: ranges)
    momentumBuffer = settings.momentum > 0 ? HostBuffer(floatCount: parameterCount) : nil
  }

  /// Does one update; see `Optimizer`.
  /// - Throws: `LongtailError` with code `internalError` where a buffer's length differs from `parameterCount`.
  public func update(parameters: HostBuffer, gradients: HostBuffer, learningRate: Double, gradientScale: Double) throws {
    try checkLengths(parameters: parameters, gradients: gradients)
    stepCount += 1
    let scale = Float(gradientScale)
    let momentum = Float(settings.momentum)
    let nesterov = settings.nesterov
    let weightDecay = settings.weightDecay
    parameters.withFloats { parameters in
      gradients.withFloats { gradients in
        guard let p = parameters.baseAddress, let g = gradients.baseAddress else { return }
        guard let momentumBuffer else {
          segments.forEachPiece { piece, rateFactor, decayFactor in
            Self.plain(piece, p, g, scale: scale, rate: Float(learningRate * rateFactor), decay: Float(weightDecay * decayFactor))
          }
          return
        }
        momentumBuffer.withFloats { buffer in
          guard let b = buffer.baseAddress else { return }
          segments.forEachPiece { piece, rateFactor, decayFactor in
            let rate = Float(learningRate * rateFactor)
            let decay = Float(weightDecay * decayFactor)
            if nesterov {
              Self.lookAhead(piece, p, g, b, scale: scale, rate: rate, decay: decay, momentum: momentum)
            } else {
              Self.heavyBall(piece, p, g, b, scale: scale, rate: rate, decay: decay, momentum: momentum)
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private static func plain(
    _ piece: Range<Int>, _ p: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, scale: Float, rate: Float, decay: Float
  ) {
    var i = piece.lowerBound
    while i < piece.upperBound {
      p[i] -= rate * (g[i] * scale + decay * p[i])
      i &+= 1
    }
  }

  @inline(__always)
  private static func heavyBall(
    _ piece: Range<Int>, _ p: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ b: UnsafeMutablePointer<Float>, scale: Float,
    rate: Float, decay: Float, momentum: Float
  ) {
    var i = piece.lowerBound
    while i < piece.upperBound {
      let velocity = b[i] * momentum + (g[i] * scale + decay * p[i])
      b[i] = velocity
      p[i] -= rate * velocity
      i &+= 1
    }
  }

  @inline(__always)
  private static func lookAhead(
    _ piece: Range<Int>, _ p: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ b: UnsafeMutablePointer<Float>, scale: Float,
    rate: Float, decay: Float, momentum: Float
  ) {
    var i = piece.lowerBound
    while i < piece.upperBound {
      let gradient = g[i] * scale + decay * p[i]
      let velocity = b[i] * momentum + gradient
      b[i] = velocity
      p[i] -= rate * (gradient + momentum * velocity)
      i &+= 1
    }
  }
}
