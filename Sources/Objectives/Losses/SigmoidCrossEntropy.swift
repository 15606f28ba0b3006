/// The sum over the classes of binary cross-entropies, averaged over the valid rows. Gradient: sigmoid(z_k) - y_k.
///
/// Rows of background have no class: all columns are negative, or the column of `background` is the label.
///
/// Settings:
/// - `background`: the index of a class, default none.
/// - `homogenization` and its companions (default none).
enum SigmoidCrossEntropy {
  static let entry = ObjectiveRegistry.Entry(name: "sigmoid", summary: "a binary cross-entropy for each class, summed over the classes") {
    settings, context in
    SigmoidObjective(
      name: settings.objective, classes: context.classes, offsets: Array(repeating: 0, count: context.classes),
      background: try settings.background(classes: context.classes),
      homogenization: try settings.homogenization(default: nil, classes: context.classes))
  }
}
