import Images

/// The views that published recipes train and test with.
package enum ViewRecipes {
  /// Small images as the long-tailed CIFAR sets are trained with (Cao et al., NeurIPS 2019): a black border of an eighth, a random crop, a flip.
  /// - Parameters:
  ///   - size: of the images, 32 x 32 for CIFAR.
  ///   - strong: with AutoAugment's policy and a black square of half the side, as Balanced Meta-Softmax and PaCo have it.
  ///   - seed: the run's seed.
  package static func small(_ size: ImageSize, strong: Bool = false, seed: UInt64) -> ImageAugmentation {
    let side = min(size.width, size.height)
    let steps: [ImageAugmentation.Step] = [.padAndCrop(PadAndCrop(size: size, padding: side / 8)), .horizontalFlip(0.5)]
    return ImageAugmentation(steps + (strong ? [.autoAugment, .cutout(Cutout(length: side / 2))] : []), seed: seed)
  }

  /// Photographs as ImageNet-LT and Places-LT are trained with: a random rectangle of 8 % to all of the area, a flip, changes of colour.
  /// - Parameters:
  ///   - size: of the views, 224 x 224 as published.
  ///   - jitter: changes of colour; nil for none, as on iNaturalist.
  ///   - seed: the run's seed.
  package static func photographs(
    _ size: ImageSize, jitter: ColourJitter? = ColourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4), seed: UInt64
  ) -> ImageAugmentation {
    let steps: [ImageAugmentation.Step] = [.randomResizedCrop(RandomResizedCrop(size: size)), .horizontalFlip(0.5)]
    return ImageAugmentation(steps + (jitter.map { [.colourJitter($0, probability: 1)] } ?? []), seed: seed)
  }

  /// The second view of contrastive methods, as MoCo v2 has it (Chen et al., 2020): a rectangle of 20 % to all of the area, changes of colour, grey,
  /// blur, a flip.
  /// - Parameters:
  ///   - size: of the views.
  ///   - seed: the run's seed.
  package static func contrast(_ size: ImageSize, seed: UInt64) -> ImageAugmentation {
    ImageAugmentation(
      [
        .randomResizedCrop(RandomResizedCrop(size: size, area: 0.2...1)),
        .colourJitter(ColourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1), probability: 0.8), .grey(0.2),
        .blur(0.1...2, probability: 0.5), .horizontalFlip(0.5),
      ], seed: seed)
  }

  /// Photographs as they are tested: the shorter side to 8/7 of the view's, and the middle. 256 and 224 as published.
  package static func testing(_ size: ImageSize) -> ImageAugmentation {
    ImageAugmentation([.resizeShortSide((min(size.width, size.height) * 8 + 3) / 7), .centreCrop(size)])
  }
}
