import Images
import Tensors

/// How a sample becomes a network's input: a fixed resize, random changes, normalization.
///
/// The order is fixed: resize, random scale, random crop, horizontal flip, colour jitter, normalization. Every random decision is
/// draw number `Draw` of `CounterRandom(seed, .augmentation, epoch, sample)`, whether the decisions before it are used or not.
/// Warps, changes of tones, class crops, copy-paste and mixes come in between where they are asked for: see `AugmentedView`.
public struct AugmentationPipeline: Sendable, Equatable {
  /// Size to bring every sample to first; nil leaves it as it is.
  public var resize: ImageSize?
  /// Random scaling by a factor, uniform in this range; nil leaves the size alone.
  public var randomScale: ClosedRange<Double>?
  /// Random crop to this size. Where the image is smaller, it is placed at random on the mean colour with ignored labels.
  public var randomCrop: ImageSize?
  /// Probability of a flip from left to right.
  public var horizontalFlipProbability = 0.0
  /// Brightness is multiplied by a factor uniform in `1 ± brightness`.
  public var brightness = 0.0
  /// Distances from the image's mean grey are multiplied by a factor uniform in `1 ± contrast`.
  public var contrast = 0.0
  /// Distances from each pixel's grey are multiplied by a factor uniform in `1 ± saturation`.
  public var saturation = 0.0
  /// Colours are turned about the grey axis by an angle uniform in `± hue` full turns; at most 0.5.
  public var hue = 0.0
  /// Mean of red, green, blue on a scale from 0 to 1, taken away from each pixel.
  public var mean: [Double] = [0.485, 0.456, 0.406]
  /// Standard deviation of red, green, blue, that each pixel is divided by.
  public var standardDeviation: [Double] = [0.229, 0.224, 0.225]
  /// The run's seed.
  public var seed: UInt64 = 0

  /// Turns, slants, perspectives and grids, of image and labels alike.
  package var warp = RandomWarp()
  /// Gamma, hue, blur and noise.
  package var tones = RandomTones()
  /// Operations of a policy; those that move pixels move the labels too.
  package var policy: AugmentationPolicy?
  /// Crops that show a class.
  package var classCrop: ClassCrop?
  /// Cut-outs of rare classes.
  package var copyPaste: CopyPaste?
  /// Views that are mixed.
  package var mixing = ClassMixing()
  /// What the last three know of the training samples, once these are counted.
  package var tables: ClassTables?

  /// Which random number decides what.
  public enum Draw: Int, Sendable {
    /// The factor of `randomScale`.
    case scale = 0
    /// The crop's column.
    case cropColumn = 1
    /// The crop's row.
    case cropRow = 2
    /// Whether to flip.
    case flip = 3
    /// The factor of `brightness`.
    case brightness = 4
    /// The factor of `contrast`.
    case contrast = 5
    /// The factor of `saturation`.
    case saturation = 6
    /// The angle of `hue`.
    case hue = 7
  }

  /// A pipeline that only normalizes, by ImageNet's mean and standard deviation.
  public init() {}

  /// The same pipeline without what is random: for evaluation.
  public var withoutRandomness: AugmentationPipeline {
    var result = AugmentationPipeline()
    result.resize = resize
    result.mean = mean
    result.standardDeviation = standardDeviation
    result.seed = seed
    return result
  }

  /// Checks all values.
  /// - Throws: `.usage` naming the value that is impossible.
  public func validate() throws {
    func require(_ condition: Bool, _ problem: String) throws {
      if !condition { throw LongtailError(.usage, "augmentation: \(problem)") }
    }
    for (key, size) in [("resize", resize), ("randomCrop", randomCrop)] {
      guard let size else { continue }
      try require((1...65536).contains(size.width) && (1...65536).contains(size.height), "\(key) to \(size) is not possible")
    }
    if let range = randomScale {
      try require(range.lowerBound >= 0.05 && range.upperBound <= 20, "randomScale \(range) must lie between 0.05 and 20")
    }
    try require((0...1).contains(horizontalFlipProbability), "horizontalFlipProbability is \(horizontalFlipProbability), not within 0...1")
    for (key, value) in [("brightness", brightness), ("contrast", contrast), ("saturation", saturation)] {
      try require((0...1).contains(value), "\(key) is \(value), not within 0...1")
    }
    try require((0...0.5).contains(hue), "hue is \(hue), not within 0...0.5")
    try require(mean.count == 3 && mean.allSatisfy(\.isFinite), "mean needs three numbers")
    try require(
      standardDeviation.count == 3 && standardDeviation.allSatisfy { $0.isFinite && $0 > 0 },
      "standardDeviation needs three positive numbers")
    try require(classCrop == nil || randomCrop != nil, "classCrop chooses among crops, but there is no crop")
  }

