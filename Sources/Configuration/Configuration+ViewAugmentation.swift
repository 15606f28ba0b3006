import Settings
import Tensors

extension Configuration {
  /// The keys of `data.augmentation` that recognition alone has: its images have a class and no geometry to keep.
  ///
  /// They lie beside `flip`, `jitter`, `blur`, `mixup` and `cutMix`. Order of the changes: the crop, the flip, colours, grey, blur,
  /// AutoAugment, Cutout; at last two images may be mixed.
  public struct ViewAugmentation: Section {
    /// Pixels of the black border that is added before a random crop of the image's own size; none when not given.
    public var padAndCrop: Int?
    /// A rectangle of random area and shape that is brought to `data.size`, or back to the size that all images have; none when not given.
    public var randomResizedCrop: RandomResizedCrop?
    /// Whether AutoAugment's policy for CIFAR-10 is applied.
    public var autoAugment = false
    /// The side of a black square at a random place, in pixels; none when not given.
    public var cutout: Int?
    /// The chance that colours vanish.
    public var grey = 0.0
    /// Views of each sample in a batch.
    public var views = 1
    /// How the views after the first are made; like the first one when not given.
    public var furtherViews: FurtherViews?

    /// None of all this.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey(
        "padAndCrop", &padAndCrop, "recognition: pixels of black border before a random crop of the image's size, such as 4",
        .between(1, 4096))
      visitor.section("randomResizedCrop", &randomResizedCrop, "recognition: a rectangle of random area and shape, brought to data.size")
      visitor.key("autoAugment", &autoAugment, "recognition: AutoAugment's policy for CIFAR-10")
      visitor.optionalKey("cutout", &cutout, "recognition: side of a black square at a random place, in pixels", .between(1, 4096))
      visitor.key("grey", &grey, "recognition: chance that colours vanish", .between(0, 1))
      visitor.key("views", &views, "recognition: views of each sample, for methods that compare them", .between(1, 8))
      visitor.section("furtherViews", &furtherViews, "recognition: how views after the first are made; like the first when not given")
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      if padAndCrop != nil, randomResizedCrop != nil {
        return [Contradiction("padAndCrop", "there is `randomResizedCrop` too, which crops already; leave one of the two out")]
      }
      if furtherViews != nil, views == 1 {
        return [Contradiction("furtherViews", "there is one view only; set `views` to 2, or leave this out")]
      }
      return []
    }

    /// The keys that are given.
    var givenKeys: [String] {
      let all: [(String, Bool)] = [
        ("padAndCrop", padAndCrop != nil), ("randomResizedCrop", randomResizedCrop != nil), ("autoAugment", autoAugment),
        ("cutout", cutout != nil), ("grey", grey != 0),
        ("views", views != 1), ("furtherViews", furtherViews != nil),
      ]
      return all.filter(\.1).map(\.0)
    }
  }

  /// Section `randomResizedCrop`: torchvision's crop of that name.
  public struct RandomResizedCrop: Section {
    /// The least and the greatest share of the image's area.
    public var area = [0.08, 1.0]
    /// The least and the greatest ratio of width to height.
    public var ratio = [0.75, 4.0 / 3]

    /// As ImageNet is trained with.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("area", &area, "least and greatest share of the area", .count(2, "least and greatest share"), .each(.between(0.001, 1)))
      visitor.key("ratio", &ratio, "least and greatest ratio of width to height", .count(2, "least and greatest ratio"), .each(.above(0)))
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      [("area", area), ("ratio", ratio)].filter { $0.1[0] > $0.1[1] }.map {
        Contradiction($0.0, "the least, \($0.1[0]), is above the greatest, \($0.1[1]); swap them")
      }
    }
  }

  /// Section `furtherViews`: how the views after the first are made.
  public struct FurtherViews: Section {
    /// The chance of a left-right flip.
    public var flip = 0.5
    /// Pixels of the black border before a random crop.
    public var padAndCrop: Int?
    /// A rectangle of random area and shape.
    public var randomResizedCrop: RandomResizedCrop?
    /// Random changes of colour.
    public var jitter = Jitter()
    /// The chance that colours vanish.
    public var grey = 0.0
    /// Blurring.
    public var blur: Augmentation.Blur?
    /// AutoAugment's policy for CIFAR-10.
    public var autoAugment = false
    /// The side of a black square.
    public var cutout: Int?

    /// A flip alone.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("flip", &flip, "chance of a left-right flip", .between(0, 1))
      visitor.optionalKey("padAndCrop", &padAndCrop, "pixels of black border before a random crop of the image's size", .between(1, 4096))
      visitor.section("randomResizedCrop", &randomResizedCrop, "a rectangle of random area and shape, brought to data.size")
      visitor.section("jitter", &jitter, "random changes of colour; a factor is drawn from 1 - x to 1 + x")
      visitor.key("grey", &grey, "chance that colours vanish", .between(0, 1))
      visitor.section("blur", &blur, "blurring")
      visitor.key("autoAugment", &autoAugment, "AutoAugment's policy for CIFAR-10")
      visitor.optionalKey("cutout", &cutout, "side of a black square at a random place, in pixels", .between(1, 4096))
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      padAndCrop != nil && randomResizedCrop != nil
        ? [Contradiction("padAndCrop", "there is `randomResizedCrop` too, which crops already; leave one of the two out")] : []
    }
  }
}
