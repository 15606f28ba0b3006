import Kernels
import Tensors

/// How many channels lie together in the activations of a network.
///
/// On AVX2 that is 8. On AVX-512 the library takes blocks of 16, for which it has Winograd kernels of its own, but only where it can serve
/// the layers' channel counts in them; blocks of 8 run its AVX2 kernels and ours, on any processor. Which is faster depends on the network:
/// that is predicted, or on record; it is measured only where algorithms are.
extension Network {
  /// What a network begins with.
  struct FirstPlan {
    var plan: Plan
    var store: ParameterStore
    var options: PlanOptions
    var parameters: HostBuffer
    var gradients: HostBuffer
  }

  /// Compiles the first plan, in the best layout in which that is possible, and settles what later plans have to share with it.
  /// - Throws: what the last possibility failed with, where none can be compiled.
  static func firstPlan(
    of graph: Graph, images: Int, height: Int, width: Int, options given: PlanOptions, statistics: HostBuffer,
    gradientBuffer: (_ floatCount: Int) throws -> HostBuffer
  ) throws -> FirstPlan {
    var options = given
    options.decisiveImages = given.decisiveImages ?? images
    let blocks = try channelBlocks(of: graph, images: images, height: height, width: width, options: options, statistics: statistics)
    for (number, block) in blocks.enumerated() {
      options.channelBlock = block
      let store = ParameterStore(graph)
      var made: (parameters: HostBuffer, gradients: HostBuffer)?
      do {
        let plan = try Plan(
          network: graph, images: images, height: height, width: width, isTraining: true, store: store, options: options,
          statistics: statistics,
          flat: {
            let buffers = (parameters: HostBuffer(floatCount: store.floatCount), gradients: try gradientBuffer(store.floatCount))
            made = buffers
            return buffers
          })
        guard let made else { throw LongtailError(.internalError, "the plan has no parameters") }
        return FirstPlan(plan: plan, store: store, options: options, parameters: made.parameters, gradients: made.gradients)
      } catch where made == nil && number + 1 < blocks.count {
        // Not every network can be served in every block; nothing outside of the plan was touched yet.
        continue
      }
    }
    throw LongtailError(.internalError, "there is no layout for the network's activations")
  }

  /// The blocks that a network's plans may have, the best first; nil leaves it to the library. The first that can be compiled is taken.
  ///
  /// Nothing is compiled or run, unless algorithms are to be measured and there is a choice. Ranks that know the same choices decide alike.
  static func channelBlocks(
    of graph: Graph, images: Int, height: Int, width: Int, options: PlanOptions, statistics: HostBuffer
  ) throws -> [Int?] {
    if let wanted = options.channelBlock { return [wanted] }
    guard OneDNN.instructionSet.hasPrefix("avx512") else { return [nil] }
    switch options.algorithms {
    case .fixed(.tiledWinograd), .fixed(.matrixProduct): return [8]
    case .fixed(.direct), .fixed(.winograd): return [nil, 8]
    case .model, .measured: break
    }
    let forecasts = try [16, 8].map {
      try AlgorithmForecast(graph, images: images, height: height, width: width, options: options, channelBlock: $0)
    }
    if let block = recordedBlock(forecasts) { return block == 8 ? [8, nil] : [nil, 8] }
    if options.algorithms.isMeasured {
      return [try measuredBlock(of: graph, images: images, height: height, width: width, options: options, statistics: statistics)]
    }
    return preferredBlock(forecasts) == 8 ? [8, nil] : [nil, 8]
  }

  /// The block that is predicted to be fastest.
  static func preferredBlock(_ forecasts: [AlgorithmForecast]) -> Int? {
    forecasts.min { $0.milliseconds < $1.milliseconds }?.channelBlock
  }

  /// The block that the choices on record were made in: where there are some for several blocks, as measuring leaves them, that of the
  /// smaller sum of times. Nil where there is no record.
  static func recordedBlock(_ forecasts: [AlgorithmForecast]) -> Int? {
    let recorded = forecasts.filter { $0.decisions.contains(where: \.isRecorded) }
    func time(_ forecast: AlgorithmForecast) -> Double {
      forecast.decisions.reduce(0) { $0 + ($1.recordedMilliseconds ?? $1.milliseconds) }
    }
    return recorded.min { time($0) < time($1) }?.channelBlock
  }

  /// Compiles the network for each block, in memory that is given back, and times the kernels.
  /// - Throws: what the last possibility failed with, where none can be compiled.
  private static func measuredBlock(
    of graph: Graph, images: Int, height: Int, width: Int, options: PlanOptions, statistics: HostBuffer
  ) throws -> Int? {
    var fastest: (block: Int?, milliseconds: Double)?
    var failure: (any Error)?
    for block in [nil, 8] as [Int?] {
      var options = options
      options.channelBlock = block
      options.measuresAllConvolutions = true
      do {
        let report = try trialReport(
          of: graph, images: images, height: height, width: width, options: options, statistics: statistics)
        if fastest.map({ report.convolutionMilliseconds < $0.milliseconds }) ?? true { fastest = (block, report.convolutionMilliseconds) }
      } catch {
        failure = error
      }
    }
    if let fastest { return fastest.block }
    throw failure ?? LongtailError(.internalError, "there is no layout for the network's activations")
  }

  /// What a training plan consists of, which is compiled for that alone.
  static func trialReport(
    of graph: Graph, images: Int, height: Int, width: Int, options: PlanOptions, statistics: HostBuffer
  ) throws -> PlanReport {
    let store = ParameterStore(graph)
    return try Plan(
      network: graph, images: images, height: height, width: width, isTraining: true, store: store, options: options,
      statistics: statistics, flat: { (HostBuffer(floatCount: store.floatCount), HostBuffer(floatCount: store.floatCount)) }
    ).report
  }
}
