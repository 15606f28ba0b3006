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
  /// For dilated convolutions it has but reference loops there: without a price, such networks prefer blocks of 8.
  static let wide = [
    rule(
      .ordinary, .direct, lanes: 16,
      "Twice the products in an instruction, while memory is no faster: wins over the library's Winograd with few channels and on small maps."
    ),
    rule(
      .ordinary, .winograd, lanes: 16,
      "The library's own tiles: wins where channels are many and maps large enough to share the weights' transforms."),
    rule(.pointwise, .direct, lanes: 16, "There is nothing else in these blocks, and nothing else is missed: its products need no copies."),
    rule(.transposed, .direct, lanes: 16, "There is nothing else in these blocks: often why a decoder prefers blocks of 8."),
    rule(.other, .direct, lanes: 16, "Strides, large kernels and groups, at the speed of the wide registers."),
  ]

  private static func rule(
    _ family: ConvolutionFamily, _ algorithm: ConvolutionAlgorithm, lanes: Int = 8, _ reason: String
  ) -> Rule {
    let found = PlanReport.Pass.allCases.compactMap { pass in
      prices[priceKey(family, algorithm, pass, lanes: lanes)].map { (pass, $0) }
    }
    return Rule(
      family: family, algorithm: algorithm, lanes: lanes, reason: reason, prices: Dictionary(found) { first, _ in first })
  }

  static func priceKey(
    _ family: ConvolutionFamily, _ algorithm: ConvolutionAlgorithm, _ pass: PlanReport.Pass, lanes: Int
  ) -> String {
    "\(lanes == 16 ? "wide " : "")\(family.rawValue) \(algorithm.rawValue) \(pass.rawValue)"
  }
}
