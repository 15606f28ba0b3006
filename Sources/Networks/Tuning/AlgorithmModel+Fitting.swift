import Kernels

/// Finds prices for measured times: the program beside the table.
///
/// For each rule and pass, the prices c >= 0 minimize the sum of squared relative errors ((w c - t) / t)^2, with outliers, which are kernels
/// that something else disturbed, weighted down (Huber's weights at 10 %).
package struct AlgorithmModelFit: Sendable {
  /// A measured time.
  private struct Sample {
    /// Amounts of work by one thread's share, then one for the call.
    let terms: [Double]
    let microseconds: Double
  }

  /// The prices by key, as the table has them.
  private(set) var prices: [String: AlgorithmModel.Prices] = [:]
  /// The mean relative error by key.
  package private(set) var errors: [String: Double] = [:]

  /// Fits the prices of all rules for which there are measurements; the others keep those of the table.
  package init(_ measurements: AlgorithmTable) {
    var samples: [String: [Sample]] = [:]
    for (signature, choice) in measurements {
      for (name, time) in choice.milliseconds {
        guard let algorithm = ConvolutionAlgorithm(rawValue: name), time > 0 else { continue }
        let terms = signature.work(algorithm).terms.map { $0 / Double(signature.threads) } + [1]
        samples[AlgorithmModel.priceKey(signature.family, algorithm, signature.pass, lanes: signature.lanes), default: []].append(
          Sample(terms: terms, microseconds: time * 1000))
      }
    }
    prices = AlgorithmModel.prices
    for (key, list) in samples where list.count >= 6 {
      let found = AlgorithmModelFit.leastSquares(list.sorted { $0.microseconds < $1.microseconds })
      prices[key] = AlgorithmModel.Prices(found[0], found[1], found[2], found[3], found[4], call: found[5])
      let errors = list.map { abs(AlgorithmModelFit.relativeError($0, found)) }
      self.errors[key] = errors.reduce(0, +) / Double(errors.count)
    }
  }

  /// The cheapest of some algorithms with these prices.
  func best(of possible: [ConvolutionAlgorithm], for signature: ConvolutionSignature) -> ConvolutionAlgorithm? {
    possible.min { milliseconds($0, signature) < milliseconds($1, signature) }
  }

  /// Predicted milliseconds with these prices.
  func milliseconds(_ algorithm: ConvolutionAlgorithm, _ signature: ConvolutionSignature) -> Double {
    guard let found = prices[AlgorithmModel.priceKey(signature.family, algorithm, signature.pass, lanes: signature.lanes)] else {
      return .infinity
    }
    return AlgorithmModel.milliseconds(signature.work(algorithm), found, threads: signature.threads)
  }

  private static func relativeError(_ sample: Sample, _ prices: [Double]) -> Double {
    zip(sample.terms, prices).reduce(0) { $0 + $1.0 * $1.1 } / sample.microseconds - 1
  }

  /// Coordinate descent on the normal equations, kept from going below zero; the weights are found anew a few times.
  private static func leastSquares(_ samples: [Sample]) -> [Double] {
    let count = 6
    var prices = Array(repeating: 0.0, count: count)
    var weights = Array(repeating: 1.0, count: samples.count)
    for _ in 0..<8 {
      var (matrix, right) = (Array(repeating: Array(repeating: 0.0, count: count), count: count), Array(repeating: 0.0, count: count))
      for (sample, weight) in zip(samples, weights) {
        let row = sample.terms.map { $0 / sample.microseconds }
        for i in 0..<count {
          right[i] += weight * row[i]
          for j in 0..<count { matrix[i][j] += weight * row[i] * row[j] }
        }
      }
      for _ in 0..<20_000 {
        var change = 0.0
        for i in 0..<count where matrix[i][i] > 0 {
          let gradient = right[i] - (0..<count).reduce(0) { $0 + matrix[i][$1] * prices[$1] }
          let value = max(0, prices[i] + gradient / matrix[i][i])
          change = max(change, abs(value - prices[i]) * matrix[i][i].squareRoot())
          prices[i] = value
        }
        if change < 1e-9 { break }
      }
      weights = samples.map { 1 / max(1, abs(relativeError($0, prices)) / 0.1) }
    }
    return prices
  }
}
