import Tensors

/// Classes by how common they are in training: the head, the middle and the tail of the distribution.
public struct ClassGroups: Sendable, Equatable {
  /// One of the three.
  public enum Group: String, Sendable, CaseIterable, Codable {
    /// The common classes.
    case head
    /// Those between.
    case medium
    /// The rare classes.
    case tail
  }

  /// The group of each class.
  public let groups: [Group]

  /// Groups that are given, such as a benchmark's.
  public init(groups: [Group]) {
    self.groups = groups
  }

  /// Groups from shares of the labelled training pixels.
  /// - Parameters:
  ///   - pixelCounts: labelled training pixels (or samples) of each class, ignored ones excluded.
  ///   - head: a class with at least this share is head; default 10 %.
  ///   - tail: a class with less than this share is tail; default 1.5 %.
  /// - Throws: `LongtailError` for thresholds outside 0...1 or in the wrong order, negative counts, or no pixel at all.
  public init(pixelCounts: [Int64], head: Double = 0.10, tail: Double = 0.015) throws {
    guard (0...1).contains(head), (0...1).contains(tail), tail <= head else {
      throw LongtailError(
        .usage, "class groups: head from \(head) on and tail below \(tail)",
        advice: "Both are shares from 0 to 1, and head is the larger one.")
    }
    let total = pixelCounts.reduce(0.0) { $0 + Double($1) }
    guard pixelCounts.allSatisfy({ $0 >= 0 }), total > 0 else {
      throw LongtailError(.badData, "class groups: class counts \(pixelCounts) are negative or all zero")
    }
    groups = pixelCounts.map { Double($0) / total >= head ? .head : Double($0) / total < tail ? .tail : .medium }
  }

  /// The classes of a group, in order.
  public func classes(of group: Group) -> [Int] { groups.indices.filter { groups[$0] == group } }

  /// The mean of a score over the classes of a group for which it is defined.
  /// - Parameter scores: one a class, as `ConfusionMatrix.intersectionOverUnion`.
  public func mean(of scores: [Double?], group: Group) -> ClassMean {
    ClassMean(zip(scores, groups).filter { $0.1 == group }.map(\.0))
  }

  /// The Gini coefficient of class counts: 0 if all classes are alike, near 1 if one holds everything; nil without a pixel.
  public static func giniCoefficient(_ counts: [Int64]) -> Double? {
    let sorted = counts.sorted().map(Double.init)
    let total = sorted.reduce(0, +)
    guard total > 0 else { return nil }
    let n = Double(sorted.count)
    let ranked = sorted.enumerated().reduce(0.0) { $0 + Double($1.offset + 1) * $1.element }
    return 2 * ranked / (n * total) - (n + 1) / n
  }
}
