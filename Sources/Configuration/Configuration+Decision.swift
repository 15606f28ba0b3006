import Settings

extension Configuration {
  /// How a class is chosen for each pixel from what a network says: keys of section `evaluation`, for `predict` too.
  public struct Decision: Sendable, Equatable {
    /// The rule.
    public var rule = Rule.argmax
    /// For `shift`: t of z_k - t log pi_k.
    public var strength = 1.0
    /// For `rank`: what is maximized.
    public var score = Score.iou
    /// T of the probabilities softmax(z / T): `rank`, several views and several networks rest on them.
    public var temperature = 1.0

    /// The rules.
    public enum Rule: String, CaseIterable, Choice {
      /// The class with the largest score, adjusted where the objective adjusts post hoc.
      case argmax
      /// The largest score less t times the logarithm of the class's share in the training labels.
      case shift
      /// For each image and class the most probable pixels, as many as the expected overlap asks for.
      case rank
    }

    /// Overlaps that `rank` may maximize.
    public enum Score: String, CaseIterable, Choice {
      /// Intersection over union.
      case iou
      /// The Dice coefficient.
      case dice
    }

    /// The largest score.
    public init() {}

    /// t, where scores are shifted; nil where they stay as the objective has them.
    public var shift: Double? { rule == .shift ? strength : nil }

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key(
        "decision", &rule,
        "how classes are chosen: argmax, the largest score; shift, less t log of the class's share; rank, by expected overlap in each image"
      )
      visitor.key("shiftStrength", &strength, "for shift: t; 1 suits plain cross-entropy", .between(-10, 10))
      visitor.key("rankScore", &score, "for rank: the overlap whose expectation is maximized")
      visitor.key("temperature", &temperature, "what scores are divided by before they become probabilities", .between(0.01, 100))
    }
  }
}
