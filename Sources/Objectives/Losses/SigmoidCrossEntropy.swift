import Settings

/// The sum over the classes of binary cross-entropies, averaged over the valid rows. Gradient: sigmoid(z_k) - y_k.
///
/// Rows of background have no class: all columns are negative, or the column of `background` is the label.
enum SigmoidCrossEntropy {
  struct Settings: Section {
    var background = ClassIndex.none
    var homogenization = HomogenizationSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("background", &background, ColumnSettings.meaning, .natural)
      homogenization.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "sigmoid", summary: "a binary cross-entropy for each class, summed over the classes",
    about: "What other losses of sigmoids are measured against. Each class is told apart from the rest on its own.", settings: Settings()
  ) { settings, context in
    SigmoidObjective(
      name: "sigmoid", classes: context.classes, offsets: Array(repeating: 0, count: context.classes),
      background: try settings.background.checked(classes: context.classes, of: "sigmoid"),
      homogenization: settings.homogenization.homogenization(classes: context.classes))
  }
}
