import Settings
import Tensors

extension Configuration {
  /// Section `data.longTail`: a long-tailed part of the training images of a balanced data set, for recognition.
  ///
  /// Either it is made by a rule, or a list names its images, such as the `training-subset.txt` of another run.
  public struct LongTailedSubset: Section {
    /// Images of the most frequent class over those of the rarest; has to be given where no list is.
    public var factor: Double?
    /// Which of the many such subsets it is. Not the run's seed.
    public var seed = 0
    /// How counts fall from class to class.
    public var form = Form.exponential
    /// Which class is the most frequent one.
    public var order = Order.index
    /// A text file that names the images, a name and a label a line.
    public var list: String?

    /// How counts fall.
    public enum Form: String, CaseIterable, Choice {
      /// By an equal ratio from class to class.
      case exponential
      /// Once, in the middle.
      case step
    }

    /// Which class has which rank.
    public enum Order: String, CaseIterable, Choice {
      /// The first class is the most frequent.
      case index
      /// The last class is the most frequent.
      case reversed
      /// Random, by the subset's seed.
      case seed
    }

    /// Neither factor nor list; reading refuses it.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey(
        "factor", &factor, "images of the most frequent class over those of the rarest, such as 100", .atLeast(1), .finite)
      visitor.key("seed", &seed, "which of the many such subsets; not the run's seed", .atLeast(0))
      visitor.key("form", &form, "counts fall by an equal ratio (exponential), or once in the middle (step)")
      visitor.key("order", &order, "most frequent is the first class (index), the last (reversed), or a random one (seed)")
      visitor.optionalKey("list", &list, "instead of a factor: a file that names the images, such as a run's training-subset.txt", .path)
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      if list == nil { return factor == nil ? [Contradiction("factor", "missing; give it, such as 100, or a list")] : [] }
      let others = [("factor", factor != nil), ("form", form != .exponential), ("order", order != .index), ("seed", seed != 0)]
      return others.filter(\.1).map { Contradiction($0.0, "`list` says already which images there are; leave one of the two out") }
    }
  }
}
