import Longtail

/// Every parameter moves by the rate, against the sign of a mean of its gradients.
final class SignDescent: Optimizer {
  struct Settings: Section {
    var momentum = 0.9
    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("momentum", &momentum, "how much of the mean stays from step to step", .between(0, below: 1))
    }
  }

  static let entry = OptimizerRegistry.Entry(
    "signDescent", summary: "steps of one length against the sign of the gradient", about: "Bernstein and others, 2018.",
    settings: Settings()
  ) { SignDescent(parameterCount: $1.parameterCount, momentum: Float($0.momentum), ranges: $1.ranges) }

  let name = "signDescent"
  let parameterCount: Int
  var stepCount = 0
  var state: [(name: String, buffer: HostBuffer)] { [("mean", mean)] }
  private let mean: HostBuffer
  private let momentum: Float
  private var factors: [Float]

  init(parameterCount: Int, momentum: Float, ranges: [ParameterRange]) {
    (self.parameterCount, self.momentum, mean) = (parameterCount, momentum, HostBuffer(floatCount: parameterCount))
    factors = [Float](repeating: 1, count: parameterCount)
    for range in ranges { for k in range.range { factors[k] = Float(range.learningRateFactor) } }
  }

  func update(parameters: HostBuffer, gradients: HostBuffer, learningRate: Double, gradientScale: Double) throws {
    stepCount += 1
    let (rate, scale) = (Float(learningRate), Float(gradientScale))
    parameters.withFloats { parameters in
      gradients.withFloats { gradients in
        mean.withFloats { mean in
          for k in parameters.indices {
            mean[k] = momentum * mean[k] + (1 - momentum) * scale * gradients[k]
            if mean[k] != 0 { parameters[k] -= rate * factors[k] * (mean[k] > 0 ? 1 : -1) }
          }
        }
      }
    }
  }
}
