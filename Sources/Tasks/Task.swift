import Datasets
import Images
import Networks
import Tensors

/// How classes are grouped where a configuration does not say it by shares.
public enum ClassGrouping: Sendable, Equatable {
  /// By shares of what is labelled in training, as the configuration's `groups` has them: head, medium, tail.
  case shares
  /// By numbers: many above the first, few below the second.
  case counts(many: Int64, few: Int64)
  /// As the data set itself has them.
  case given(ClassGroups)

  /// Many above 100, few below 20, as recognition's and detection's benchmarks have it.
  public static let published = ClassGrouping.counts(many: 100, few: 20)
}

/// What a network is trained for: what a label is, how it follows a geometry, how it is counted, how outputs are tallied, which scores
/// there are, and which figures show them.
///
/// Typed inside its own room; at its border it gives existentials and values, so that nothing generic runs through loader, loop and
/// reports. A task imports data, terms and graphs, never another task.
public protocol Task: Sendable {
  /// The name, as configurations have it: `segmentation`.
  var name: String { get }
  /// The images with their annotations.
  var dataset: any ImageDataset { get }
  /// The network, where the task composes it, of more than one part or of what its objective needs; nil for the model that the
  /// configuration names.
  var graph: Graph? { get }
  /// What is counted by class.
  var countUnit: CountUnit { get }
  /// The kinds of scores that it gives, in the order in which they are shown; that of the loss belongs to every task.
  var scoreKinds: [ScoreKind] { get }
  /// How its classes are grouped.
  var grouping: ClassGrouping { get }
  /// The ports of the network that its tally reads, beside the logits that the objective is measured at.
  var ports: Set<Port> { get }
  /// Whether evaluation gives the objective's value: at the logits, with a label for each row of them. A task that finds its rows only in
  /// training has none, and adds offsets of the objective itself.
  var measuresObjective: Bool { get }
  /// Whether its pipelines read the keys of `data.augmentation` by themselves, and refuse those that they do not know.
  var readsAugmentation: Bool { get }

  /// The same task without some samples.
  /// - Parameter samples: their indices, by split.
  func without(_ samples: [Split: Set<Int>]) -> any Task
  /// The targets of a batch.
  /// - Parameters:
  ///   - capacity: the most images of a batch.
  ///   - size: extents of the network's input, padding included.
  func makeTargets(capacity: Int, size: ImageSize) -> any Targets
  /// How samples become input.
  /// - Parameter usual: what `data.size` and `data.augmentation` say for any image: resize, scale, crop, flip, changes of colour.
  /// - Throws: `LongtailError` for settings that the task cannot work with.
  func pipelines(_ usual: InputPipelines) throws -> InputPipelines
  /// Whether an image that the network sees at a size is judged by itself, as with several views of each, and not in batches.
  /// - Parameter size: nil where images differ in size.
  func judgesSingleImages(ofSize size: ImageSize?) -> Bool
  /// An empty tally.
  func makeTally(_ context: TallyContext) -> any Tally
  /// An empty tally whose evaluation has one score, `temperature`: what scores are divided by so that probabilities fit the labels best.
  /// Nil for a task whose probabilities have no temperature.
  func makeTemperatureTally(_ context: TallyContext) -> (any Tally)?

  /// Names of the files that predictions become.
  /// - Parameter count: how many images there are.
  func predictionNames(_ options: PredictionOptions, count: Int) -> PredictionNames
  /// Predicts new images.
  /// - Throws: `LongtailError` for a network that cannot be used so.
  func makePredictionWriter(_ network: InferenceNetwork, _ options: PredictionOptions) throws -> any PredictionWriter
  /// Texts that a run keeps beside its configuration so that others can use the same data, such as the list of a subset: by file name.
  /// - Throws: `LongtailError` for a part of the data set that is not there.
  func dataFiles() throws -> [(name: String, text: String)]

