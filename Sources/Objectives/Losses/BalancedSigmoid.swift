import Foundation
import Settings
import Tensors

/// Balanced Sigmoid: the sum over the classes of binary cross-entropies on z_k - log((1 - f_k) / f_k). Prediction uses z as it is.
///
/// f_k is the share of the training images that show class k, or of the pixels that have it. So that no class has odds of 0 or infinity,
/// a class counts as shown by half an image (pixel) at least, and as missing from half at least. Pixels of the `background` class keep z.
/// Gradient: sigmoid(z'_k) - y_k. Divided by the valid pixels of the global batch.
///
/// Source: Ren, Yu, Cai, Zhao, Balanced Activation for long-tailed visual recognition, arXiv:2008.11037.
package enum BalancedSigmoid {
  /// What prior odds are counted in.
  enum Frequency: String, Choice { case images, pixels, instances }
  /// Whether odds are those against one class of many, or divided by C - 1, so that a class as frequent as the mean keeps z.
  enum PriorOdds: String, Choice { case published, theory }
  /// Which rows have the offsets. On all rows they are plain training with another bias.
  enum Rows: String, Choice { case foreground, all }

  struct Settings: Section {
    var frequency = Frequency.images
    var priorOdds = PriorOdds.published
    var rows = Rows.foreground
    var background = ClassIndex.none
    var homogenization = HomogenizationSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key(
        "frequency", &frequency,
        "the prior odds of a class: by images that show it, by pixels that have it, or by objects, without those of background")
      visitor.key("priorOdds", &priorOdds, "odds against a class as published, or divided by C - 1 as theory has them")
      visitor.key("rows", &rows, "which rows are shifted: those of classes, or those of background too")
      visitor.key("background", &background, "class whose pixels keep their logits, as proposals of background do in detection", .natural)
      homogenization.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "balancedSigmoid", summary: "binary cross-entropies on logits minus the log odds against each class",
    about: "Each class is told apart from the rest on its own, with its prior odds taken out.",
    source: "Ren, Yu, Cai, Zhao, 2020, arXiv:2008.11037", settings: Settings()
  ) { settings, context in
    var odds: [Double]
    let background = try settings.background.checked(classes: context.classes, of: "balancedSigmoid")
    switch settings.frequency {
    case .images:
      let counts = try context.imageCounts(for: "balancedSigmoid")
      odds = offsets(counts: counts.perClass, total: counts.total)
    case .pixels, .instances:
      var counts = try context.flooredCounts(for: "balancedSigmoid")
      if settings.frequency == .instances, let background { counts[background] = 0 }
      odds = offsets(counts: counts, total: counts.reduce(0, +))
    }
    let others = context.classes - (background == nil ? 1 : 2)
    if settings.priorOdds == .theory, others > 1 { odds = odds.map { $0 + log(Double(others)) } }
    return SigmoidObjective(
      name: "balancedSigmoid", classes: context.classes, offsets: odds, background: background,
      shape: SigmoidShape(shiftsBackground: settings.rows == .all),
      homogenization: settings.homogenization.homogenization(classes: context.classes))
  }

  /// -log((1 - f) / f), finite for every count.
  package static func offsets(counts: [Double], total: Double) -> [Double] {
    let total = max(total, 1)
    return counts.map { count in
      let shown = min(max(count, 0.5), total - 0.5)
      return log(shown / (total - shown))
    }
  }
}

extension ObjectiveContext {
  /// Training images that show each class, and their total.
  /// - Throws: `LongtailError` if they are missing or do not fit.
  func imageCounts(for objective: String) throws -> (perClass: [Double], total: Double) {
    guard let imageCounts, let images else {
      throw LongtailError(
        .usage, "objective \(objective) needs the number of training images that show each class, which was not counted",
        advice: "Scan the data set first, or choose an objective or a setting without counts of images.")
    }
    guard imageCounts.count == classes, imageCounts.allSatisfy({ $0 >= 0 && $0 <= images }) else {
      throw LongtailError(.badData, "objective \(objective): \(imageCounts) of \(images) images for \(classes) classes")
    }
    return (imageCounts.map(Double.init), Double(images))
  }
}
