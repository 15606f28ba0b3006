import Kernels

/// What a way to choose algorithms loses against the fastest ones, by the measured times of a network's convolutions.
package struct AlgorithmRegret: Sendable {
  /// Milliseconds of a step's convolutions with the fastest algorithm of each.
  package var best = 0.0
  /// With those of the model's table.
  package var model = 0.0
  /// With those of newly fitted prices.
  package var fitted = 0.0
  /// With direct kernels wherever there are some.
  package var direct = 0.0

  /// A convolution for which newly fitted prices, or the model's table, choose worse than the clock.
  package struct Loss: Sendable {
    /// The convolution.
    package var signature: ConvolutionSignature
    /// What is chosen.
    package var chosen: ConvolutionAlgorithm
    /// What is fastest.
    package var fastest: ConvolutionAlgorithm
    /// What a step loses.
    package var milliseconds: Double
  }

  /// What loses most, the largest first.
  package private(set) var losses: [Loss] = []

  /// Adds up a network's convolutions.
  /// - Parameters:
  ///   - uses: how often each occurs.
  ///   - times: milliseconds by algorithm; convolutions without times do not count.
  package init(_ uses: [ConvolutionSignature: Int], times: [ConvolutionSignature: [String: Double]], fit: AlgorithmModelFit) {
    for (signature, count) in uses.sorted(by: { $0.key.description < $1.key.description }) {
      guard let measured = times[signature], let least = measured.values.min() else { continue }
      let possible = ConvolutionAlgorithm.allCases.filter { measured[$0.rawValue] != nil }
      func time(_ algorithm: ConvolutionAlgorithm?) -> Double { (algorithm.flatMap { measured[$0.rawValue] } ?? least) * Double(count) }
      best += least * Double(count)
      model += time(AlgorithmModel.best(of: possible, for: signature))
      let chosen = fit.best(of: possible, for: signature)
      fitted += time(chosen)
      if let chosen, let fastest = possible.min(by: { time($0) < time($1) }), fastest != chosen {
        losses.append(
          Loss(signature: signature, chosen: chosen, fastest: fastest, milliseconds: time(chosen) - least * Double(count)))
      }
      direct += time(possible.contains(.direct) ? .direct : nil)
    }
    losses.sort { $0.milliseconds > $1.milliseconds }
  }
}

extension AlgorithmModelFit {
  /// The Swift source of the table with these prices.
  package var source: String {
    func text(_ value: Double) -> String {
      if value == 0 { return "0" }
      if value >= 100 { return "\(Int(value.rounded()))" }
      let scale = value >= 10 ? 10.0 : value >= 1 ? 100 : 1000
      let rounded = (value * scale).rounded() / scale
      return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
    let lines = prices.sorted { $0.key < $1.key }.map { key, prices in
      "    \"\(key)\": Prices(\(prices.terms.map(text).joined(separator: ", ")), call: \(text(prices.call))),"
    }
    return """
      extension AlgorithmModel {
        /// Microseconds of one thread for a million of each amount of work: products, source, destination, weights, runs; and for a call.
        ///
        /// Written by `longtail bench kernels --fit`, from what `longtail bench kernels` measured. Not to be edited by hand.
        static let prices: [String: Prices] = [
      \(lines.joined(separator: "\n"))
        ]
      }

      """
  }
}
