import Tensors

/// Classes by how common they are in training: the head, the middle and the tail of the distribution.
///
/// Segmentation groups by shares of what is labelled, recognition and detection by numbers of images: benchmarks differ.
public struct ClassGroups: Sendable, Equatable {
  /// Names of the groups, the common classes' first.
  public let names: [String]
  /// The place in `names` of the group of each class.
  public let places: [Int]

  /// Names of groups by shares.
  public static let namesByShare = ["head", "medium", "tail"]
  /// Names of groups by counts.
  public static let namesByCount = ["many", "medium", "few"]

  /// Groups that are given, such as a benchmark's.
  /// - Parameter places: for each class a place in `names`.
  public init(names: [String] = ClassGroups.namesByShare, places: [Int]) {
    self.names = names
    self.places = places.map { min(max($0, 0), max(0, names.count - 1)) }
  }

  /// Head, medium and tail, from shares of what is labelled in training.
  /// - Parameters:
  ///   - counts: labelled training pixels, images or instances of each class, ignored ones excluded.
  ///   - head: a class with at least this share is head; default 10 %.
  ///   - tail: a class with less than this share is tail; default 1.5 %.
  /// - Throws: `LongtailError` for thresholds outside 0...1 or in the wrong order, negative counts, or none at all.
  public init(counts: [Int64], head: Double = 0.10, tail: Double = 0.015) throws {
    guard (0...1).contains(head), (0...1).contains(tail), tail <= head else {
      throw LongtailError(
        .usage, "class groups: head from \(head) on and tail below \(tail)",
        advice: "Both are shares from 0 to 1, and head is the larger one.")
    }
    let total = counts.reduce(0.0) { $0 + Double($1) }
    guard counts.allSatisfy({ $0 >= 0 }), total > 0 else {
      throw LongtailError(.badData, "class groups: class counts \(counts) are negative or all zero")
    }
    self.init(places: counts.map { Double($0) / total >= head ? 0 : Double($0) / total < tail ? 2 : 1 })
  }

  /// Many, medium and few, from numbers of training images or instances, as ImageNet-LT, Places-LT and iNaturalist are judged.
  /// - Parameters:
  ///   - many: a class with more than this many is many; 100.
  ///   - few: a class with fewer than this many is few; 20. Both bounds themselves are medium.
  public init(counts: [Int64], moreThan many: Int64, fewerThan few: Int64) {
    self.init(names: ClassGroups.namesByCount, places: counts.map { $0 > many ? 0 : $0 < few ? 2 : 1 })
  }

  /// The name of a class's group.
  public func name(of index: Int) -> String { names[places[index]] }

  /// The classes of a group, in order.
  public func classes(of name: String) -> [Int] { places.indices.filter { names[places[$0]] == name } }

  /// The classes of the group of the rarest ones.
  public var rarest: [Int] { names.last.map(classes) ?? [] }

  /// The mean of a score over the classes of a group for which it is defined.
  /// - Parameter scores: one a class.
  public func mean(of scores: [Double?], group: String) -> ClassMean {
    ClassMean(zip(scores, places).filter { names[$0.1] == group }.map(\.0))
  }
}

/// A mean over the classes for which a score is defined.
public struct ClassMean: Sendable, Equatable {
  /// The mean; nil if it is defined for no class.
  public var value: Double?
  /// How many classes entered.
  public var averagedClasses: Int

  /// The mean of the defined ones.
  public init(_ scores: some Sequence<Double?>) {
    let defined = scores.compactMap { $0 }
    averagedClasses = defined.count
    value = defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
  }
}
