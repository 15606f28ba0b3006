import Kernels
import Tensors

/// Times one kernel on memory of its own.
enum KernelTimer {
  /// The best of a few runs: other work on the machine only ever makes a run longer.
  ///
  /// Where the kernel wants its weights in another layout than they are kept in, the conversion counts: a step has it too.
  /// - Parameters:
  ///   - limit: the time of a rival. A kernel whose first run takes half as long again is not run once more.
  ///   - shortest: goes on, beyond `runs`, until that many milliseconds have passed, or 30 runs.
  static func bestMilliseconds(
    _ candidate: ConvolutionCandidate, pass: PlanReport.Pass, _ layouts: ConvolutionLayouts, limit: Double?, runs: Int = 3,
    shortest: Double = 0
  ) throws -> Double {
    var kernels: [any PassKernel] = []
    switch candidate {
    case .library(_, let descriptor):
      kernels.append(try libraryKernel(descriptor, pass: pass))
      if let conversion = try conversion(descriptor, pass: pass, kept: layouts.weights) { kernels.append(conversion) }
    case .own(let convolution):
      kernels.append(try ownKernel(convolution, pass: pass, layouts))
    }
    func run() throws -> Double { try milliseconds { for kernel in kernels { try kernel.execute() } } }
    // The first run also touches its memory for the first time.
    var best = try run()
    if let limit, best > 1.5 * limit { return best }
    var (count, passed) = (0, 0.0)
    while count < runs && !(shortest > 0 && count > 1 && passed > 4 * shortest) || (passed < shortest && count < 30) {
      let time = try run()
      (best, count, passed) = (min(best, time), count + 1, passed + time)
    }
    return best
  }

  /// What converts weights, or their gradient, between a kernel's layout and that in which they are kept; nil where both are the same.
  private static func conversion(_ descriptor: PrimitiveDescriptor, pass: PlanReport.Pass, kept: TensorLayout) throws -> Primitive? {
    let wanted = try pass == .backwardWeights ? descriptor.gradientOfWeightsLayout() : descriptor.weightsLayout()
    if wanted.isSame(as: kept) { return nil }
    let (from, to) = pass == .backwardWeights ? (wanted, kept) : (kept, wanted)
    let primitive = try Primitive(ReorderKernels.reorder(from: from, to: to))
    var arguments: [(Primitive.Argument, Memory)] = [(.reorderFrom, try memory(from)), (.reorderTo, try memory(to))]
    if let layout = primitive.descriptor.scratchpad { arguments.append((.scratchpad, try memory(layout))) }
    primitive.setArguments(arguments)
    return primitive
  }

  private static func memory(_ layout: TensorLayout) throws -> Memory {
    let memory = try Memory(layout)
    let buffer = HostBuffer(byteCount: layout.byteCount)
    touch(buffer)
    try memory.bind(to: buffer)
    return memory
  }

  private static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try body()
    return start.duration(to: clock.now).inSeconds * 1e3
  }

  private static func libraryKernel(_ descriptor: PrimitiveDescriptor, pass: PlanReport.Pass) throws -> any PassKernel {
    let primitive = try Primitive(descriptor)
    var arguments: [(Primitive.Argument, Memory)] = []
    func add(_ role: Primitive.Argument, _ layout: TensorLayout) throws { arguments.append((role, try memory(layout))) }
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