  /// The size that every sample has in the end, where settings alone decide it; nil where it depends on the sample.
  public var fixedOutputSize: ImageSize? {
    randomCrop ?? (randomScale == nil ? resize : nil)
  }

  /// The part that is the same in every epoch, so that its result can be kept: the fixed resize.
  public func prepared(_ sample: AnnotatedImage) -> AnnotatedImage {
    guard let resize, resize.width != sample.image.width || resize.height != sample.image.height else { return sample }
    return AnnotatedImage(image: prepared(sample.image), annotation: sample.annotation.resized(to: resize))
  }

  /// The fixed resize of an image.
  public func prepared(_ image: RGBImage) -> RGBImage {
    guard let resize, resize.width != image.width || resize.height != image.height else { return image }
    return image.resized(width: resize.width, height: resize.height)
  }

  /// The fixed resize of an image and of the classes of its pixels.
  public func prepared(_ sample: Sample) -> Sample {
    guard let resize, resize.width != sample.image.width || resize.height != sample.image.height else { return sample }
    return Sample(image: prepared(sample.image), labels: sample.labels.resized(to: resize))
  }

  /// The decisions for one sample in one epoch.
  /// - Parameters:
  ///   - size: of the prepared sample.
  ///   - epoch: counted from 0.
  ///   - index: the sample's index in its split.
  ///   - occurrence: how often the sample came before in this epoch, where a sampler repeats it.
  public func decisions(size: ImageSize, epoch: Int, index: Int, occurrence: Int = 0) -> AugmentationDecisions {
    // Each occurrence has 256 draws of its own; the first one those that there are without a sampler.
    decisions(size: size, random: ViewRandom(seed: seed, epoch: epoch, sample: index, start: occurrence << 8))
  }

  /// The decisions by some numbers.
  func decisions(size: ImageSize, random: ViewRandom) -> AugmentationDecisions {
    func factor(_ draw: Draw, _ spread: Double) -> Double { spread == 0 ? 1 : random.uniform(draw.rawValue, in: 1 - spread...1 + spread) }
    var result = AugmentationDecisions(size: size)
    if let randomScale {
      let scale = random.uniform(Draw.scale.rawValue, in: randomScale)
      result.scaled = ImageSize(
        width: max(1, Int((Double(size.width) * scale).rounded())), height: max(1, Int((Double(size.height) * scale).rounded())))
    }
    result.crop = randomCrop ?? result.scaled
    if randomCrop != nil {
      // Slack may be negative: then the image lies somewhere inside the crop.
      let slackX = result.scaled.width - result.crop.width
      let slackY = result.scaled.height - result.crop.height
      result.cropX = random.integer(Draw.cropColumn.rawValue, below: abs(slackX) + 1) * slackX.signum()
      result.cropY = random.integer(Draw.cropRow.rawValue, below: abs(slackY) + 1) * slackY.signum()
    }
    result.flip = horizontalFlipProbability > 0 && random.uniform(Draw.flip.rawValue) < horizontalFlipProbability
    result.brightness = factor(.brightness, brightness)
    result.contrast = factor(.contrast, contrast)
    result.saturation = factor(.saturation, saturation)
    result.hue = hue == 0 ? 0 : random.uniform(Draw.hue.rawValue, in: -hue...hue)
    return result
  }
}

/// What chance decided for one sample in one epoch.
public struct AugmentationDecisions: Sendable, Equatable {
  /// Size after random scaling.
  public var scaled: ImageSize
  /// Size after cropping: the size of the result.
  public var crop: ImageSize
  /// First column of the crop in the scaled image; negative where there is padding on the left.
  public var cropX = 0
  /// First row of the crop in the scaled image; negative where there is padding above.
  public var cropY = 0
  /// Whether left and right change places.
  public var flip = false
  /// Factor of the brightness.
  public var brightness = 1.0
  /// Factor of the contrast.
  public var contrast = 1.0
  /// Factor of the saturation.
  public var saturation = 1.0
  /// Turn of the colours, in full turns.
  public var hue = 0.0

  /// Nothing changes.
  public init(size: ImageSize) {
    scaled = size
    crop = size
  }

  /// Whether any colour changes.
  var changesColours: Bool { brightness != 1 || contrast != 1 || saturation != 1 || hue != 0 }
}
