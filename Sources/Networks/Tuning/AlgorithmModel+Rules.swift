import Kernels

extension AlgorithmModel {
  /// All rules: which algorithms compete for which convolutions, and why.
  static let rules = narrow + wide

  /// In blocks of 8, on AVX2's registers; also on processors that have AVX-512.
  static let narrow = [
    rule(
      .ordinary, .direct,
      "One pass over the kernel's nine taps without anything besides: wins with few channels, where the transforms of the tiles cost more "
        + "than three quarters of the products, and on maps of which tiles of 4x4 would cover much that is not there."),
    rule(
      .ordinary, .tiledWinograd,
      "36 products where the direct way takes 144, for transforms in proportion to source, destination and weights: wins from about 16 "
        + "channels on; on small maps of many channels the weights' transforms outweigh what is saved."),
    rule(
      .dilated, .direct,
      "The library leaves out rows of taps beyond the edges, but not columns: wins where channels are few."),
    rule(
      .dilated, .tiledWinograd,
      "Each phase of the dilation is an ordinary convolution, for two copies: wins where phases are several tiles large."),
    rule(
      .dilated, .matrixProduct,
      "Only taps that meet something are multiplied: wins where the dilation is large beside the map, in DeepLab's pyramid."),
    rule(.pointwise, .direct, "The library's own products of matrices for 1x1, without copies: wins with few channels."),
    rule(
      .pointwise, .matrixProduct,
      "Products on packed positions: copying pays where many channels are summed over."),
    rule(.transposed, .direct, "The library computes it as the gradient of a strided convolution, which is slow where channels are many."),
    rule(
      .transposed, .matrixProduct,
      "Squares that do not overlap make one product of matrices: nearly always wins."),
    rule(.other, .direct, "Strides, large kernels and groups: there is nothing else. Its price counts where sizes of blocks are compared."),
  ]

  /// In blocks of 16, on AVX-512's registers. The library alone works in these blocks, with Winograd kernels for the same tiles as ours.
  ///
  /// These prices are derived, not measured: twice as many products in an instruction, while memory is no faster.
  static let wide = narrow.compactMap { narrowRule -> Rule? in
    var rule = narrowRule
    rule.lanes = 16
    // AVX2's library has no kernel for one pass of dilated convolutions; AVX-512's has, at about the price of one without holes.
    if rule.family == .dilated, rule.algorithm == .direct { rule.prices.merge(narrow[0].prices) { own, _ in own } }
    rule.prices = rule.prices.mapValues { $0.onWideRegisters }
    switch (rule.family, rule.algorithm) {
    case (.ordinary, .tiledWinograd): rule.algorithm = .winograd
    case (_, .direct): break
    default: return nil
    }
    return rule
  }

  private static func rule(_ family: ConvolutionFamily, _ algorithm: ConvolutionAlgorithm, _ reason: String) -> Rule {
    let found = PlanReport.Pass.allCases.compactMap { pass in
      prices[priceKey(family, algorithm, pass)].map { (pass, $0) }
    }
    return Rule(family: family, algorithm: algorithm, lanes: 8, reason: reason, prices: Dictionary(found) { first, _ in first })
  }

  static func priceKey(_ family: ConvolutionFamily, _ algorithm: ConvolutionAlgorithm, _ pass: PlanReport.Pass) -> String {
    "\(family.rawValue) \(algorithm.rawValue) \(pass.rawValue)"
  }
}

extension AlgorithmModel.Prices {
  /// The same work on registers twice as wide: half the time in the inner loops, the same for memory.
  fileprivate var onWideRegisters: AlgorithmModel.Prices {
    var prices = self
    prices.terms[0] /= 2
    return prices
  }
}
