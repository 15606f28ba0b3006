import Settings

extension Configuration {
  /// Section `evaluation.views`: test-time augmentation: several views of each image, whose class probabilities are averaged.
  ///
  /// The default is one view, the whole image, as in training without augmentation.
  public struct Views: Section, Equatable {
    /// Extents of a window that slides over the image; nil takes the image as a whole.
    public var window: Size?
    /// The share of a window that its neighbour covers too, at least.
    public var overlap = 1.0 / 3
    /// Factors by which the image is resized; each makes a view of its own.
    public var scales = [1.0]
    /// Whether each view is taken of the mirror image too.
    public var flip = false

    /// One view, the whole image.
    public init() {}

    /// Whether an image is seen once, as a whole and as it is.
    public var isPlain: Bool { window == nil && scales == [1] && !flip }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      scales.isEmpty ? [Contradiction("scales", "empty, but an image needs a view; leave the key out for its own scale")] : []
    }

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.section("window", &window, "pixels of a window that slides over the image; the whole image when not given")
      visitor.key("overlap", &overlap, "share of a window that its neighbour covers too", .between(0, 0.9))
      visitor.key("scales", &scales, "factors by which the image is resized, a view each", .each(.between(0.1, 8)))
      visitor.key("flip", &flip, "whether each view is taken of the mirror image too")
    }
  }
}
