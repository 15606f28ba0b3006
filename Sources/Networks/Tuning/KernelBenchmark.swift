import Kernels
import Tensors
import Threading

/// Times every algorithm of every convolution of a network: what the cost model's prices come from, and what it is held against.
public enum KernelBenchmark {
  /// Times all candidates for the three passes of each convolution, on as many threads as `ComputePool` has.
  ///
  /// Best of some runs each, so that other work on the machine matters little. Compiles a plan, but gives it no memory.
  /// - Parameters:
  ///   - choices: what was measured before, and is not measured again; the new measurements are added.
  ///   - channelBlock: channels that lie together; nil leaves it to the library.
  /// - Returns: how often each convolution occurs in a training step.
  /// - Throws: `LongtailError` when the network cannot be compiled.
  public static func measure(
    _ graph: Graph, images: Int, height: Int, width: Int, into choices: AlgorithmChoices, channelBlock: Int? = nil
  ) throws -> [ConvolutionSignature: Int] {
    var options = PlanOptions(algorithms: .measured(choices))
    options.measuresAllConvolutions = true
    options.timesThoroughly = true
    options.channelBlock = channelBlock
    options.decisiveImages = images
    let shape = BatchShape(images: images, height: height, width: width)
    _ = try Network.trainingReport(
      of: graph, shape: shape, layout: ParameterLayout(graph, shape: shape, options: options), options: options)
    let forecast = try AlgorithmForecast(
      graph, images: images, height: height, width: width, options: options, channelBlock: channelBlock ?? 8)
    return Dictionary(forecast.decisions.map { ($0.signature, 1) }, uniquingKeysWith: +)
  }
}
