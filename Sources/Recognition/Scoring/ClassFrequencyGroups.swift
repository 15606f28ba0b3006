import Tensors

/// Classes by how many training images they have: many, medium, few, and the thirds of the classes.
package struct ClassFrequencyGroups: Sendable, Equatable {
  /// A group of classes that scores are averaged over.
  package enum Group: String, Sendable, CaseIterable {
    /// More training images than the upper limit.
    case many
    /// From the lower limit to the upper one, both included.
    case medium
    /// Fewer training images than the lower limit.
    case few
    /// The third of the classes with the most training images.
    case upperThird
    /// The third of the classes with the fewest training images.
    case lowerThird
  }

  /// Training images of each class.
  package let counts: [Int]
  /// The classes of each group, in the order of their numbers. Groups without a class are not there.
  package let classes: [Group: [Int]]

  /// Groups by the usual limits: many means over 100, few under 20 (Liu et al., CVPR 2019).
  /// - Parameters:
  ///   - counts: training images of each class, of the images that are really trained on.
  ///   - many: a class with more is one of many.
  ///   - few: a class with fewer is one of few.
  /// - Throws: `.usage` for limits in the wrong order.
  package init(counts: [Int], many: Int = 100, few: Int = 20) throws {
    guard few >= 0, few <= many + 1 else {
      throw LongtailError(.usage, "class groups: many from over \(many), few under \(few): a class may be both")
    }
    self.init(counts: counts, moreThan: many, fewerThan: few)
  }

  /// Groups by the usual limits.
  package init(countsOfTraining counts: [Int]) { self.init(counts: counts, moreThan: 100, fewerThan: 20) }

  private init(counts: [Int], moreThan many: Int, fewerThan few: Int) {
    self.counts = counts
    var classes: [Group: [Int]] = [
      .many: counts.indices.filter { counts[$0] > many }, .few: counts.indices.filter { counts[$0] < few },
      .medium: counts.indices.filter { counts[$0] <= many && counts[$0] >= few },
    ]
    let ordered = counts.indices.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
    let third = counts.count / 3
    classes[.upperThird] = ordered.prefix(third).sorted()
    classes[.lowerThird] = ordered.suffix(third).sorted()
    self.classes = classes.filter { !$0.value.isEmpty }
  }

  /// Which of many, medium and few a class is in.
  package func group(of label: Int) -> Group {
    [Group.many, .few].first { classes[$0]?.contains(label) ?? false } ?? .medium
  }

  /// The mean of a score over the classes of a group that have one; nil where none has.
  package func mean(of scores: [Double?], over group: Group) -> Double? {
    RecognitionScores.mean((classes[group] ?? []).map { scores[$0] })
  }
}
