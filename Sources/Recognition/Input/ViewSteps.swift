import Images

/// Which steps make a view of an image: first what brings it to its size, then the changes.
package struct ViewSteps: Sendable, Equatable {
  /// What brings an image to the size of a view.
  package enum Frame: Sendable, Equatable {
    /// The image as a whole.
    case whole
    /// The image as a whole, then a random crop of the same size after a black border was added.
    case padAndCrop(Int)
    /// A rectangle of random area and shape.
    case randomResizedCrop(area: ClosedRange<Double>, ratio: ClosedRange<Double>)
    /// The shorter side to this many pixels, then the middle.
    case shortSide(Int)
  }

  /// The size of the view; nil for that of the image.
  package var size: ImageSize?
  /// What brings an image to it.
  package var frame: Frame
  /// What happens then.
  package var changes: [ImageAugmentation.Step]

  /// - Parameters:
  ///   - size: of the view; nil for that of the image.
  ///   - frame: what brings an image to it.
  ///   - changes: what happens then.
  package init(size: ImageSize?, frame: Frame = .whole, changes: [ImageAugmentation.Step] = []) {
    (self.size, self.frame, self.changes) = (size, frame, changes)
  }

  /// The steps for an image as `prepared` leaves it. Their number and order do not depend on the image, so that neither do random numbers.
  /// - Parameter image: its size.
  package func augmentation(for image: ImageSize, seed: UInt64) -> ImageAugmentation {
    let size = size ?? image
    let first: ImageAugmentation.Step =
      switch frame {
      case .whole: .resize(size)
      case .padAndCrop(let padding): .padAndCrop(PadAndCrop(size: size, padding: padding))
      case .randomResizedCrop(let area, let ratio): .randomResizedCrop(RandomResizedCrop(size: size, area: area, ratio: ratio))
      case .shortSide: .centreCrop(size)
      }
    return ImageAugmentation([first] + changes, seed: seed)
  }

  /// What is the same in every epoch, so that it can be kept; all of it where there is no chance.
  package func prepared(_ image: RGBImage) -> RGBImage {
    guard let size else { return image }
    switch frame {
    case .randomResizedCrop: return image
    case .whole, .padAndCrop: return image.size == size ? image : image.resized(width: size.width, height: size.height)
    case .shortSide(let side):
      let shortened = image.size.withShortSide(side)
      let whole = shortened == image.size ? image : image.resized(width: shortened.width, height: shortened.height)
      let box = PixelBox(centred: size, in: whole.size)
      return whole.window(x: Int(box.x), y: Int(box.y), size: size, fill: .black)
    }
  }

  /// Whether a part of the image file is all that a view needs, a new one each time, so that nothing of it can be kept.
  package var takesParts: Bool {
    if case .randomResizedCrop = frame { return true }
    return false
  }
}
