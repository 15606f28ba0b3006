import Settings
import Tensors

/// The objectives by name. A new one of the house needs its source file, its test file and one line here; a program adds its own with `register`.
public enum ObjectiveRegistry {
  /// An objective that configurations can name: what it is, what it can be told, and how it is made for a number of classes.
  public typealias Entry = RegistryEntry<ObjectiveContext, any Objective>

  /// All of them, in the order of the documentation.
  private static let list = ExtensibleList<Entry>(
    "objective",
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
      RecallLoss.entry,
      RegionRebalance.entry,
      SquareAUCLoss.entry,
      SigmoidCrossEntropy.entry,
      SigmoidFocalLoss.entry,
      BalancedSigmoid.entry,
      EqualizationLoss.entry,
      EqualizationLossV2.entry,
      FederatedLoss.entry,
      DiceLoss.entry,
      LovaszSoftmax.entry,
      WeightedSum.entry,
    ])

  /// All of them, as configurations name them.
  package static let registry = Registry(list)

  /// Adds an objective of your own, which configurations then name as any other.
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun.
  public static func register(_ entry: Entry) throws { try list.register(entry) }

  /// All names, in the order of the documentation.
  public static var names: [String] { registry.names }

  /// One line on an objective, or nil for an unknown name.
  public static func summary(of name: String) -> String? { registry.entries.first { $0.name == name }?.summary }

  /// Builds an objective.
  /// - Parameters:
  ///   - name: one of `names`.
  ///   - settings: what `longtail describe objective NAME` lists; everything has a default.
  ///   - context: classes, and the counts of the training split if known.
  /// - Throws: `LongtailError` for an unknown name or setting (naming the nearest known one), a value out of range, or missing counts.
  public static func make(_ name: String, settings: [String: SettingValue] = [:], context: ObjectiveContext) throws -> any Objective {
    let entry = try registry.entry(name)
    guard context.classes >= 1 else {
      throw LongtailError(.usage, "objective \(name): \(context.classes) classes; there has to be at least one")
    }
    return try entry.make(settings, context, kind: registry.kind)
  }

  /// Refuses a name or settings as `make` does, where classes and counts are not known yet.
  /// - Throws: `LongtailError` for an unknown name or setting (naming the nearest known one), or a value out of range.
  public static func check(_ name: String, settings: [String: SettingValue]) throws { try registry.check(name, settings) }

  /// What people may read about objectives.
  package static var description: KindDescription {
    registry.description(
      name: "objective", summary: "the loss, and what it does for rare classes", place: "Settings are keys of `objective.settings`.")
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
