import Configuration
import Datasets
import Images

extension AugmentationPipeline {
  /// Takes over how training images are varied.
  mutating func vary(as augmentation: Configuration.Augmentation) {
    horizontalFlipProbability = augmentation.flip
    randomScale = AugmentationPipeline.range(augmentation.scale, neutral: 1)
    if let crop = augmentation.crop {
      randomCrop = ImageSize(width: crop.width, height: crop.height)
    } else if randomScale != nil {
      randomCrop = resize
    }
    brightness = augmentation.jitter.brightness
    contrast = augmentation.jitter.contrast
    saturation = augmentation.jitter.saturation
    warp.degrees = augmentation.rotate
    warp.shear = augmentation.shear
    warp.perspective = augmentation.perspective.map { .init(distortion: $0.distortion, probability: $0.chance) }
    warp.grid = augmentation.gridDistortion.map { .init(cells: $0.cells, strength: $0.strength, probability: $0.chance) }
    tones.gamma = AugmentationPipeline.range(augmentation.gamma, neutral: 1)
    tones.hue = augmentation.jitter.hue
    tones.blur = augmentation.blur.flatMap { AugmentationPipeline.spread($0.deviation, $0.chance) }
    tones.noise = augmentation.noise.flatMap { AugmentationPipeline.spread($0.deviation, $0.chance) }
    policy = augmentation.policy.map(AugmentationPolicy.init)
    classCrop = augmentation.classCrop.map(ClassCrop.init)
    copyPaste = augmentation.copyPaste.map(CopyPaste.init)
    mixing.cutMix = augmentation.cutMix.map(ClassMixing.Rule.init)
    mixing.mixup = augmentation.mixup.map(ClassMixing.Rule.init)
  }

  /// A range from its two ends; nil where it holds nothing but the neutral value.
  private static func range(_ ends: [Double], neutral: Double) -> ClosedRange<Double>? {
    guard let low = ends.first, let high = ends.last, low <= high, low != neutral || high != neutral else { return nil }
    return low...high
  }

  private static func spread(_ deviation: [Double], _ probability: Double) -> RandomTones.Spread? {
    guard let low = deviation.first, let high = deviation.last, low <= high, probability > 0 else { return nil }
    return RandomTones.Spread(deviation: low...high, probability: probability)
  }
}

extension AugmentationPolicy {
  /// What the configuration says.
  fileprivate init(_ section: Configuration.Augmentation.Policy) {
    let kind: Kind =
      switch section.name {
      case .randAugment: .randAugment
      case .trivialAugment: .trivialAugment
      case .autoAugment: .autoAugment
      }
    self.init(kind, operations: section.operations, magnitude: section.magnitude, probability: section.chance)
  }
}

extension ClassCrop {
  /// What the configuration says.
  fileprivate init(_ section: Configuration.Augmentation.ClassCrop) {
    self.init()
    (probability, pixels, tries, temperature) = (section.chance, section.pixels, section.tries, section.temperature)
  }
}

extension CopyPaste {
  /// What the configuration says.
  fileprivate init(_ section: Configuration.Augmentation.CopyPaste) {
    self.init()
    (classNames, rareShare, probability, count) = (section.classes, section.rareShare, section.chance, section.count)
    (smallest, flip, border) = (section.smallest, section.flip, section.border)
    if let low = section.scale.first, let high = section.scale.last, low <= high { scale = low...high }
    place = section.place == .height ? .height : .anywhere
  }
}

extension ClassMixing.Rule {
  /// What the configuration says.
  fileprivate init(_ section: Configuration.Augmentation.Mix) {
    self.init()
    (probability, shape, temperature) = (section.chance ?? 0.5, section.alpha, section.temperature)
    isByClass = section.partner != .any
  }
}
