/// A rectangle of an image, in pixels from its upper left corner; sides may lie between pixels.
package struct PixelBox: Sendable, Hashable, Codable {
  /// The left side.
  package var x: Double
  /// The upper side.
  package var y: Double
  /// From the left side to the right one.
  package var width: Double
  /// From the upper side to the lower one.
  package var height: Double

  /// A rectangle by its upper left corner and its size.
  package init(x: Double, y: Double, width: Double, height: Double) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  /// Whole columns and rows.
  package init(x: Range<Int>, y: Range<Int>) {
    self.init(x: Double(x.lowerBound), y: Double(y.lowerBound), width: Double(x.count), height: Double(y.count))
  }

  /// A whole image.
  package init(_ size: ImageSize) { self.init(x: 0..<size.width, y: 0..<size.height) }

  /// The rectangle in the middle of an image, as torchvision's `CenterCrop` places it: odd remainders are rounded to even.
  package init(centred size: ImageSize, in image: ImageSize) {
    let x = (Double(image.width - size.width) / 2).rounded(.toNearestOrEven)
    let y = (Double(image.height - size.height) / 2).rounded(.toNearestOrEven)
    self.init(x: x, y: y, width: Double(size.width), height: Double(size.height))
  }

  /// The same rectangle of an image that is enlarged by these factors.
  package func scaled(x horizontal: Double, y vertical: Double) -> PixelBox {
    PixelBox(x: x * horizontal, y: y * vertical, width: width * horizontal, height: height * vertical)
  }

  /// The columns that it touches, within an image.
  package func columns(in image: ImageSize) -> Range<Int> { PixelBox.span(x, x + width, image.width) }

  /// The rows that it touches, within an image.
  package func rows(in image: ImageSize) -> Range<Int> { PixelBox.span(y, y + height, image.height) }

  private static func span(_ low: Double, _ high: Double, _ limit: Int) -> Range<Int> {
    let first = Int(max(0, min(Double(limit), low.rounded(.down))))
    return first..<max(first, Int(max(0, min(Double(limit), high.rounded(.up)))))
  }
}

extension RGBImage {
  /// Its size.
  package var size: ImageSize { ImageSize(width: width, height: height) }

  /// Resamples a rectangle with a triangle filter, as Pillow's `resize(…, BILINEAR, box: …)` does, bit for bit where that takes columns
  /// first. (Pillow 13 takes rows first for some sizes; values may then differ by 1.)
  ///
  /// Unlike a crop that is resized afterwards, pixels beside the rectangle count where the filter reaches them. Costs as `resized`.
  /// - Parameters:
  ///   - box: inside the image, with sides longer than 0.
  ///   - target: columns of the result.
  ///   - targetHeight: rows of the result.
  package func resized(box: PixelBox, width target: Int, height targetHeight: Int) -> RGBImage {
    guard width > 0, height > 0, target > 0, targetHeight > 0, box.width > 0, box.height > 0 else {
      return RGBImage(width: target, height: targetHeight)
    }
    let isWhole = box == PixelBox(size)
    if isWhole && target == width && targetHeight == height { return self }
    let vertical = ResizeWeights(source: height, from: box.y, to: box.y + box.height, target: targetHeight, window: 0..<targetHeight)
    let top = vertical.first[0]
    let bottom = vertical.first[targetHeight - 1] + vertical.count[targetHeight - 1]
    let horizontal = ResizeWeights(source: width, from: box.x, to: box.x + box.width, target: target, window: 0..<target)
    return resizedColumns(horizontal, count: target, rows: top..<bottom).resizedRows(vertical, offset: top, count: targetHeight)
  }

  /// A rectangle cut out and then resized, so that pixels beside it do not count: torchvision's order for random crops.
  ///
  /// Sides between pixels cut out the pixels that they touch, and are kept in the resize.
  package func resizedPart(_ box: PixelBox, to target: ImageSize) -> RGBImage {
    let (columns, rows) = (box.columns(in: size), box.rows(in: size))
    var inner = box
    inner.x -= Double(columns.lowerBound)
    inner.y -= Double(rows.lowerBound)
    return cropped(x: columns, y: rows).resized(box: inner, width: target.width, height: target.height)
  }
}
