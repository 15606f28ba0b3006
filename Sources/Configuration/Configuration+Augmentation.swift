import Settings
import Tensors

extension Configuration {
  /// Section `data.augmentation`: how training images are varied. Evaluation never is.
  ///
  /// All of it is a function of seed, epoch and sample. Image and labels move together; what comes from outside an image is ignored.
  public struct Augmentation: Section {
    /// The chance of a left-right flip.
    public var flip = 0.5
    /// The least and the greatest factor of a random resize.
    public var scale = [1.0, 1.0]
    /// The window that is cut out at a random place; the whole image when not given.
    public var crop: Size?
    /// Crops that are drawn until they show a class.
    public var classCrop: ClassCrop?
    /// The greatest angle of a turn in degrees, either way.
    public var rotate = 0.0
    /// The greatest slope of a slant, either way.
    public var shear = 0.0
    /// A view at an angle.
    public var perspective: Perspective?
    /// A grid whose inner corners move.
    public var gridDistortion: GridDistortion?
    /// Random changes of colour.
    public var jitter = Jitter()
    /// The least and the greatest power that values are raised to.
    public var gamma = [1.0, 1.0]
    /// Gaussian blur.
    public var blur: Blur?
    /// Normal noise.
    public var noise: Noise?
    /// Operations that are drawn from a list.
    public var policy: Policy?
    /// Cut-outs of rare classes.
    public var copyPaste: CopyPaste?
    /// A rectangle of another sample.
    public var cutMix: Mix?
    /// Another sample, averaged in.
    public var mixup: Mix?
    /// What recognition alone has.
    public var views = ViewAugmentation()

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("flip", &flip, "chance of a left-right flip", .between(0, 1))
      visitor.key(
        "scale", &scale, "least and greatest factor of a random resize", .count(2, "least and greatest factor"),
        .each(.above(0)))
      visitor.section("crop", &crop, "window cut out at a random place; the whole image when not given")
      visitor.section("classCrop", &classCrop, "draws crops until a class of the image fills enough of them, rare classes first")
      visitor.key("rotate", &rotate, "greatest angle of a turn, in degrees, either way", .between(0, 180))
      visitor.key("shear", &shear, "greatest slope of a slant in each direction, either way", .between(0, 2))
      visitor.section("perspective", &perspective, "sees the image at an angle")
      visitor.section("gridDistortion", &gridDistortion, "moves the inner corners of a grid")
      visitor.section("jitter", &jitter, "random changes of colour; a factor is drawn from 1 - x to 1 + x")
      visitor.key(
        "gamma", &gamma, "least and greatest power of values from 0 to 1; below 1 brightens", .count(2, "least and greatest power"),
        .each(.between(0.05, 20)))
      visitor.section("blur", &blur, "Gaussian blur")
      visitor.section("noise", &noise, "normal noise on every value")
      visitor.section("policy", &policy, "operations drawn from a list, such as RandAugment's")
      visitor.section("copyPaste", &copyPaste, "pastes cut-outs of rare classes into images that lack them; for labels of pixels")
      visitor.section("cutMix", &cutMix, "a rectangle of another sample; with mixup, an image is mixed in one of the two ways")
      visitor.section("mixup", &mixup, "averages of two samples, and of their labels")
      views.visit(&visitor)
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      var found: [Contradiction] = []
      if let low = scale.first, let high = scale.last, low > high {
        found.append(Contradiction("scale", "the least factor, \(low), is above the greatest, \(high); swap them"))
      }
      if let low = gamma.first, let high = gamma.last, low > high {
        found.append(Contradiction("gamma", "the least power, \(low), is above the greatest, \(high); swap them"))
      }
      if classCrop != nil, crop == nil, scale == [1, 1] {
        found.append(Contradiction("classCrop", "it chooses among crops, but there is no `crop`, and no `scale` that makes one"))
      }
      let mixed = (cutMix.map { $0.chance ?? 0.5 } ?? 0) + (mixup.map { $0.chance ?? 0.5 } ?? 0)
      if mixed > 1 {
        found.append(
          Contradiction("mixup.chance", "with that of `cutMix` it adds up to \(mixed), but an image is mixed in one way or not at all")
        )
      }
      return found + views.contradictions()
    }
  }

  /// Section `data.augmentation.jitter`: each factor is drawn evenly from 1 - x to 1 + x.
  public struct Jitter: Section {
    /// The strength for brightness.
    public var brightness = 0.0
    /// The strength for contrast.
    public var contrast = 0.0
    /// The strength for saturation.
    public var saturation = 0.0
    /// Colours are turned by up to this many full turns, either way.
    public var hue = 0.0
    /// How likely an image is changed at all; of recognition.
    public var chance = 1.0

    /// None at all.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("brightness", &brightness, "0 changes nothing", .between(0, 1))
      visitor.key("contrast", &contrast, "0 changes nothing", .between(0, 1))
      visitor.key("saturation", &saturation, "0 changes nothing", .between(0, 1))
      visitor.key("hue", &hue, "greatest turn of the hue, in full turns, either way", .between(0, 0.5))
      visitor.key("chance", &chance, "recognition: chance that an image is changed at all", .between(0, 1))
    }
  }
}
