import Tensors

/// Focal loss of sigmoids: with q the probability of what is right of a class, a (1 - q)^g (-log q), summed over the classes.
///
/// a is alpha for a row of the class and 1 - alpha for others. Gradient: (2y - 1) a (1 - q)^g (g q log q - (1 - q)).
///
/// Settings:
/// - `gamma`: g, default 2.
/// - `alpha`: from 0 to 1, default 0.25; `none` weighs both alike, by 1.
/// - `denominator`: `foreground` (default), rows that are not background, one at least; or `rows`, all valid ones.
/// - `balance`: `none` (default), or Balanced Sigmoid's offsets on rows that are not background: `images`, `instances`.
/// - `background`: the index of a class, default none.
/// - `homogenization` and its companions (default none).
///
/// Source: Lin, Goyal, Girshick, He, Dollár, ICCV 2017.
enum SigmoidFocalLoss {
  static let entry = ObjectiveRegistry.Entry(
    name: "sigmoidFocal", summary: "binary cross-entropies times (1 - q)^gamma, for detectors of one stage"
  ) { settings, context in
    let gamma = try settings.number("gamma", default: 2, in: 0...50)
    let alpha = try alpha(settings)
    let denominator = try settings.choice("denominator", default: Denominator.foreground)
    let balance = try settings.choice("balance", default: Balance.none)
    let background = try settings.background(classes: context.classes)
    var offsets = Array(repeating: 0.0, count: context.classes)
    switch balance {
    case .none: break
    case .images:
      let counts = try context.imageCounts(for: settings.objective)
      offsets = BalancedSigmoid.offsets(counts: counts.perClass, total: counts.total)
    case .instances:
      var counts = try context.flooredCounts(for: settings.objective)
      if let background { counts[background] = 0 }
      offsets = BalancedSigmoid.offsets(counts: counts, total: counts.reduce(0, +))
    }
    func row(_ value: Double) -> [Double] { Array(repeating: value, count: context.classes) }
    var shape = SigmoidShape(gamma: gamma == 0 ? nil : gamma, countsForeground: denominator == .foreground)
    if let alpha { shape.weights = .init(positive: row(alpha), negative: row(1 - alpha), background: row(1 - alpha)) }
    return SigmoidObjective(
      name: settings.objective, classes: context.classes, offsets: offsets, background: background, shape: shape,
      homogenization: try settings.homogenization(default: nil, classes: context.classes))
  }

  private enum Denominator: String, CaseIterable { case foreground, rows }
  private enum Balance: String, CaseIterable { case none, images, instances }

  private static func alpha(_ settings: SettingsReader) throws -> Double? {
    guard let value = settings.value("alpha") else { return 0.25 }
    if value.isNull || value.stringValue == "none" { return nil }
    guard let alpha = value.doubleValue, (0...1).contains(alpha) else {
      throw settings.wrong("alpha", value, "none, or a number from 0 to 1")
    }
    return alpha
  }
}
