import Images

/// Recipes of published work, written out: what configurations of the same steps are compared with.
extension ImageAugmentation {
  /// Small images as Balanced Meta-Softmax and PaCo train with them: a black border of an eighth, a random crop, a flip, AutoAugment's policy for
  /// CIFAR-10, a black square of half the side.
  static func smallImages(_ size: ImageSize, seed: UInt64) -> ImageAugmentation {
    ImageAugmentation(
      [
        .padAndCrop(PadAndCrop(size: size, padding: size.width / 8)), .horizontalFlip(0.5), .autoAugment,
        .cutout(Cutout(length: size.width / 2)),
      ], seed: seed)
  }

  /// Photographs as they are tested: the shorter side to 8/7 of the view's, and the middle.
  static func testing(_ size: ImageSize) -> ImageAugmentation {
    ImageAugmentation([.resizeShortSide((min(size.width, size.height) * 8 + 3) / 7), .centreCrop(size)])
  }
}
