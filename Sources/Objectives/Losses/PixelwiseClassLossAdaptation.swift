import Foundation
import Tensors

/// Pixel-wise class-specific loss adaptation (PCLA), and with homogenization pixel-wise adaptive training (PAT).
///
/// With q = softmax(z / T)_y the loss of a pixel is w(q) (-log q), w(q) = 0.5 exp(K (1 - q)): pixels that the network gets wrong weigh more.
/// The gradient flows through the weight: dL/dz = w(q) (1 - K q log q) / T (softmax(z / T) - onehot(y));
/// with a detached weight the factor is w(q) / T.
///
/// Settings:
/// - `exponent`: K, a number or `classes`. Default 1. The authors' main variant is `classes`, which grows as e^C: beyond about 80 float32 ends.
/// - `temperature`: T, default 1.
/// - `detachWeight`: whether the weight counts as a constant, default false.
/// - `reduction`: `validPixels` (default), or `validPixelsTimesClasses`, the scale of the authors' code.
/// - `background`: the index of a column that stands for rows of no class; it is not scaled. Default none.
/// - `homogenization`, `statistic`, `maximumScale`, `burnIn`: see `Homogenization`; `pcla` defaults to none, `pat` to rootMeanSquare.
///
/// Source: arXiv:2404.05393; its released code, variants with K = C and K = 1.
enum PixelwiseClassLossAdaptation {
  static let entry = ObjectiveRegistry.Entry(
    name: "pcla", summary: "cross-entropy with weights 0.5 exp(K (1 - q)) on pixels (PAT's loss alone)"
  ) { try make($0, $1, homogenization: nil) }

  static let pixelwiseAdaptiveTraining = ObjectiveRegistry.Entry(
    name: "pat", summary: "pixel-wise adaptive training: pcla with homogenized class gradients"
  ) { try make($0, $1, homogenization: .rootMeanSquare) }

  private enum Reduction: String, CaseIterable { case validPixels, validPixelsTimesClasses }

  private static func make(
    _ settings: SettingsReader, _ context: ObjectiveContext, homogenization target: Homogenization.Target?
  ) throws -> any Objective {
    let exponent = try exponent(settings, context)
    let temperature = try settings.number("temperature", default: 1, in: 1e-3...1e3)
    let detachWeight = try settings.flag("detachWeight", default: false)
    let reduction = try settings.choice("reduction", default: Reduction.validPixels)
    // The largest factor of a row's gradient, at q = 1/e or 0, has to be a float32.
    let largest = 0.5 * exp(exponent) * (1 + exponent / M_E) / min(1, temperature)
    guard largest < Double(Float.greatestFiniteMagnitude) else {
      throw LongtailError(
        .usage,
        "objective \(settings.objective): with exponent \(SettingValue.double(exponent)) weights reach 0.5 e^K, too large for float32",
        advice: "Set exponent to a smaller number, such as 1; 'classes' is for data sets of few classes.")
    }
    let denominatorFactor = reduction == .validPixels ? 1 : Double(context.classes)
    return SoftmaxObjective(
      name: settings.objective, classes: context.classes,
      term: Term(exponent: Float(exponent), logitScale: Float(1 / temperature), detachWeight: detachWeight),
      options: .init(
        denominatorFactor: denominatorFactor, homogenization: try settings.homogenization(default: target, classes: context.classes),
        background: try settings.background(classes: context.classes)))
  }

  private static func exponent(_ settings: SettingsReader, _ context: ObjectiveContext) throws -> Double {
    guard let value = settings.value("exponent") else { return 1 }
    if let number = value.doubleValue, number.isFinite, number >= 0 { return number }
    if value.stringValue == "classes" { return Double(context.classes) }
    throw settings.wrong("exponent", value, "a number from 0 on, or 'classes'")
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
