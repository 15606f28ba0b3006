import Foundation
import Settings
import Tensors

/// Pixel-wise class-specific loss adaptation (PCLA), and with homogenization pixel-wise adaptive training (PAT).
///
/// With q = softmax(z / T)_y the loss of a pixel is w(q) (-log q), w(q) = 0.5 exp(K (1 - q)): pixels that the network gets wrong weigh
/// more. The gradient flows through the weight: dL/dz = w(q) (1 - K q log q) / T (softmax(z / T) - onehot(y));
/// with a detached weight the factor is w(q) / T.
///
/// Source: arXiv:2404.05393; its released code, variants with K = C and K = 1.
enum PixelwiseClassLossAdaptation {
  /// What the sum of the pixel losses is divided by.
  enum Reduction: String, Choice { case validPixels, validPixelsTimesClasses }

  struct Settings: Section {
    var exponent = NumberOrClasses.number(1)
    var temperature = 1.0
    var detachWeight = false
    var reduction = Reduction.validPixels
    var background = ClassIndex.none
    var homogenization = HomogenizationSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("exponent", &exponent, "K of the weight 0.5 exp(K (1 - q)); classes is their number", .number(from: 0))
      visitor.key("temperature", &temperature, "T, which logits are divided by", .between(1e-3, 1e3))
      visitor.key("detachWeight", &detachWeight, "whether the weight counts as a constant")
      visitor.key("reduction", &reduction, "what the sum is divided by; the authors' code divides by the classes too")
      visitor.key("background", &background, ColumnSettings.meaning, .natural)
      homogenization.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "pcla", summary: "cross-entropy with weights 0.5 exp(K (1 - q)) on pixels (PAT's loss alone)",
    about: "Pixels that the network gets wrong weigh up to e^K times those that it gets right. The gradient flows through the weight.",
    source: "Do, Nguyen, Tran, Nguyen, 2024, arXiv:2404.05393", settings: Settings()
  ) { try make("pcla", $0, $1) }

  static let pixelwiseAdaptiveTraining = ObjectiveRegistry.Entry(
    "pat", summary: "pixel-wise adaptive training: pcla with homogenized class gradients",
    about: """
      Within a class hard pixels count more; between classes every one that is in the batch pulls with the same norm, whether it has ten \
      pixels or a million.
      """,
    source: "Do, Nguyen, Tran, Nguyen, 2024, arXiv:2404.05393", settings: Settings(.rootMeanSquare)
  ) { try make("pat", $0, $1) }

  private static func make(_ name: String, _ settings: Settings, _ context: ObjectiveContext) throws -> any Objective {
    let exponent = settings.exponent.value(classes: context.classes)
    // The largest factor of a row's gradient, at q = 1/e or 0, has to be a float32.
    let largest = 0.5 * exp(exponent) * (1 + exponent / M_E) / min(1, settings.temperature)
    guard largest < Double(Float.greatestFiniteMagnitude) else {
      throw LongtailError(
        .usage, "objective \(name): with exponent \(SettingValue.double(exponent)) weights reach 0.5 e^K, too large for float32",
        advice: "Set exponent to a smaller number, such as 1; 'classes' is for data sets of few classes.")
    }
    return SoftmaxObjective(
      name: name, classes: context.classes,
      term: Term(exponent: Float(exponent), logitScale: Float(1 / settings.temperature), detachWeight: settings.detachWeight),
      options: .init(
        denominatorFactor: settings.reduction == .validPixels ? 1 : Double(context.classes),
        homogenization: settings.homogenization.homogenization(classes: context.classes),
        background: try settings.background.checked(classes: context.classes, of: name)))
  }

  struct Term: SoftmaxTerm {
    let exponent: Float
    let logitScale: Float
    let detachWeight: Bool

    @inline(__always)
    func adjust(_ tile: Tile, step: TermStep) {
      if logitScale == 1 { return }
      for k in 0..<tile.classes { tile.values[k] *= Lanes(repeating: logitScale) }
    }

    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      let k = Lanes(repeating: exponent)
      let weight = (k * (Lanes(repeating: 1) - probability)).halfExponential()
      if detachWeight { return (weight, weight) }
      return (weight, weight * Lanes(repeating: 1).addingProduct(k * probability, Lanes(repeating: 0) - logProbability))
    }
  }
}

extension PixelwiseClassLossAdaptation.Settings {
  /// The defaults, with class gradients brought to a common norm.
  init(_ target: HomogenizationSettings.Target) { homogenization = HomogenizationSettings(target) }
}
