import Configuration
import Images

extension ViewSteps {
  /// The first view of training images, as `data.augmentation` says.
  package init(_ augmentation: Configuration.Augmentation, size: ImageSize?) {
    let views = augmentation.views
    self.init(
      size: size, frame: Frame(padAndCrop: views.padAndCrop, randomResizedCrop: views.randomResizedCrop),
      changes: ViewSteps.changes(
        flip: augmentation.flip, jitter: augmentation.jitter, grey: views.grey, blur: augmentation.blur, autoAugment: views.autoAugment,
        cutout: views.cutout))
  }

  /// The views after the first, as `data.augmentation.furtherViews` says.
  package init(_ views: Configuration.FurtherViews, size: ImageSize?) {
    self.init(
      size: size, frame: Frame(padAndCrop: views.padAndCrop, randomResizedCrop: views.randomResizedCrop),
      changes: ViewSteps.changes(
        flip: views.flip, jitter: views.jitter, grey: views.grey, blur: views.blur, autoAugment: views.autoAugment, cutout: views.cutout))
  }

  /// Changes that do nothing are left in: so a step's random numbers do not depend on whether another one is used.
  private static func changes(
    flip: Double, jitter: Configuration.Jitter, grey: Double, blur: Configuration.Augmentation.Blur?, autoAugment: Bool, cutout: Int?
  ) -> [ImageAugmentation.Step] {
    let colours = ColourJitter(
      brightness: jitter.brightness, contrast: jitter.contrast, saturation: jitter.saturation, hue: jitter.hue)
    let deviation = blur?.deviation ?? [0, 0]
    return [
      .horizontalFlip(flip), .colourJitter(colours, probability: colours == ColourJitter() ? 0 : jitter.chance), .grey(grey),
      .blur(deviation[0]...max(deviation[0], deviation[1]), probability: blur?.chance ?? 0),
    ] + (autoAugment ? [.autoAugment] : []) + (cutout.map { [.cutout(Cutout(length: $0))] } ?? [])
  }
}

extension ViewSteps.Frame {
  /// At most one of the two is given.
  fileprivate init(padAndCrop: Int?, randomResizedCrop: Configuration.RandomResizedCrop?) {
    if let crop = randomResizedCrop {
      self = .randomResizedCrop(
        area: crop.area[0]...max(crop.area[0], crop.area[1]), ratio: crop.ratio[0]...max(crop.ratio[0], crop.ratio[1]))
    } else if let padAndCrop {
      self = .padAndCrop(padAndCrop)
    } else {
      self = .whole
    }
  }
}
