import Kernels
import Tensors
import Threading

/// Chooses the algorithm of one convolution, pass by pass.
struct ConvolutionTuner {
  private let builder: NodeBuilder
  private let algorithms: [ConvolutionAlgorithm]
  private let signature: String

  init(
    _ builder: NodeBuilder, geometry g: ConvolutionGeometry, algorithms: [ConvolutionAlgorithm], input: TensorLayout, output: TensorLayout
  ) {
    self.builder = builder
    self.algorithms = algorithms
    let shape = builder.inputShape()
    signature =
      "n\(builder.images) i\(shape.channels) o\(builder.outputShape.channels) \(shape.height)x\(shape.width) k\(g.kernel) s\(g.strides) "
      + "p\(g.padding) d\(g.dilation) g\(g.groups) \(builder.isTraining ? "training" : "inference") threads\(ComputePool.threadCount) "
      + "\(OneDNN.instructionSet) \(OneDNN.version)"
  }

  /// The request that the policy prefers among those which the library can serve well.
  func choose(
    _ pass: PlanReport.Pass, _ request: (ConvolutionAlgorithm) throws -> PrimitiveDescriptor
  ) throws -> PrimitiveDescriptor {
    let direct = try request(.direct)
    var possible: [(algorithm: ConvolutionAlgorithm, descriptor: PrimitiveDescriptor)] = [(.direct, direct)]
    for algorithm in algorithms where algorithm != .direct {
      // An algorithm that the library or the processor does not have is no candidate; that is not an error.
      if let descriptor = try? request(algorithm), !descriptor.isReference { possible.append((algorithm, descriptor)) }
    }
    let chosen = try select(pass, possible)
    builder.plan.report.algorithms["\(builder.node.name) \(pass.rawValue)"] = chosen.algorithm.rawValue
    return chosen.descriptor
  }

  private func select(
    _ pass: PlanReport.Pass, _ possible: [(algorithm: ConvolutionAlgorithm, descriptor: PrimitiveDescriptor)]
  ) throws -> (algorithm: ConvolutionAlgorithm, descriptor: PrimitiveDescriptor) {
    switch builder.options.algorithms {
    case .fixed(let wanted):
      return possible.first { $0.algorithm == wanted } ?? possible[0]
    case .automatic(let choices):
      let key = "\(signature) \(pass.rawValue)"
      if let known = choices.choice(key), let found = possible.first(where: { $0.algorithm == known.algorithm }) { return found }
      guard possible.count > 1 else { return possible[0] }
      var milliseconds: [String: Double] = [:]
      for candidate in possible {
        milliseconds[candidate.algorithm.rawValue] = try KernelTimer.bestMilliseconds(candidate.descriptor, pass: pass)
      }
      func time(_ algorithm: ConvolutionAlgorithm) -> Double { milliseconds[algorithm.rawValue, default: .infinity] }
      let best = possible.min { time($0.algorithm) < time($1.algorithm) }
      let chosen = best ?? possible[0]
      choices.record(.init(algorithm: chosen.algorithm, milliseconds: milliseconds), for: key)
      return chosen
    }
  }
}

/// Times one kernel on memory of its own.
enum KernelTimer {
  /// The best of several runs after one to warm up: other work on the machine only ever makes a run longer.
  static func bestMilliseconds(_ descriptor: PrimitiveDescriptor, pass: PlanReport.Pass, runs: Int = 4) throws -> Double {
    let primitive = try Primitive(descriptor)
    var arguments: [(Primitive.Argument, Memory)] = []
    func add(_ role: Primitive.Argument, _ layout: TensorLayout) throws {
      let memory = try Memory(layout)
      try memory.bind(to: HostBuffer(byteCount: layout.byteCount))
      arguments.append((role, memory))
    }
    for (role, layout) in try descriptor.tensors(pass) { try add(role, layout) }
    if let layout = descriptor.scratchpad { try add(.scratchpad, layout) }
    primitive.setArguments(arguments)
    try primitive.execute()
    var best = Double.infinity
    for _ in 0..<runs {
      let clock = ContinuousClock()
      let start = clock.now
      try primitive.execute()
      let elapsed = start.duration(to: clock.now).components
      best = min(best, Double(elapsed.seconds) * 1e3 + Double(elapsed.attoseconds) * 1e-15)
    }
    return best
  }
}

extension PrimitiveDescriptor {
  /// The tensors of a convolution's pass, bias aside where there is none.
  fileprivate func tensors(_ pass: PlanReport.Pass) throws -> [(Primitive.Argument, TensorLayout)] {
    switch pass {
    case .forward:
      var list: [(Primitive.Argument, TensorLayout)] = [
        (.source, try sourceLayout()), (.weights, try weightsLayout()), (.destination, try destinationLayout()),
      ]
      if let bias = biasLayout { list.append((.bias, bias)) }
      return list
    case .backwardData:
      return [
        (.gradientOfSource, try gradientOfSourceLayout()), (.weights, try weightsLayout()),
        (.gradientOfDestination, try gradientOfDestinationLayout()),
      ]
    case .backwardWeights:
      var list: [(Primitive.Argument, TensorLayout)] = [
        (.source, try sourceLayout()), (.gradientOfWeights, try gradientOfWeightsLayout()),
        (.gradientOfDestination, try gradientOfDestinationLayout()),
      ]
      if let bias = gradientOfBiasLayout { list.append((.gradientOfBias, bias)) }
      return list
    }
  }
}
