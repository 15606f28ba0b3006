import Settings

/// The area under the curve for pairs of classes, with a square in place of the ranking: AUCSeg's loss.
///
/// With scores s_k = sigmoid(z_k), P classes in the global batch and means over all its pixels x of class i and y of class j,
///
///     L = 1 / (P (P - 1)) sum over ordered pairs i, j of 1/2 mean over x and y of (m - (s_i(x) - s_i(y)))^2
///
/// A pixel of class i has to score higher in column i than one of class j, by the margin m. Every pair of classes counts the same, however
/// many pixels it has. The square takes the pairs of pixels apart: mean (u + v)^2 = mean u^2 + 2 mean u mean v + mean v^2, with
/// u = m - s_i(x) and v = s_i(y). So first and second moments are enough, and with the counts n_j known before, the sum over j goes into
/// weights 1 / n_j: 4C numbers, exact over ranks. Rounds before: C counts; 2C first moments, which the gradient needs.
///
/// Gradient by s_i: -((P - 1) u + sum_j mean v) / n_i for pixels of class i, (mean u + v) / n_j for those of class j, over P (P - 1).
///
/// Evaluation goes without counts: it takes the pixels of all other classes together as one class, 1/P sum_i 1/2 mean (u + v)^2.
///
/// Source: Han, Xu, Yang, Bao, Wen, Jiang, Huang, AUCSeg, NeurIPS 2024, arXiv:2409.20398.
enum SquareAUCLoss {
  struct Settings: Section {
    var margin = 1.0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("margin", &margin, "m, by which a pixel of a class should outscore one of another", .between(0, 10))
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "auc", summary: "the area under the curve between every two classes of the batch, by squares",
    about: "Every pair of classes counts the same. It ranks scores and does not place them: add it to cross-entropy, in a weighted sum.",
    source: "Han and others, NeurIPS 2024, arXiv:2409.20398", settings: Settings()
  ) { SquareAUCObjective(name: "auc", classes: $1.classes, margin: $0.margin) }
}
