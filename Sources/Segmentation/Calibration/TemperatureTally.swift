import Datasets
import Images
import Networks
import Objectives
import Tasks
import Tensors

/// Finds the temperature of a network's probabilities on a split; see `TemperatureFit`. The split must not be the one that is judged.
///
/// Cost: one sum of 50 numbers over the ranks.
struct TemperatureTally: Tally {
  /// The one score.
  static let kind = ScoreKind("temperature", title: "temperature", unit: .number, scopes: [.whole], rank: .unlisted)

  private let context: TallyContext
  private let dataset: any SegmentationDataset
  private let shifter = RowShifter()
  private var fit = TemperatureFit()

  init(_ context: TallyContext, dataset: any SegmentationDataset) { (self.context, self.dataset) = (context, dataset) }

  mutating func add(_ batch: Batch, _ outputs: NetworkOutputs) throws {
    let logits = try outputs.rows(.logits)
    batch.targets.withRows { fit.add(logits, $0.labels) }
  }

  mutating func add(imageAt index: Int, _ network: InferenceNetwork) throws {
    let sample = try dataset.sample(split: context.split, index: index)
    let prepared = context.pipeline.prepared(AnnotatedImage(image: sample.image, annotation: sample.labels))
    guard let labels = prepared.annotation as? LabelImage else { return }
    let (plan, padded) = try network.forward(prepared.image)
    let logits = try plan.logits()
    if let offsets = network.offsets { try shifter.add(offsets, to: logits) }
    var rows = [Int32](repeating: -1, count: padded.width * padded.height)
    let numbers = SegmentationTally.numbers(labels)
    for y in 0..<labels.height {
      for x in 0..<labels.width { rows[y * padded.width + x] = numbers[y * labels.width + x] }
    }
    rows.withUnsafeBufferPointer { fit.add(logits, $0) }
  }

  mutating func reduce(over group: any TallyGroup) throws { try group.sum(&fit.sums) }

  /// The temperature; nil without a labelled pixel.
  func evaluation() throws -> Evaluation { Evaluation(scores: [Score(TemperatureTally.kind, fit.temperature)]) }
}
