import Kernels
import Tensors

/// How many channels lie together in the activations of a network.
///
/// On AVX2 that is 8. On AVX-512 the library takes blocks of 16, for which it has Winograd kernels of its own, but only where it can serve
/// the layers' channel counts in them; blocks of 8 run its AVX2 kernels and ours, on any processor. Which is faster depends on the processor
/// and on the network, so both are measured where both are possible.
extension Network {
  /// The block for a network's plans; nil leaves it to the library.
  ///
  /// Where there are several, compiles the network for each, in memory that is given back, or up to the first that can be compiled where
  /// algorithms are fixed. Ranks that know the same choices decide alike.
  /// - Throws: what the last possibility failed with, where none can be compiled.
  static func channelBlock(
    of graph: Graph, images: Int, height: Int, width: Int, options: PlanOptions, statistics: HostBuffer
  ) throws -> Int? {
    let possible = channelBlocks(for: options)
    if possible.count == 1 { return possible[0] }
    var fastest: (block: Int?, milliseconds: Double)?
    var failure: (any Error)?
    for block in possible {
      var options = options
      options.channelBlock = block
      options.measuresAllConvolutions = true
      let store = ParameterStore(graph)
      do {
        let plan = try Plan(
          network: graph, images: images, height: height, width: width, isTraining: true, store: store, options: options,
          statistics: statistics,
          flat: { (HostBuffer(floatCount: store.floatCount), HostBuffer(floatCount: store.floatCount)) })
        if !options.algorithms.isMeasured { return block }
        let milliseconds = plan.report.convolutionMilliseconds
        if fastest.map({ milliseconds < $0.milliseconds }) ?? true { fastest = (block, milliseconds) }
      } catch {
        failure = error
      }
    }
    if let fastest { return fastest.block }
    throw failure ?? LongtailError(.internalError, "there is no layout for the network's activations")
  }

  /// What is tried, the library's own choice first: where nothing is measured, the first that can be compiled is taken.
  private static func channelBlocks(for options: PlanOptions) -> [Int?] {
    if let wanted = options.channelBlock { return [wanted] }
    guard OneDNN.instructionSet.hasPrefix("avx512") else { return [nil] }
    switch options.algorithms {
    case .fixed(.tiledWinograd), .fixed(.matrixProduct): return [8]
    case .fixed(.direct), .fixed(.winograd), .automatic: return [nil, 8]
    }
  }
}
