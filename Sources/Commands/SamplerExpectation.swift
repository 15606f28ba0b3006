import Datasets
import Reports
import Tensors
import Training

/// How often a configuration's sampler is expected to show each class, beside how often the samples do.
struct SamplerExpectation {
  /// The columns of `cells`.
  static let columns: [TextTable.Column] = [
    .init("drawn %", isNumeric: true), .init("of drawn %", isNumeric: true), .init("times", isNumeric: true),
  ]

  private let name: String
  private let epochLength: Int
  private let epochs: Int
  private let changes: Bool
  private let natural: ClassFrequencies
  private let drawn: ClassFrequencies

  /// Asks the sampler, over all epochs of the run.
  /// - Parameter statistics: the training split's, with the counts of each sample.
  /// - Throws: `LongtailError` for a sampler that cannot be made.
  init(_ experiment: Experiment, _ statistics: ClassStatistics) throws {
    guard let classes = statistics.audit.statistics.samples else {
      throw LongtailError(.internalError, "the classes of each sample were not counted")
    }
    let sampler = try experiment.sampler(classes)
    name = experiment.configuration.data.sampler?.name ?? "shuffled"
    epochLength = sampler.epochLength
    epochs = experiment.configuration.training.epochs
    changes = sampler.changesOverEpochs
    natural = ClassFrequencies(copies: [Double](repeating: 1, count: classes.count), classes: classes)
    drawn = ClassFrequencies(of: sampler, epochs: 0..<epochs, classes: classes)
  }

  /// Cells of a class's row.
  func cells(of index: Int) -> [String] {
    [
      Formatting.percent(drawn.shares[index]), Formatting.percent(drawn.shareOfSamples[index], decimals: 1),
      factor(of: index).map { Formatting.decimals($0, 2) } ?? "-",
    ]
  }

  /// How much more often a class is shown in the samples that are drawn; nil for one that does not occur.
  private func factor(of index: Int) -> Double? {
    natural.shareOfSamples[index] > 0 ? drawn.shareOfSamples[index] / natural.shareOfSamples[index] : nil
  }

  /// Members of a class's object.
  func members(of index: Int) -> [JSONValue.Member] {
    [
      .init("drawnShare", .double(drawn.shares[index])), .init("drawnShareOfImages", .double(drawn.shareOfSamples[index])),
      .init("drawnFactor", .number(factor(of: index))),
    ]
  }

  /// What the columns show.
  var summary: String {
    "sampler \(name), \(Formatting.plural(epochLength, "image")) an epoch: expected shares of what is drawn"
      + (changes ? ", averaged over \(Formatting.plural(epochs, "epoch"))" : "")
      + "; times is how much more often a class is shown than without a sampler"
  }

  /// The sampler itself.
  var json: JSONValue {
    .members(["name": .string(name), "epochLength": .int(epochLength), "changesOverEpochs": .bool(changes), "epochs": .int(epochs)])
  }
}
