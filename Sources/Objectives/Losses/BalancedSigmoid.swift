import Foundation
import Tensors

/// Balanced Sigmoid: the sum over the classes of binary cross-entropies on z_k - log((1 - f_k) / f_k). Prediction uses z as it is.
///
/// f_k is the share of the training images that show class k, or of the pixels that have it. So that no class has odds of 0 or infinity,
/// a class counts as shown by half an image (pixel) at least, and as missing from half at least. Pixels of the `background` class keep z.
/// Gradient: sigmoid(z'_k) - y_k. Divided by the valid pixels of the global batch.
///
/// Settings:
/// - `frequency`: `images` (default, the paper's), `pixels`, or `instances`: the share of all counted objects, without background.
/// - `priorOdds`: `published` (default), or `theory`: odds against are divided by C - 1, so that a class as frequent as the mean keeps z.
/// - `rows`: `foreground` (default), or `all`: rows of background have the offsets, too. That is plain training with another bias.
/// - `background`: the index of a class, default none.
/// - `homogenization` and its companions (default none).
///
/// Source: Ren, Yu, Cai, Zhao, Balanced Activation for long-tailed visual recognition, arXiv:2008.11037.
package enum BalancedSigmoid {
  static let entry = ObjectiveRegistry.Entry(
    name: "balancedSigmoid", summary: "binary cross-entropies on logits minus the log odds against each class"
  ) { settings, context in
    let frequency = try settings.choice("frequency", default: Frequency.images)
    let priorOdds = try settings.choice("priorOdds", default: PriorOdds.published)
    let rows = try settings.choice("rows", default: Rows.foreground)
    let background = try settings.background(classes: context.classes)
    var odds: [Double]
    switch frequency {
    case .images:
      let counts = try context.imageCounts(for: settings.objective)
      odds = offsets(counts: counts.perClass, total: counts.total)
    case .pixels, .instances:
      var counts = try context.flooredCounts(for: settings.objective)
      if frequency == .instances, let background { counts[background] = 0 }
      odds = offsets(counts: counts, total: counts.reduce(0, +))
    }
    let others = context.classes - (background == nil ? 1 : 2)
    if priorOdds == .theory, others > 1 { odds = odds.map { $0 + log(Double(others)) } }
    return SigmoidObjective(
      name: settings.objective, classes: context.classes, offsets: odds, background: background,
      shape: SigmoidShape(shiftsBackground: rows == .all),
      homogenization: try settings.homogenization(default: nil, classes: context.classes))
  }

  private enum PriorOdds: String, CaseIterable { case published, theory }
  private enum Rows: String, CaseIterable { case foreground, all }
  private enum Frequency: String, CaseIterable { case images, pixels, instances }

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
        advice: "Scan the data set first, or set frequency to pixels.")
    }
    guard imageCounts.count == classes, imageCounts.allSatisfy({ $0 >= 0 && $0 <= images }) else {
      throw LongtailError(.badData, "objective \(objective): \(imageCounts) of \(images) images for \(classes) classes")
    }
    return (imageCounts.map(Double.init), Double(images))
  }
}
