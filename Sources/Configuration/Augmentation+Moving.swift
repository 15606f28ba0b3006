import Settings

extension Configuration.Augmentation {
  /// Section `data.augmentation.perspective`: corners move toward the middle.
  public struct Perspective: Section {
    /// How far a corner may move, as a share of half the width and half the height.
    public var distortion = 0.3
    /// The chance of it.
    public var chance = 0.5

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("distortion", &distortion, "how far a corner moves at most, as a share of half the width and height", .between(0, 0.9))
      visitor.key("chance", &chance, "chance of it", .between(0, 1))
    }
  }

  /// Section `data.augmentation.gridDistortion`: the inner corners of a grid move, and what is between moves with them.
  public struct GridDistortion: Section {
    /// Cells in each direction.
    public var cells = 5
    /// How far a corner may move, as a share of its cell.
    public var strength = 0.3
    /// The chance of it.
    public var chance = 0.5

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("cells", &cells, "cells in each direction", .between(2, 64))
      visitor.key("strength", &strength, "how far a corner moves at most, as a share of its cell", .between(0, below: 0.5))
      visitor.key("chance", &chance, "chance of it", .between(0, 1))
    }
  }

  /// Section `data.augmentation.policy`: operations of AutoAugment's list, of which those that move pixels move the labels too.
  public struct Policy: Section {
    /// How operations are drawn.
    public var name = Name.randAugment
    /// Operations of an image, for `randAugment`.
    public var operations = 2
    /// Their strength from 0 to 10, for `randAugment`.
    public var magnitude = 5.0
    /// The chance that an image is changed at all.
    public var chance = 1.0

    /// How operations are drawn.
    public enum Name: String, CaseIterable, Choice {
      /// Some operations of one strength.
      case randAugment
      /// One operation of a random strength.
      case trivialAugment
      /// One of the 25 pairs found for CIFAR-10.
      case autoAugment
    }

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("name", &name, "some of one strength, one of a random strength, or one of the pairs found for CIFAR-10")
      visitor.key("operations", &operations, "operations of an image, for randAugment", .between(1, 16))
      visitor.key("magnitude", &magnitude, "their strength, for randAugment", .between(0, 10))
      visitor.key("chance", &chance, "chance that an image is changed at all", .between(0, 1))
    }
  }

  /// Section `data.augmentation.blur`: Gaussian, as Pillow approximates it.
  public struct Blur: Section {
    /// The least and the greatest deviation in pixels.
    public var deviation = [0.1, 2.0]
    /// The chance of it.
    public var chance = 0.5

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key(
        "deviation", &deviation, "least and greatest deviation, in pixels", .count(2, "least and greatest deviation"),
        .each(.between(0, 100)))
      visitor.key("chance", &chance, "chance of it", .between(0, 1))
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] { Configuration.Augmentation.disorder(of: deviation) }
  }

  /// Section `data.augmentation.noise`: normal, on each value by itself.
  public struct Noise: Section {
    /// The least and the greatest deviation, in steps of 8 bits.
    public var deviation = [0.0, 10.0]
    /// The chance of it.
    public var chance = 0.5

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key(
        "deviation", &deviation, "least and greatest deviation, in steps of 8 bits", .count(2, "least and greatest deviation"),
        .each(.between(0, 255)))
      visitor.key("chance", &chance, "chance of it", .between(0, 1))
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] { Configuration.Augmentation.disorder(of: deviation) }
  }

  private static func disorder(of deviation: [Double]) -> [Contradiction] {
    guard let low = deviation.first, let high = deviation.last, low > high else { return [] }
    return [Contradiction("deviation", "the least, \(low), is above the greatest, \(high); swap them")]
  }
}