  /// Refuses a network whose outputs are not of the task's kind.
  /// - Throws: `LongtailError` with code `usage`.
  func requireNetwork(_ graph: Graph) throws
  /// Refuses training annotations that nothing can be learned from.
  /// - Throws: `LongtailError` that says what to do.
  func requireTrainable(_ statistics: LabelStatistics) throws
  /// Refuses annotations of a split that nothing can be judged by.
  /// - Throws: `LongtailError` that says what to do.
  func requireJudgeable(_ statistics: LabelStatistics, split: Split) throws
  /// Warnings about the annotations of two splits, in sentences.
  func remarks(training: LabelStatistics, evaluated: LabelStatistics, split: Split) -> [String]

  /// Images of a split that are worth seeing: those that show the rare classes. Every run of a data set chooses the same ones.
  /// - Throws: `LongtailError` for files that cannot be read.
  func showcase(_ split: Split, groups: ClassGroups, count: Int) throws -> [Int]
  /// An image with its annotation and the network's prediction.
  /// - Throws: `LongtailError` for a file that cannot be read, or a size that the network cannot take.
  func figure(_ split: Split, index: Int, _ network: InferenceNetwork) throws -> ImageFigure
}

extension Task {
  /// By shares.
  public var grouping: ClassGrouping { .shares }

  /// The configuration's model.
  public var graph: Graph? { nil }

  /// The logits.
  public var ports: Set<Port> { [.logits] }

  /// It does.
  public var measuresObjective: Bool { true }

  /// What the keys say for any image is all that it takes.
  public var readsAugmentation: Bool { false }

  /// The usual ones.
  public func pipelines(_ usual: InputPipelines) throws -> InputPipelines { usual }

  /// All images go in batches.
  public func judgesSingleImages(ofSize size: ImageSize?) -> Bool { false }

  /// None.
  public func predictionNames(_ options: PredictionOptions, count: Int) -> PredictionNames { PredictionNames() }

  /// There is none.
  public func makePredictionWriter(_ network: InferenceNetwork, _ options: PredictionOptions) throws -> any PredictionWriter {
    throw LongtailError(.usage, "task \(name) does not predict single images yet", advice: "longtail evaluate scores a split.")
  }

  /// None.
  public func dataFiles() throws -> [(name: String, text: String)] { [] }

  /// Any will do.
  public func requireNetwork(_ graph: Graph) throws {}

  /// No temperature.
  public func makeTemperatureTally(_ context: TallyContext) -> (any Tally)? { nil }

  /// Anything may be trained on that shows a class.
  public func requireTrainable(_ statistics: LabelStatistics) throws { try requireJudgeable(statistics, split: .train) }

  /// There has to be a label.
  public func requireJudgeable(_ statistics: LabelStatistics, split: Split) throws {
    guard statistics.labelledPixels == 0, statistics.imageCount > 0 else { return }
    throw LongtailError(
      .badData, "split '\(split.shortName)': none of its \(statistics.imageCount) images has a label",
      advice: "Check the labels, or choose another split.")
  }

  /// Nothing.
  public func remarks(training: LabelStatistics, evaluated: LabelStatistics, split: Split) -> [String] { [] }

  /// Some from all over the split.
  public func showcase(_ split: Split, groups: ClassGroups, count: Int) throws -> [Int] {
    let all = dataset.count(of: split)
    let taken = min(max(0, count), all)
    return (0..<taken).map { (2 * $0 + 1) * all / (2 * taken) }
  }

  /// The scores that a configuration may name.
  public func scoreTable(groups: [String]) -> ScoreTable {
    ScoreTable(scoreKinds, groups: groups, classes: dataset.classes.map(\.name))
  }

  /// Names of its groups.
  public var groupNames: [String] {
    switch grouping {
    case .shares: ClassGroups.namesByShare
    case .counts: ClassGroups.namesByCount
    case .given(let groups): groups.names
    }
  }
}
