/// Equalization loss (EQL): rows of objects do not push rare classes down. Binary cross-entropies with weights
/// 1 - E T(f_k < lambda) (1 - y_k), where E is 1 on rows that are not background.
///
/// f_k is the share of the training images that show class k. Divided by the valid rows of the global batch.
///
/// Settings:
/// - `lambda`: classes in a smaller share of the images are rare; default 0.00177, of LVIS v0.5.
/// - `background`: the index of a class, default none.
/// - `homogenization` and its companions (default none).
///
/// Source: Tan and others, "Equalization loss for long-tailed object recognition", CVPR 2020, arXiv:2003.05176.
enum EqualizationLoss {
  static let entry = ObjectiveRegistry.Entry(
    name: "eql", summary: "binary cross-entropies; rows of objects do not push rare classes down"
  ) { settings, context in
    let lambda = try settings.number("lambda", default: 0.00177, in: 0...1)
    let counts = try context.imageCounts(for: settings.objective)
    let background = try settings.background(classes: context.classes)
    let ones = Array(repeating: 1.0, count: context.classes)
    var negative = counts.perClass.map { $0 / max(1, counts.total) < lambda ? 0.0 : 1 }
    if let background { negative[background] = 1 }
    return SigmoidObjective(
      name: settings.objective, classes: context.classes, offsets: Array(repeating: 0, count: context.classes), background: background,
      shape: SigmoidShape(weights: .init(positive: ones, negative: negative, background: ones)),
      homogenization: try settings.homogenization(default: nil, classes: context.classes))
  }
}
