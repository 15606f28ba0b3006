import Tensors

/// Which classes each sample shows, and how much of each: what samplers weigh and stratified splits balance.
///
/// The unit is the task's: 1 for the label of a whole image, pixels in segmentation, objects in detection.
/// Memory: 16 bytes for each class of each sample.
public struct SampleClasses: Sendable, Equatable {
  /// A class in a sample.
  public struct Entry: Sendable, Equatable {
    /// The class.
    public var classIndex: Int
    /// How much of it there is; more than 0.
    public var count: Int

    /// Creates an entry.
    public init(classIndex: Int, count: Int) { (self.classIndex, self.count) = (classIndex, count) }
  }

  /// Number of classes.
  public let classCount: Int
  private var entries: [Entry] = []
  private var ends: [Int] = []

  /// No samples yet.
  public init(classCount: Int) { self.classCount = max(0, classCount) }

  /// Samples with one label each.
  /// - Parameter labels: the class of each sample; one that is not a class, such as -1, counts as none.
  public init(labels: [Int], classCount: Int) {
    self.init(classCount: classCount)
    for label in labels { append(label >= 0 ? [Entry(classIndex: label, count: 1)] : []) }
  }

  /// Samples with several classes each.
  /// - Parameter counts: for each sample, how much of each class it has.
  public init(counts: [[Int]], classCount: Int) {
    self.init(classCount: classCount)
    for row in counts { append(row.enumerated().map { Entry(classIndex: $0.offset, count: $0.element) }) }
  }

  /// Adds a sample at the end. Entries without a count, and classes that there are not, are left out.
  public mutating func append(_ sample: [Entry]) {
    entries += sample.filter { $0.count > 0 && (0..<classCount).contains($0.classIndex) }
    ends.append(entries.count)
  }

  /// Adds samples at the end.
  public mutating func append(contentsOf other: SampleClasses) { for sample in 0..<other.count { append(Array(other[sample])) } }

  /// Number of samples.
  public var count: Int { ends.count }

  /// The classes of a sample; empty for one without any.
  public subscript(sample: Int) -> ArraySlice<Entry> { entries[(sample == 0 ? 0 : ends[sample - 1])..<ends[sample]] }

  /// Samples that show each class. One pass over all entries.
  public var sampleCounts: [Int] {
    entries.reduce(into: [Int](repeating: 0, count: classCount)) { $0[$1.classIndex] += 1 }
  }

  /// How much there is of each class in all samples together. One pass over all entries.
  public var totals: [Int] {
    entries.reduce(into: [Int](repeating: 0, count: classCount)) { $0[$1.classIndex] += $1.count }
  }

  /// The samples that show each class, in order.
  public var samplesByClass: [[Int]] {
    var lists = [[Int]](repeating: [], count: classCount)
    for sample in 0..<count { for entry in self[sample] { lists[entry.classIndex].append(sample) } }
    return lists
  }

  /// Only these samples, in their order.
  public func selecting(_ samples: [Int]) -> SampleClasses {
    var result = SampleClasses(classCount: classCount)
    for sample in samples { result.append(Array(self[sample])) }
    return result
  }
}

extension SampleClasses: Codable {
  private enum CodingKeys: String, CodingKey { case classCount, samples }

  /// Reads what `encode` wrote.
  /// - Throws: `DecodingError` for anything else.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(classCount: try container.decode(Int.self, forKey: .classCount))
    for text in try container.decode([String].self, forKey: .samples) {
      append(
        try text.split(separator: " ").map { pair in
          let numbers = pair.split(separator: ":").compactMap { Int($0) }
          guard numbers.count == 2 else {
            throw DecodingError.dataCorruptedError(forKey: .samples, in: container, debugDescription: "'\(pair)' is not class:count")
          }
          return Entry(classIndex: numbers[0], count: numbers[1])
        })
    }
  }

  /// Writes a text for each sample, such as `0:1200 7:31`: class and count.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(classCount, forKey: .classCount)
    try container.encode(
      (0..<count).map { self[$0].map { "\($0.classIndex):\($0.count)" }.joined(separator: " ") }, forKey: .samples)
  }
}
