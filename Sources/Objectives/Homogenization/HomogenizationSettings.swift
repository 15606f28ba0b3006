import Settings
import Tensors

/// How classes get the same part in a step: settings of every loss that is a sum over rows.
struct HomogenizationSettings: Section {
  /// The common norm, the size of masks, or none.
  enum Target: String, Choice {
    case none, rootMeanSquare, mean, rotograd, maskSize
  }

  var target = Target.none
  var statistic = Homogenization.Statistic.logits
  var maximumScale = 20.0
  var burnIn = 20

  init() {}

  init(_ target: Target) { self.target = target }

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key(
      "homogenization", &target,
      "the common norm that the gradient of every class is brought to; or maskSize: each class's mean over its own pixels")
    visitor.key("statistic", &statistic, "where the norm of a class's gradient is taken; features is the classifier's input")
    visitor.key("maximumScale", &maximumScale, "no class is multiplied by more", .atLeast(1), .finite)
    visitor.key("burnIn", &burnIn, "for rotograd: the step at which the first norms are taken anew", .atLeast(0))
  }

  /// The homogenization, or nil for none.
  /// - Parameter classes: C.
  func homogenization(classes: Int) -> Homogenization? {
    guard let target = Homogenization.Target(rawValue: target.rawValue) else { return nil }
    // Where masks count there is no norm whose place could matter.
    let statistic = target == .maskSize ? .logits : statistic
    return Homogenization(classes: classes, statistic: statistic, target: target, maximumScale: maximumScale, burnIn: burnIn)
  }
}

extension Homogenization.Statistic: Choice {}
