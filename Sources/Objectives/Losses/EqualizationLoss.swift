import Settings

/// Equalization loss (EQL): rows of objects do not push rare classes down. Binary cross-entropies with weights
/// 1 - E T(f_k < lambda) (1 - y_k), where E is 1 on rows that are not background.
///
/// f_k is the share of the training images that show class k. Divided by the valid rows of the global batch.
///
/// Source: Tan and others, "Equalization loss for long-tailed object recognition", CVPR 2020, arXiv:2003.05176.
enum EqualizationLoss {
  struct Settings: Section {
    var lambda = 0.00177
    var background = ClassIndex.none
    var homogenization = HomogenizationSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key(
        "lambda", &lambda, "the share of the training images below which a class is rare; the default is of LVIS v0.5", .between(0, 1))
      visitor.key("background", &background, ColumnSettings.meaning, .natural)
      homogenization.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "eql", summary: "binary cross-entropies; rows of objects do not push rare classes down",
    about: "Objects of frequent classes no longer teach the network that they are none of the rare ones.",
    source: "Tan, Wang, Li, Li, Ouyang, Yin, Yan, CVPR 2020, arXiv:2003.05176", settings: Settings()
  ) { settings, context in
    let counts = try context.imageCounts(for: "eql")
    let background = try settings.background.checked(classes: context.classes, of: "eql")
    let ones = Array(repeating: 1.0, count: context.classes)
    var negative = counts.perClass.map { $0 / max(1, counts.total) < settings.lambda ? 0.0 : 1 }
    if let background { negative[background] = 1 }
    return SigmoidObjective(
      name: "eql", classes: context.classes, offsets: Array(repeating: 0, count: context.classes), background: background,
      shape: SigmoidShape(weights: .init(positive: ones, negative: negative, background: ones)),
      homogenization: settings.homogenization.homogenization(classes: context.classes))
  }
}
