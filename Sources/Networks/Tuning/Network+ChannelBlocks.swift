import Kernels
import Tensors

/// How many channels lie together in the activations of a network.
///
/// On AVX2 that is 8. On AVX-512 the library takes blocks of 16, for which it has Winograd kernels of its own, but only where it can serve
/// the layers' channel counts in them; blocks of 8 run its AVX2 kernels and ours, on any processor. Which is faster depends on the network:
/// that is predicted, or on record; it is measured only where algorithms are.
extension Network {
  /// The layout of a network's parameters in the best channel blocks, and the options that all its plans share.
  /// - Throws: what the last possibility failed with, where none can be compiled.
  static func layout(of graph: Graph, shape: BatchShape, options given: PlanOptions) throws -> (ParameterLayout, PlanOptions) {
    var options = given
    options.decisiveImages = given.decisiveImages ?? shape.images
    let blocks = try channelBlocks(of: graph, shape: shape, options: options)
    for (number, block) in blocks.enumerated() {
      options.channelBlock = block
      do {
        let layout = try ParameterLayout(graph, shape: shape, options: options)
        // Not every network can be served in every block: where there are several, the first that compiles is taken.
        if blocks.count > 1 { _ = try trainingReport(of: graph, shape: shape, layout: layout, options: options) }
        return (layout, options)
      } catch  where number + 1 < blocks.count {
        continue
      }
    }
    throw LongtailError(.internalError, "there is no layout for the network's activations")
  }

  /// The blocks that a network's plans may have, the best first; nil leaves it to the library. The first that can be compiled is taken.
  ///
  /// Nothing is compiled or run, unless algorithms are to be measured and there is a choice. Ranks that know the same choices decide alike.
  static func channelBlocks(
    of graph: Graph, shape: BatchShape, options: PlanOptions
  ) throws -> [Int?] {
    if let wanted = options.channelBlock { return [wanted] }
    guard OneDNN.instructionSet.hasPrefix("avx512") else { return [nil] }
    switch options.algorithms {
    case .fixed(.tiledWinograd), .fixed(.matrixProduct): return [8]
    case .fixed(.direct), .fixed(.winograd): return [nil, 8]
    case .model, .measured: break
    }
    let forecasts = try [16, 8].map {
      try AlgorithmForecast(
        graph, images: shape.images, height: shape.height, width: shape.width, options: options, channelBlock: $0)
    }
    if let block = recordedBlock(forecasts) { return block == 8 ? [8, nil] : [nil, 8] }
    if options.algorithms.isMeasured {
      return [try measuredBlock(of: graph, shape: shape, options: options)]
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
    of graph: Graph, shape: BatchShape, options: PlanOptions
  ) throws -> Int? {
    var fastest: (block: Int?, milliseconds: Double)?
    var failure: (any Error)?
    for block in [nil, 8] as [Int?] {
      var options = options
      options.channelBlock = block
      options.measuresAllConvolutions = true
      do {
        try requireKernels(for: graph, shape: shape, options: options)
        let layout = try ParameterLayout(graph, shape: shape, options: options)
        let report = try trainingReport(of: graph, shape: shape, layout: layout, options: options)
        if fastest.map({ report.convolutionMilliseconds < $0.milliseconds }) ?? true { fastest = (block, report.convolutionMilliseconds) }
      } catch {
        failure = error
      }
    }
    if let fastest { return fastest.block }
    throw failure ?? LongtailError(.internalError, "there is no layout for the network's activations")
  }

  /// Compiles a network without timing anything. Where the library has but reference loops for a layer, timing them would take minutes.
  /// - Throws: `LongtailError` where a layer cannot be served in these blocks.
  static func requireKernels(for graph: Graph, shape: BatchShape, options: PlanOptions) throws {
    var options = options
    options.algorithms = .model(AlgorithmChoices())
    _ = try trainingReport(
      of: graph, shape: shape, layout: ParameterLayout(graph, shape: shape, options: options), options: options)
  }

  /// What a training plan consists of, which is compiled for that alone.
  static func trainingReport(
    of graph: Graph, shape: BatchShape, layout: ParameterLayout, options: PlanOptions
  ) throws -> PlanReport {
    try Plan(graph, shape: shape, mode: .training(.all), layout: layout, options: options, ports: graph.lossPorts).report
  }
}
