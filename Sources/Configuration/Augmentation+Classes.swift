import Settings

extension Configuration.Augmentation {
  /// Section `data.augmentation.classCrop`: crops are drawn until a class of the image fills enough of them.
  public struct ClassCrop: Section {
    /// The chance that a draw gets such a crop.
    public var chance = 1.0
    /// Pixels of the class that suffice.
    public var pixels = 250
    /// The most crops that are drawn.
    public var tries = 10
    /// How much rarer classes are preferred; by the sampler's chances when not given.
    public var temperature: Double?

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("chance", &chance, "chance that a draw gets such a crop", .between(0, 1))
      visitor.key("pixels", &pixels, "pixels of the class that suffice; the best crop is taken if none has this many", .atLeast(1))
      visitor.key("tries", &tries, "crops that are drawn at most; the last one is laid around a pixel of the class", .between(1, 255))
      visitor.temperature(&temperature)
    }
  }

  /// Section `data.augmentation.copyPaste`: cut-outs of rare classes, from the training split alone, pasted into views that lack the class.
  public struct CopyPaste: Section {
    /// The classes; those with a share below `rareShare` when not given.
    public var classes: [String]?
    /// The share of the labelled training pixels below which a class is rare.
    public var rareShare = 0.015
    /// The chance that a view gets cut-outs.
    public var chance = 0.5
    /// The most classes that a view gets.
    public var count = 1
    /// Connected regions of fewer pixels are no cut-outs.
    public var smallest = 64
    /// The least and the greatest factor of a cut-out's size.
    public var scale = [0.5, 1.5]
    /// The chance that a cut-out is mirrored.
    public var flip = 0.5
    /// Pixels around a cut-out that become ignored.
    public var border = 0
    /// Where cut-outs go.
    public var place = Place.anywhere

    /// Where cut-outs go.
    public enum Place: String, CaseIterable, Choice {
      /// Anywhere in the view.
      case anywhere
      /// At the height that they had in their own image, at any column.
      case height
    }

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey("classes", &classes, "names of the classes; those with a share below rareShare when not given")
      visitor.key("rareShare", &rareShare, "share of the labelled training pixels below which a class is rare", .above(0), .between(0, 1))
      visitor.key("chance", &chance, "chance that an image gets cut-outs", .between(0, 1))
      visitor.key("count", &count, "classes that an image gets at most, of those that it lacks", .between(1, 64))
      visitor.key("smallest", &smallest, "pixels of a connected region, after data.size, below which it is not a cut-out", .atLeast(1))
      visitor.key(
        "scale", &scale, "least and greatest factor of a cut-out's size", .count(2, "least and greatest factor"), .each(.between(0.05, 20)))
      visitor.key("flip", &flip, "chance that a cut-out is mirrored", .between(0, 1))
      visitor.key("border", &border, "pixels around a cut-out whose labels become ignored", .between(0, 64))
      visitor.key("place", &place, "anywhere, or at the height that it had in its own image")
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      if classes?.isEmpty == true {
        return [Contradiction("classes", "empty, so that nothing would be pasted; leave `copyPaste` out instead")]
      }
      guard let low = scale.first, let high = scale.last, low > high else { return [] }
      return [Contradiction("scale", "the least factor, \(low), is above the greatest, \(high); swap them")]
    }
  }

  /// Sections `data.augmentation.cutMix` and `data.augmentation.mixup`: another sample is mixed in. For labels of pixels it is drawn by its
  /// classes, for labels of images it is another one of the global batch.
  public struct Mix: Section {
    /// The chance of it, of an image in segmentation, of a batch in recognition; 0.5 and 1 if nil.
    public var chance: Double?
    /// Both shapes of the beta distribution that the share of an image is drawn from.
    public var alpha = 1.0
    /// How the other sample is drawn in segmentation; by class if nil.
    public var partner: Partner?
    /// How much rarer classes are preferred; by the sampler's chances when not given.
    public var temperature: Double?

    /// How the other sample is drawn.
    public enum Partner: String, CaseIterable, Choice {
      /// A class first, then a sample that shows it.
      case byClass
      /// All samples alike.
      case any
    }

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey(
        "chance", &chance, "chance of it: of an image in segmentation, 0.5 when not given; of a batch in recognition, 1",
        .between(0, 1))
      visitor.key(
        "alpha", &alpha, "shape of the beta distribution of the share that an image keeps; 1 is uniform", .above(0), .between(0, 100))
      visitor.optionalKey(
        "partner", &partner,
        "segmentation: a class first, then a sample that shows it (byClass, when not given), or all samples alike (any)")
      visitor.temperature(&temperature)
    }
  }
}

extension KeyVisitor {
  /// The key `temperature` of a draw by class.
  fileprivate mutating func temperature(_ value: inout Double?) {
    optionalKey(
      "temperature", &value,
      "classes are drawn by exp((1 - share) / temperature), such as 0.01; when not given as a class-first sampler draws, else all alike",
      .above(0))
  }
}
