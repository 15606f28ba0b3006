import Objectives
import Tensors

/// Features of whole epochs by class, as the network gave them in training, with the sample that each was made of.
///
/// For each class the rows of the epoch at hand and of a number of complete epochs before it. Rows are kept in the order of the global
/// batches and are the same on every rank, so means and choices made of them are too. Memory: every row of the kept epochs, on each rank.
/// Source of the use: Liu et al., "Breadcrumbs: adversarial class-balanced sampling for long-tailed recognition", ECCV 2022, section 4.
public final class FeatureBank: Follower {
  /// The name in checkpoints.
  public let name: String
  /// Numbers of a row.
  public let width: Int
  /// Where features come from: a row for each image, with a label each.
  public let source: PortPlace
  /// Complete epochs that are kept of each class.
  public let depths: [Int]

  /// A stored feature.
  public struct Entry: Sendable, Equatable {
    /// Its class.
    public let label: Int
    /// The sample, by its index in the split.
    public let sample: Int
    /// The epoch in which it was computed.
    public let epoch: Int
    /// Its place among the stored rows.
    fileprivate let place: Int
  }

  private var rows: [Float] = []
  private var labels: [Int] = []
  private var samples: [Int] = []
  private var epochs: [Int] = []
  private var current = 0

  /// An empty bank.
  /// - Parameter depths: complete epochs to keep, by class.
  /// - Throws: `LongtailError` for a width or a depth out of range.
  public init(_ name: String, of source: PortPlace, width: Int, depths: [Int]) throws {
    guard width > 0, !depths.isEmpty, depths.allSatisfy({ $0 >= 0 }) else {
      throw LongtailError(.usage, "bank '\(name)' has rows of \(width) numbers and keeps \(depths) epochs of its classes")
    }
    (self.name, self.source, self.width, self.depths) = (name, source, width, depths)
  }

  /// Rows that are there.
  public var count: Int { labels.count }

  /// The source.
  public var gathers: [PortPlace] { [source] }

  /// Takes in the features of the global batch. The first ones of a new epoch complete the epoch before.
  public func follow(_ step: AcceptedStep) throws {
    let features = try step.rows(source)
    let classes = try step.labels(source).map { Int($0) }
    try add(features, labels: classes, samples: step.samples(source), epoch: step.context.epoch)
  }

  /// Takes in rows of an epoch; those with a label that is no class are left out.
  /// - Throws: `LongtailError` for rows of another width.
  public func add(_ features: GatheredRows, labels classes: [Int], samples indices: [Int], epoch: Int) throws {
    guard features.width == width || features.count == 0, classes.count == features.count, indices.count == features.count else {
      throw LongtailError(.internalError, "bank \(name) has rows of \(width) numbers, not of \(features.width)")
    }
    if epoch != current { forget(before: epoch) }
    for index in 0..<features.count where depths.indices.contains(classes[index]) {
      rows += features.row(index)
      labels.append(classes[index])
      samples.append(indices[index])
      epochs.append(epoch)
    }
  }

  /// The complete epochs before the one at hand that a class has rows of, the newest first.
  public func completeEpochs(of label: Int) -> [Int] {
    Set(labels.indices.filter { labels[$0] == label && epochs[$0] < current }.map { epochs[$0] }).sorted(by: >)
  }

  /// The features of a class in an epoch, by sample: an order that depends on neither ranks nor batches.
  public func entries(of label: Int, epoch: Int) -> [Entry] {
    labels.indices.filter { labels[$0] == label && epochs[$0] == epoch }
      .map { Entry(label: label, sample: samples[$0], epoch: epoch, place: $0) }
      .sorted { ($0.sample, $0.place) < ($1.sample, $1.place) }
  }

  /// The features of complete epochs by class, the oldest epoch first; in each class by sample. Cost: one pass over the stored rows.
  public var completeEpochs: [[DenseRows]] {
    var places: [Int: [[Int]]] = [:]
    for index in labels.indices where epochs[index] < current {
      places[epochs[index], default: [[Int]](repeating: [], count: depths.count)][labels[index]].append(index)
    }
    return places.sorted { $0.key < $1.key }.map { _, classes in
      classes.map { own in
        let ordered = own.sorted { (samples[$0], $0) < (samples[$1], $1) }
        return DenseRows(count: own.count, width: width, values: ordered.flatMap { rows[$0 * width..<($0 + 1) * width] })
      }
    }
  }

  /// The numbers of a feature.
  public func values(of entry: Entry) -> ArraySlice<Float> { rows[entry.place * width..<(entry.place + 1) * width] }

  /// The mean of a class's features in an epoch, in double precision, added up by sample; nil where there are none.
  public func mean(of label: Int, epoch: Int) -> [Double]? {
    let entries = entries(of: label, epoch: epoch)
    guard !entries.isEmpty else { return nil }
    var sum = [Double](repeating: 0, count: width)
    for entry in entries { for (k, value) in values(of: entry).enumerated() { sum[k] += Double(value) } }
    return sum.map { $0 / Double(entries.count) }
  }

  /// Begins an epoch, and lets go of what is older than each class keeps.
  private func forget(before epoch: Int) {
    let kept = labels.indices.filter { epochs[$0] >= epoch - depths[labels[$0]] }
    rows = kept.flatMap { rows[$0 * width..<($0 + 1) * width] }
    labels = kept.map { labels[$0] }
    samples = kept.map { samples[$0] }
    epochs = kept.map { epochs[$0] }
    current = epoch
  }

  /// Names rows, their origin, and the epoch at hand.
  public func describeState(in tree: inout StateTree) {
    tree.value("rows", of: self, \.rows, title: "rows of \(name)")
    tree.value("labels", of: self, \.labels, title: "classes of \(name)")
    tree.value("samples", of: self, \.samples, title: "samples of \(name)")
    tree.value("epochs", of: self, \.epochs, title: "epochs of \(name)")
    tree.value("epoch", of: self, \.current, title: "epoch of \(name)")
  }
}
