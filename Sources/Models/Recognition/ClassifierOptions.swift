import Settings
import Tensors

/// How a classifier computes the score of class k from a row of features x, with |w_k| the length of the class's weights.
public enum ClassifierHead: String, CaseIterable, Sendable, Choice {
  /// w_k·x + b_k.
  case linear
  /// s w_k·x / (|w_k| |x|).
  case cosine
  /// s w_k·x / |w_k|.
  case weightNormalized
  /// s w_k·x / (|w_k| (1 + |x|)).
  case squashed
  /// f_k (w_k·x + b_k): learnable weight scaling.
  case scaled
}

/// A perceptron beside the classifier, or below it.
public struct ProjectionOptions: Sendable, Equatable {
  /// Numbers of its output.
  public var width = 128
  /// Numbers of a hidden layer, which a ReLU follows; nil for none.
  public var hidden: Int?
  /// Whether a ReLU follows the output.
  public var isRectified = false
  /// Whether its rows are brought to length one.
  public var isNormalized = false
  /// Whether classifiers read it instead of the features.
  public var isClassified = false

  /// One layer of 128 numbers.
  public init() {}
}

/// What stands behind the pooled features of a network for recognition.
public struct ClassifierOptions: Sendable, Equatable {
  /// The classifier of the logits.
  public var head = ClassifierHead.linear
  /// The factor s of heads whose weights count by their directions; nil for the head's own: 16, or 1 where the features keep their length.
  public var headScale: Double?
  /// Whether s is learned.
  public var learnsHeadScale = false
  /// Further classifiers, each with its port.
  public var furtherHeads: [ClassifierHead] = []
  /// The projection; nil for none.
  public var projection: ProjectionOptions?

  /// A linear classifier.
  public init() {}
}

extension ProjectionOptions: Section {
  /// Shows every key.
  public mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key("width", &width, "numbers of a row of the port `projection`", .between(1, 65536))
    visitor.optionalKey("hidden", &hidden, "numbers of a hidden layer with a ReLU behind it; none when not given", .between(1, 65536))
    visitor.key("rectified", &isRectified, "whether a ReLU follows")
    visitor.key("normalized", &isNormalized, "whether rows are brought to length one")
    visitor.key("classified", &isClassified, "whether classifiers read the projection instead of the pooled features")
  }
}

extension ClassifierOptions: Section {
  /// Shows every key.
  public mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key(
      "head", &head,
      "scores of class k for features x: w_k·x + b_k; s w_k·x over both lengths; over that of w_k; over that of w_k and 1 + that of x; "
        + "f_k (w_k·x + b_k)")
    visitor.optionalKey(
      "headScale", &headScale, "the factor s; when not given 16 for cosine and squashed, 1 for weightNormalized", .above(0), .finite)
    visitor.key("learnsHeadScale", &learnsHeadScale, "whether the factor s is learned, beginning with headScale")
    visitor.key("furtherHeads", &furtherHeads, "classifiers beside the first one, with ports `logits.1`, `logits.2`, ...")
    visitor.section("projection", &projection, "a perceptron on the pooled features, with port `projection`")
  }

  /// What does not fit together.
  public func contradictions() -> [Contradiction] {
    let heads = [head] + furtherHeads
    guard !heads.contains(where: \.hasScale) else { return [] }
    let text = "no head has a factor; choose cosine, weightNormalized or squashed, or leave the key out"
    return (headScale == nil ? [] : [Contradiction("headScale", text)])
      + (learnsHeadScale ? [Contradiction("learnsHeadScale", text)] : [])
  }
}

extension ClassifierHead {
  /// Whether weights count by their directions, so that a factor gives the scores their size.
  var hasScale: Bool { self == .cosine || self == .weightNormalized || self == .squashed }
  /// The factor unless one is given.
  var ownScale: Double { self == .weightNormalized ? 1 : 16 }
}
