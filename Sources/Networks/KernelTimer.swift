import Kernels
import Tensors

/// Times one kernel on memory of its own.
enum KernelTimer {
  /// The best of a few runs: other work on the machine only ever makes a run longer.
  /// - Parameter limit: the time of a rival. A kernel whose first run takes half as long again is not run once more.
  static func bestMilliseconds(
    _ candidate: ConvolutionCandidate, pass: PlanReport.Pass, _ layouts: ConvolutionLayouts, limit: Double?, runs: Int = 3
  ) throws -> Double {
    let kernel =
      switch candidate {
      case .library(_, let descriptor): try libraryKernel(descriptor, pass: pass)
      case .own(let convolution): try ownKernel(convolution, pass: pass, layouts)
      }
    // The first run also touches its memory for the first time.
    var best = try milliseconds { try kernel.execute() }
    if let limit, best > 1.5 * limit { return best }
    for _ in 0..<runs { best = min(best, try milliseconds { try kernel.execute() }) }
    return best
  }

  private static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try body()
    let elapsed = start.duration(to: clock.now).components
    return Double(elapsed.seconds) * 1e3 + Double(elapsed.attoseconds) * 1e-15
  }

  private static func libraryKernel(_ descriptor: PrimitiveDescriptor, pass: PlanReport.Pass) throws -> any PassKernel {
    let primitive = try Primitive(descriptor)
    var arguments: [(Primitive.Argument, Memory)] = []
    func add(_ role: Primitive.Argument, _ layout: TensorLayout) throws {
      let memory = try Memory(layout)
      let buffer = HostBuffer(byteCount: layout.byteCount)
      touch(buffer)
      try memory.bind(to: buffer)
      arguments.append((role, memory))
    }
    for (role, layout) in try descriptor.tensors(pass) { try add(role, layout) }
    if let layout = descriptor.scratchpad { try add(.scratchpad, layout) }
    primitive.setArguments(arguments)
    return primitive
  }

  private static func ownKernel(
    _ convolution: any OwnConvolution, pass: PlanReport.Pass, _ layouts: ConvolutionLayouts
  ) throws -> OwnPass {
    func tensor(_ layout: TensorLayout) throws -> PlanTensor {
      let tensor = try PlanTensor(layout, slot: nil)
      let buffer = HostBuffer(byteCount: layout.byteCount)
      touch(buffer)
      try tensor.place(in: buffer, byteOffset: 0)
      return tensor
    }
    let tensors = ConvolutionTensors(
      source: try tensor(layouts.source), weights: try tensor(layouts.weights),
      bias: pass == .backwardData ? nil : try layouts.bias.map(tensor), destination: try tensor(layouts.destination))
    return OwnPass(
      convolution: convolution, pass: pass, tensors: tensors,
      scratch: try tensor(.plain([max(1, convolution.scratchFloatCount(pass))])))
  }

  /// Has the system hand out the pages before the clock runs.
  private static func touch(_ buffer: HostBuffer) { buffer.withFloats { $0.update(repeating: 0) } }
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
