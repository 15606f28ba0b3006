import Kernels
import Tensors
import Threading

/// Times every algorithm of every convolution of a network: what the cost model's prices come from, and what it is held against.
package enum KernelBenchmark {
  /// Channels that may lie together on this processor.
  package static var channelBlocks: [Int] { OneDNN.instructionSet.hasPrefix("avx512") ? [8, 16] : [8] }

  /// What was measured.
  package struct Result: Sendable {
    /// How often each convolution occurs in a training step.
    package var uses: [ConvolutionSignature: Int]
    /// The times of those that were not known before.
    package var table: AlgorithmTable
  }

  /// Times all candidates for the three passes of each convolution, on as many threads as `ComputePool` has.
  ///
  /// Best of some runs each, so that other work on the machine matters little. Compiles a plan, but gives it no memory.
  /// - Parameters:
  ///   - known: what was measured before, and is not measured again.
  ///   - channelBlock: channels that lie together: 8, or 16 on AVX-512.
  /// - Returns: nil where the library has but reference loops for some layer in these blocks: plans do not use them then.
  /// - Throws: `LongtailError` when the network cannot be compiled.
  package static func measure(
    _ graph: Graph, images: Int, height: Int, width: Int, known: AlgorithmTable = [:], channelBlock: Int = 8
  ) throws -> Result? {
    let choices = AlgorithmChoices(cache: known)
    var options = PlanOptions(algorithms: .measured(choices))
    options.measuresAllConvolutions = true
    options.timesThoroughly = true
    // The library takes the wide blocks by itself, where it has kernels for them.
    options.channelBlock = channelBlock == 16 ? nil : channelBlock
    options.decisiveImages = images
    let shape = BatchShape(images: images, height: height, width: width)
    if channelBlocks.count > 1 {
      do { try Network.requireKernels(for: graph, shape: shape, options: options) } catch { return nil }
    }
    _ = try Network.trainingReport(
      of: graph, shape: shape, layout: ParameterLayout(graph, shape: shape, options: options), options: options)
    let forecast = try AlgorithmForecast(
      graph, images: images, height: height, width: width, options: options, channelBlock: channelBlock)
    return Result(
      uses: Dictionary(forecast.decisions.map { ($0.signature, 1) }, uniquingKeysWith: +),
      table: choices.table.filter { known[$0.key] == nil })
  }
}
