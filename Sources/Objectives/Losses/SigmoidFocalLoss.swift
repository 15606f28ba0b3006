import Settings
import Tensors

/// Focal loss of sigmoids: with q the probability of what is right of a class, a (1 - q)^g (-log q), summed over the classes.
///
/// a is alpha for a row of the class and 1 - alpha for others. Gradient: (2y - 1) a (1 - q)^g (g q log q - (1 - q)).
///
/// Source: Lin, Goyal, Girshick, He, Dollár, ICCV 2017, arXiv:1708.02002.
enum SigmoidFocalLoss {
  /// Which rows the sum is divided by: those that are not background, one at least, or all valid ones.
  enum Denominator: String, Choice { case foreground, rows }
  /// What Balanced Sigmoid's offsets are counted in, if there are any.
  enum Balance: String, Choice { case none, images, instances }

  struct Settings: Section {
    var gamma = 2.0
    var alpha = NumberOrNone.number(0.25)
    var denominator = Denominator.foreground
    var balance = Balance.none
    var background = ClassIndex.none
    var homogenization = HomogenizationSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("gamma", &gamma, "g of the weight (1 - q)^g; 0 is weighted binary cross-entropy", .between(0, 50))
      visitor.key("alpha", &alpha, "weight of rows of the class, others have the rest to 1; none weighs both by 1", .number(from: 0, to: 1))
      visitor.key("denominator", &denominator, "what the sum is divided by: rows that are not background, or all valid rows")
      visitor.key("balance", &balance, "what Balanced Sigmoid's offsets on rows that are not background are counted in")
      visitor.key("background", &background, ColumnSettings.meaning, .natural)
      homogenization.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "sigmoidFocal", summary: "binary cross-entropies times (1 - q)^gamma, for detectors of one stage",
    about: "What a network already knows counts little: with many rows of background they would make all of the gradient otherwise.",
    source: "Lin, Goyal, Girshick, He, Dollár, ICCV 2017, arXiv:1708.02002", settings: Settings()
  ) { settings, context in
    let background = try settings.background.checked(classes: context.classes, of: "sigmoidFocal")
    func row(_ value: Double) -> [Double] { Array(repeating: value, count: context.classes) }
    var shape = SigmoidShape(
      gamma: settings.gamma == 0 ? nil : settings.gamma, countsForeground: settings.denominator == .foreground)
    if case .number(let alpha) = settings.alpha {
      shape.weights = .init(positive: row(alpha), negative: row(1 - alpha), background: row(1 - alpha))
    }
    return SigmoidObjective(
      name: "sigmoidFocal", classes: context.classes, offsets: try offsets(settings.balance, context, background: background),
      background: background, shape: shape, homogenization: settings.homogenization.homogenization(classes: context.classes))
  }

  private static func offsets(_ balance: Balance, _ context: ObjectiveContext, background: Int?) throws -> [Double] {
    switch balance {
    case .none: return Array(repeating: 0, count: context.classes)
    case .images:
      let counts = try context.imageCounts(for: "sigmoidFocal")
      return BalancedSigmoid.offsets(counts: counts.perClass, total: counts.total)
    case .instances:
      var counts = try context.flooredCounts(for: "sigmoidFocal")
      if let background { counts[background] = 0 }
      return BalancedSigmoid.offsets(counts: counts, total: counts.reduce(0, +))
    }
  }
}
