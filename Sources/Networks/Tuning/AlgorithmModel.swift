import Kernels

/// Chooses algorithms by what they are predicted to cost: a function of the convolution's signature, with nothing timed.
///
/// Time = sum of amounts of work times their prices, shared by all threads, and a price for the call. Prices depend on the kind of
/// convolution, the algorithm, the pass and the width of the registers, not on the machine: processors with the same instruction set choose
/// alike, so that a seed repeats a run. The predictions are milliseconds of the processor that the prices were measured on; only their order
/// decides.
package enum AlgorithmModel {
  /// What one amount of work takes one thread, in microseconds for a million.
  struct Prices: Hashable, Sendable {
    /// In the order of `ConvolutionWork.terms`.
    var terms: [Double]
    /// Microseconds of each call, however small and on however many threads.
    var call: Double

    init(_ products: Double, _ source: Double, _ destination: Double, _ weights: Double, _ runs: Double, call: Double) {
      terms = [products, source, destination, weights, runs]
      self.call = call
    }
  }

  /// What an algorithm costs for a kind of convolution.
  struct Rule: Hashable, Sendable {
    /// The kind of convolution.
    var family: ConvolutionFamily
    /// The algorithm.
    var algorithm: ConvolutionAlgorithm
    /// Channels of a register: 8 for AVX2's kernels, 16 for AVX-512's.
    var lanes: Int
    /// Why it is a candidate, and where it wins.
    var reason: String
    /// By pass.
    var prices: [PlanReport.Pass: Prices]
  }

  /// Equal for equal tables: rules and prices.
  package static let digest = stateDigest(
    ofLines: rules.flatMap { rule in
      rule.prices.map { "\(priceKey(rule.family, rule.algorithm, $0.key, lanes: rule.lanes)) \($0.value.terms) \($0.value.call)" }
    })

  /// The rule that an algorithm falls under; nil where the model knows nothing of it.
  static func rule(_ algorithm: ConvolutionAlgorithm, for signature: ConvolutionSignature) -> Rule? {
    rules.first { $0.algorithm == algorithm && $0.family == signature.family && $0.lanes == signature.lanes }
  }

  /// Predicted milliseconds of one pass; infinite for an algorithm that has no rule for such convolutions.
  static func milliseconds(_ algorithm: ConvolutionAlgorithm, for signature: ConvolutionSignature) -> Double {
    guard let prices = rule(algorithm, for: signature)?.prices[signature.pass] else { return .infinity }
    return milliseconds(signature.work(algorithm), prices, threads: signature.threads)
  }

  static func milliseconds(_ work: ConvolutionWork, _ prices: Prices, threads: Int) -> Double {
    let shared = zip(prices.terms, work.terms).reduce(0) { $0 + $1.0 * $1.1 }
    return (shared / Double(max(1, threads)) + prices.call) / 1000
  }

  /// The cheapest of some algorithms; of equally cheap ones the first of `ConvolutionAlgorithm.allCases`.
  ///
  /// Without AVX2, which our own loops are made for, the library's direct kernels serve wherever they are possible.
  static func best(of possible: [ConvolutionAlgorithm], for signature: ConvolutionSignature) -> ConvolutionAlgorithm {
    let ordered = ConvolutionAlgorithm.allCases.filter(possible.contains)
    guard let first = ordered.first else { return .direct }
    guard signature.instructionSet.hasPrefix("avx2") || signature.instructionSet.hasPrefix("avx512") else { return first }
    let costs = ordered.map { (algorithm: $0, time: milliseconds($0, for: signature)) }
    return costs.min { $0.time < $1.time }?.algorithm ?? first
  }
}
