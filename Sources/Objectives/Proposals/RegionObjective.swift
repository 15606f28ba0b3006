import Settings
import Tensors

/// An objective over the rows of a detector's second stage, whatever columns it has: labels are classes from 0 on, or background.
///
/// It hands an objective of the registry the columns that it needs, and reports the C classes alone; background is kept apart. Losses that
/// know no background are refused. Sums, gradients and running state are those of the objective inside.
package final class RegionObjective: Objective {
  /// The columns of the class layer.
  package let form: RegionForm
  /// C.
  package let classes: Int
  private let base: any Objective
  private var labels: [Int32] = []

  private init(_ base: any Objective, form: RegionForm, classes: Int) { (self.base, self.form, self.classes) = (base, form, classes) }

  /// The columns that an objective of the registry needs over regions.
  /// - Throws: `LongtailError` for a name that the registry does not know, or a loss that has no form with background.
  package static func form(of name: String) throws -> RegionForm {
    _ = try ObjectiveRegistry.registry.entry(name)
    switch name {
    case "sigmoid", "balancedSigmoid", "eql", "federated", "sigmoidFocal": return .sigmoid
    case "eqlv2": return .sigmoidWithBackground
    case "crossEntropy", "balancedSoftmax", "logitAdjustment", "pcla", "pat": return .softmax
    case "seesaw": return .softmaxWithObjectness
    default:
      throw LongtailError(
        .usage, "objective \(name) has no form for the regions of a detector, most of which show background",
        advice: "Known: sigmoid, balancedSigmoid, eql, eqlv2, federated, sigmoidFocal, crossEntropy, balancedSoftmax, logitAdjustment, "
          + "pcla, pat, seesaw.")
    }
  }

  /// Builds an objective.
  ///
  /// Balanced Sigmoid counts odds by instances where there are fewer than 50 classes and the settings do not say otherwise: there the share
  /// of images that show a class comes near 1, and its offset grows without bound.
  /// - Parameters:
  ///   - name: as in the registry.
  ///   - settings: without `background`, which the form decides.
  ///   - context: the classes, with the instances of each as `pixelCounts`.
  /// - Throws: as the registry; and for a setting that has no meaning over regions.
  package static func make(_ name: String, settings: [String: SettingValue] = [:], context: ObjectiveContext) throws -> RegionObjective {
    let form = try form(of: name)
    if settings["background"] != nil {
      throw LongtailError(.usage, "objective \(name): background is decided by the detector", advice: "Leave the setting out.")
    }
    if settings["statistic"]?.stringValue == "features" {
      throw LongtailError(
        .usage, "objective \(name): the statistic of a detector's classes is taken at the logits", advice: "Leave the setting out.")
    }
    var (settings, context) = (settings, context)
    let classes = context.classes
    if name == "balancedSigmoid", settings["frequency"] == nil, classes < 50 { settings["frequency"] = "instances" }
    if form == .softmaxWithObjectness {
      try ObjectiveRegistry.check(name, settings: settings)
      if let other = settings.keys.sorted().first(where: { $0 != "p" && $0 != "q" }) {
        throw LongtailError(.usage, "objective \(name): \(other) has no meaning over regions", advice: "Known: p, q.")
      }
      let objective = SeesawRegionObjective(
        classes: classes, p: settings["p"]?.doubleValue ?? 0.8, q: settings["q"]?.doubleValue ?? 2)
      return RegionObjective(objective, form: form, classes: classes)
    }
    if let background = form.background(classes: classes) {
      settings["background"] = .int(background)
      context.classes = form.columns(classes: classes)
      context.pixelCounts?.insert(0, at: background)
      context.imageCounts?.insert(0, at: background)
    }
    return RegionObjective(try ObjectiveRegistry.make(name, settings: settings, context: context), form: form, classes: classes)
  }

  /// The name in reports and checkpoints.
  package var name: String { base.name }
  /// Those of the objective inside.
  package var rounds: [Int] { base.rounds }
  /// What is added to the columns, as many as `form` has.
  package var predictionOffsets: [Double]? { base.predictionOffsets }

  /// As `Objective.measure`.
  package func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try withColumns(rows) {
      try base.measure(round: round, $0, gradient: gradient, earlier: earlier, into: &packed, at: offset, step: step)
    }
  }

  /// As `Objective.result`, of the classes; the factors stay those of the columns.
  package func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    var result = try base.result(sums, step: step)
    guard let column = form.background(classes: classes), result.pixelsPerClass.count == classes + 1 else { return result }
    result.background = StepResult.Background(
      loss: result.lossPerClass[column], rows: result.pixelsPerClass[column], gradientNorm: result.gradientNormPerClass[column],
      factor: result.background?.factor ?? result.factorPerClass[column])
    result.lossPerClass.remove(at: column)
    result.pixelsPerClass.remove(at: column)
    result.gradientNormPerClass.remove(at: column)
    result.scalePerClass.remove(at: column)
    return result
  }

  /// As `Objective.complete`.
  package func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try withColumns(rows) { try base.complete(gradient: gradient, $0, result: result) }
  }

  /// As `Objective.commit`.
  package func commit(_ sums: PackedSums, step: StepContext) throws { try base.commit(sums, step: step) }

  /// The running state of the objective inside.
  package func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows { try base.visitState(visit) }

  /// Calls `body` with labels that are columns. Rows of background stay what they are: the objective knows its column.
  private func withColumns<Result>(_ rows: LabelledRows, _ body: (LabelledRows) throws -> Result) throws -> Result {
    guard form == .softmax else { return try body(rows) }
    guard rows.second == nil else { throw LongtailError(.internalError, "regions have no second labels") }
    if let wrong = rows.labels.first(where: { $0 >= Int32(classes) && $0 != RowLabel.background }) {
      throw LongtailError(.badData, "label \(wrong): there are \(classes) classes, 0 to \(classes - 1)")
    }
    if labels.count != rows.labels.count { labels = [Int32](repeating: 0, count: rows.labels.count) }
    for (place, label) in rows.labels.enumerated() {
      labels[place] = label >= 0 && label != RowLabel.background ? form.column(of: label) : label
    }
    return try labels.withUnsafeBufferPointer { labels in
      var rows = rows
      rows.labels = labels
      return try body(rows)
    }
  }
}
