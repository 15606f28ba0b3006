import Tensors

/// The objectives by name. A new one needs its source file, its test file and one line here.
public enum ObjectiveRegistry {
  /// Name, one-line description, and how to build it from settings.
  struct Entry {
    let name: String
    let summary: String
    let make: (SettingsReader, ObjectiveContext) throws -> any Objective
  }

  private static var entries: [Entry] {
    [
      CrossEntropy.entry,
      PixelwiseClassLossAdaptation.entry,
      PixelwiseClassLossAdaptation.pixelwiseAdaptiveTraining,
      FocalLoss.entry,
      BalancedSoftmax.entry,
      LogitAdjustment.entry,
      BalancingLogitVariation.entry,
      ClassBalancedLoss.entry,
      DeferredReweighting.entry,
      LabelDistributionAwareMargin.entry,
      SeesawLoss.entry,
      OnlineHardExampleMining.entry,
      SigmoidCrossEntropy.entry,
      SigmoidFocalLoss.entry,
      BalancedSigmoid.entry,
      EqualizationLoss.entry,
      EqualizationLossV2.entry,
      FederatedLoss.entry,
      DiceLoss.entry,
      LovaszSoftmax.entry,
      WeightedSum.entry,
    ]
  }

  /// All names, in the order of the documentation.
  public static var names: [String] { entries.map(\.name) }

  /// One line on an objective, or nil for an unknown name.
  public static func summary(of name: String) -> String? { entries.first { $0.name == name }?.summary }

  /// Builds an objective.
  /// - Parameters:
  ///   - name: one of `names`.
  ///   - settings: what its source file documents; everything has a default.
  ///   - context: classes, and the counts of the training split if known.
  /// - Throws: `LongtailError` for an unknown name or setting (naming the nearest known one), a value out of range, or missing counts.
  public static func make(_ name: String, settings: [String: SettingValue] = [:], context: ObjectiveContext) throws -> any Objective {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw LongtailError(.usage, "there is no objective '\(name)'", advice: nearestHint(name, among: names))
    }
    guard context.classes >= 1 else {
      throw LongtailError(.usage, "objective \(name): \(context.classes) classes; there has to be at least one")
    }
    let reader = SettingsReader(objective: name, values: settings)
    let objective = try entry.make(reader, context)
    try reader.finish()
    return objective
  }

  /// The settings that an objective reads, in order; empty for an unknown name.
  /// - Throws: `LongtailError` if the objective cannot be built in this context.
  public static func settingNames(of name: String, context: ObjectiveContext) throws -> [String] {
    guard let entry = entries.first(where: { $0.name == name }) else { return [] }
    let reader = SettingsReader(objective: name, values: [:])
    _ = try entry.make(reader, context)
    return reader.known
  }
}

extension ObjectiveContext {
  /// Counts of the training split as float64 with a floor of 1, so that logarithms stay finite.
  /// - Throws: `LongtailError` if they are missing or do not fit.
  func flooredCounts(for objective: String) throws -> [Double] {
    guard let pixelCounts else {
      throw LongtailError(
        .usage, "objective \(objective) needs the number of training pixels of each class, which was not counted",
        advice: "Scan the data set first, or choose an objective without class counts.")
    }
    guard pixelCounts.count == classes, pixelCounts.allSatisfy({ $0 >= 0 }) else {
      throw LongtailError(.badData, "objective \(objective): class counts \(pixelCounts) for \(classes) classes")
    }
    return pixelCounts.map { Double(max(1, $0)) }
  }
}
