extension AlgorithmModel {
  /// Microseconds of one thread for a million of each amount of work: products, source, destination, weights, runs; and for a call.
  ///
  /// Written by `longtail bench kernels --fit`, from what `longtail bench kernels` measured. Not to be edited by hand.
  static let prices: [String: Prices] = [
    "ordinary direct forward": Prices(21, 100, 100, 500, 0, call: 10),
    "ordinary direct backwardData": Prices(22, 100, 100, 1000, 0, call: 10),
    "ordinary direct backwardWeights": Prices(23, 100, 100, 1000, 0, call: 10),
    "ordinary tiledWinograd forward": Prices(24, 1500, 1000, 1500, 0, call: 10),
    "ordinary tiledWinograd backwardData": Prices(24, 1500, 1000, 1500, 0, call: 10),
    "ordinary tiledWinograd backwardWeights": Prices(24, 1500, 1500, 2000, 0, call: 10),
  ]
}
