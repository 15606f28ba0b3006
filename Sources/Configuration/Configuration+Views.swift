import Settings

extension Configuration {
  /// Section `evaluation.views`: several looks at each image, whose class probabilities are averaged.
  ///
  /// The default is one look at the whole image, as in training without augmentation.
  public struct Views: Section, Equatable {
    /// Extents of a window that slides over the image; nil looks at the image as a whole.
    public var window: Size?
    /// The share of a window that its neighbour covers too, at least.
    public var overlap = 1.0 / 3
    /// Factors by which the image is resized before it is looked at; each makes a look of its own.
    public var scales = [1.0]
    /// Whether each look is taken at the mirror image too.
    public var flip = false

    /// One look at the whole image.
    public init() {}

    /// Whether an image is looked at once, as a whole and as it is.
    public var isPlain: Bool { window == nil && scales == [1] && !flip }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      scales.isEmpty ? [Contradiction("scales", "empty, but an image has to be looked at; leave the key out for its own scale")] : []
    }

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.section("window", &window, "pixels of a window that slides over the image; the whole image when not given")
      visitor.key("overlap", &overlap, "share of a window that its neighbour covers too", .between(0, 0.9))
      visitor.key("scales", &scales, "factors by which the image is resized, a look each", .each(.between(0.1, 8)))
      visitor.key("flip", &flip, "look at the mirror image too")
    }
  }
}
