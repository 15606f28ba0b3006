import Settings
import Tensors

/// How class gradients are brought to one norm: settings of every loss that is a sum over rows.
struct HomogenizationSettings: Section {
  /// The common norm, or none.
  enum Target: String, Choice {
    case none, rootMeanSquare, mean, rotograd
  }

  var target = Target.none
  var statistic = Homogenization.Statistic.logits
  var maximumScale = 20.0
  var burnIn = 20

  init() {}

  init(_ target: Target) { self.target = target }

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key("homogenization", &target, "the common norm that the gradient of every class is brought to")
    visitor.key("statistic", &statistic, "where the norm of a class's gradient is taken; features is the classifier's input")
    visitor.key("maximumScale", &maximumScale, "no class is multiplied by more", .atLeast(1), .finite)
    visitor.key("burnIn", &burnIn, "for rotograd: the step at which the first norms are taken anew", .atLeast(0))
  }

  /// The homogenization, or nil for none.
  /// - Parameter classes: C.
  func homogenization(classes: Int) -> Homogenization? {
    guard let target = Homogenization.Target(rawValue: target.rawValue) else { return nil }
    return Homogenization(classes: classes, statistic: statistic, target: target, maximumScale: maximumScale, burnIn: burnIn)
  }
}

extension Homogenization.Statistic: Choice {}
