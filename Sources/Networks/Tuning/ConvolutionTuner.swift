import Kernels
import Tensors
import Threading

/// Chooses the algorithm of one convolution, pass by pass, among those that the library and our own loops offer.
struct ConvolutionTuner {
  private let builder: NodeBuilder
  private let algorithms: [ConvolutionAlgorithm]
  private let own: [any OwnConvolution]
  private let weightsOnly: (any OwnConvolution)?
  private let layouts: ConvolutionLayouts
  private let signature: ConvolutionSignature

  init(_ builder: NodeBuilder, candidates: some ConvolutionRequests, _ layouts: ConvolutionLayouts) throws {
    self.builder = builder
    self.layouts = layouts
    algorithms = candidates.algorithms
    own = try candidates.ownConvolutions(layouts)
    weightsOnly = try candidates.smallMapWeights(layouts)
    let from = builder.inputShape()
    signature = ConvolutionSignature(
      images: builder.options.decisiveImages ?? builder.images, isTransposed: candidates.isTransposed, inputChannels: from.channels,
      outputChannels: builder.outputShape.channels, height: from.height, width: from.width, geometry: candidates.geometry,
      channelBlock: try layouts.destination.channelBlocks().block)
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
    // On maps of a few pixels the library has but its reference loops, and loops of our own are the only candidate.
    if possible.isEmpty, descriptor.isReference, pass == .backwardWeights, let weightsOnly { possible.append(.own(weightsOnly)) }
    if possible.isEmpty || !descriptor.isReference { possible.append(direct) }
    var signature = signature
    signature.pass = pass
    let chosen = try select(signature, possible) ?? (descriptor.isReference ? possible[0] : direct)
    builder.plan.report.algorithms["\(builder.node.name) \(pass.rawValue)"] = chosen.algorithm.rawValue
    return chosen
  }

  private func select(_ signature: ConvolutionSignature, _ possible: [ConvolutionCandidate]) throws -> ConvolutionCandidate? {
    func candidate(_ algorithm: ConvolutionAlgorithm) -> ConvolutionCandidate? { possible.first { $0.algorithm == algorithm } }
    switch builder.options.algorithms {
    case .fixed(let wanted):
      return candidate(wanted)
    case .model(let choices):
      guard possible.count > 1 else { return possible.first }
      if let known = choices.choice(for: signature), let found = candidate(known.algorithm) { return found }
      let best = AlgorithmModel.best(of: possible.map(\.algorithm), for: signature)
      choices.record(.init(algorithm: best), for: signature)
      return candidate(best)
    case .measured(let choices):
      guard possible.count > 1 || builder.options.measuresAllConvolutions else { return possible.first }
      if let known = choices.choice(for: signature), let found = candidate(known.algorithm) {
        count(known, signature, possible)
        return found
      }
      let measured = try measure(signature, possible)
      choices.record(measured, for: signature)
      count(measured, signature, possible)
      return candidate(measured.algorithm)
    }
  }

  private func measure(_ signature: ConvolutionSignature, _ possible: [ConvolutionCandidate]) throws -> AlgorithmChoices.Choice {
    var milliseconds: [String: Double] = [:]
    var best: (algorithm: ConvolutionAlgorithm, time: Double)?
    for candidate in possible {
      let limit = builder.options.timesThoroughly ? nil : best?.time
      let time = try KernelTimer.bestMilliseconds(
        candidate, pass: signature.pass, layouts, limit: limit, shortest: builder.options.timesThoroughly ? 40 : 0)
      milliseconds[candidate.algorithm.rawValue] = time
      // A rival has to be clearly faster: what is about equally fast then falls the same way in each run.
      if time < 0.87 * (best?.time ?? .infinity) { best = (candidate.algorithm, time) }
    }
    return .init(algorithm: best?.algorithm ?? .direct, milliseconds: milliseconds)
  }

  /// Adds a convolution's time to the report's sums, and that of what the model would have chosen.
  private func count(_ choice: AlgorithmChoices.Choice, _ signature: ConvolutionSignature, _ possible: [ConvolutionCandidate]) {
    guard let time = choice.milliseconds[choice.algorithm.rawValue] else { return }
    let predicted = AlgorithmModel.best(of: possible.map(\.algorithm), for: signature)
    builder.plan.report.convolutionMilliseconds += time
    builder.plan.report.modelMilliseconds += choice.milliseconds[predicted.rawValue] ?? time
  }
}
