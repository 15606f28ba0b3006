import Kernels
import Tensors
import Threading

/// Chooses the algorithm of one convolution, pass by pass.
struct ConvolutionTuner {
  private let builder: NodeBuilder
  private let algorithms: [ConvolutionAlgorithm]
  private let own: [any OwnConvolution]
  private let layouts: ConvolutionLayouts
  private let shape: String

  init(_ builder: NodeBuilder, candidates: some ConvolutionRequests, _ layouts: ConvolutionLayouts) throws {
    self.builder = builder
    self.layouts = layouts
    algorithms = candidates.algorithms
    own = try candidates.ownConvolutions(layouts)
    let (g, from) = (candidates.geometry, builder.inputShape())
    // Blocks of 8 are not named, so that choices recorded before blocks were told apart still hold on AVX2.
    let block = try layouts.destination.channelBlocks().block
    shape =
      (candidates.isTransposed ? "transposed " : "")
      + "i\(from.channels) o\(builder.outputShape.channels) \(from.height)x\(from.width) k\(g.kernel) s\(g.strides) p\(g.padding) "
      + "d\(g.dilation) g\(g.groups) threads\(ComputePool.threadCount) \(OneDNN.instructionSet) \(OneDNN.version)"
      + (block == 8 ? "" : " b\(block)")
  }

  /// The candidate that the policy prefers among those which can be served well.
  func choose(
    _ pass: PlanReport.Pass, _ request: (ConvolutionAlgorithm) throws -> PrimitiveDescriptor
  ) throws -> ConvolutionCandidate {
    let descriptor = try request(.direct)
    let direct = ConvolutionCandidate.library(.direct, descriptor)
    var possible = own.map { ConvolutionCandidate.own($0) }
    for algorithm in algorithms where algorithm != .direct {
      // An algorithm that the library or the processor does not have is no candidate; that is not an error.
      if let descriptor = try? request(algorithm), !descriptor.isReference { possible.append(.library(algorithm, descriptor)) }
    }
    // On maps of a few pixels the library has but its reference loops, and the tiles are the only candidate.
    if possible.isEmpty || !descriptor.isReference { possible.append(direct) }
    let chosen = try select(pass, possible) ?? (descriptor.isReference ? possible[0] : direct)
    builder.plan.report.algorithms["\(builder.node.name) \(pass.rawValue)"] = chosen.algorithm.rawValue
    return chosen
  }

  private func select(_ pass: PlanReport.Pass, _ possible: [ConvolutionCandidate]) throws -> ConvolutionCandidate? {
    switch builder.options.algorithms {
    case .fixed(let wanted):
      return possible.first { $0.algorithm == wanted }
    case .automatic(let choices):
      guard possible.count > 1 || builder.options.measuresAllConvolutions else { return possible.first }
      let signature = AlgorithmChoices.Signature(images: builder.images, shape: "\(shape) \(pass.rawValue)")
      if let known = choices.choice(signature), let found = possible.first(where: { $0.algorithm == known.algorithm }) {
        builder.plan.report.convolutionMilliseconds += known.milliseconds[known.algorithm.rawValue] ?? 0
        return found
      }
      var milliseconds: [String: Double] = [:]
      var best: (candidate: ConvolutionCandidate, time: Double)?
      for candidate in possible {
        let time = try KernelTimer.bestMilliseconds(candidate, pass: pass, layouts, limit: best?.time)
        milliseconds[candidate.algorithm.rawValue] = time
        // A rival has to be clearly faster: what is about equally fast then falls the same way in each run.
        if time < 0.87 * (best?.time ?? .infinity) { best = (candidate, time) }
      }
      builder.plan.report.convolutionMilliseconds += best?.time ?? 0
      if let best { choices.record(.init(algorithm: best.candidate.algorithm, milliseconds: milliseconds), for: signature) }
      return best?.candidate
    }
  }
}
