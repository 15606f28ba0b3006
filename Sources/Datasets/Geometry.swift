import Images

/// Where an image lies in a network's input: decided once, obeyed by pixels, label maps, boxes and outlines alike.
///
/// The image is scaled, a crop of it is taken (which may reach beyond it), mirrored, and put into the upper left of the input.
public struct Geometry: Sendable, Equatable {
  /// The image before it is scaled.
  public var source: ImageSize
  /// The image after it is scaled.
  public var scaled: ImageSize
  /// The part of the plane that is taken.
  public var crop: ImageSize
  /// First column of the crop in the scaled image; negative where there is padding on the left.
  public var cropX: Int
  /// First row of the crop in the scaled image; negative where there is padding above.
  public var cropY: Int
  /// Whether left and right change places.
  public var isFlipped: Bool
  /// The network's input, padding at the right and below included.
  public var output: ImageSize

  /// An image as it is, in the upper left of an input.
  public init(_ size: ImageSize, output: ImageSize) {
    (source, scaled, crop) = (size, size, size)
    (cropX, cropY, isFlipped) = (0, 0, false)
    self.output = output
  }

  /// What chance decided for an image.
  public init(_ decisions: AugmentationDecisions, source: ImageSize, output: ImageSize) {
    (self.source, scaled, crop) = (source, decisions.scaled, decisions.crop)
    (cropX, cropY, isFlipped) = (decisions.cropX, decisions.cropY, decisions.flip)
    self.output = output
  }

  /// The columns of the scaled image that are seen.
  public var columns: Range<Int> { max(0, cropX)..<min(scaled.width, cropX + crop.width) }
  /// The rows of the scaled image that are seen.
  public var rows: Range<Int> { max(0, cropY)..<min(scaled.height, cropY + crop.height) }

  /// Where a point of the image lies in the input. Pixel `i` covers `i..<i + 1`, so edges of boxes map exactly; points may lie outside.
  public func point(x: Double, y: Double) -> (x: Double, y: Double) {
    let across = x * Double(scaled.width) / Double(max(1, source.width)) - Double(cropX)
    let down = y * Double(scaled.height) / Double(max(1, source.height)) - Double(cropY)
    return (isFlipped ? Double(crop.width) - across : across, down)
  }

  /// The position in a plane of the input of the first pixel that is seen of a row, and the step to its right neighbour in the image.
  func line(_ row: Int) -> (start: Int, step: Int) {
    let x = columns.lowerBound - cropX
    let begin = (rows.lowerBound - cropY + row) * output.width
    return isFlipped ? (begin + crop.width - 1 - x, -1) : (begin + x, 1)
  }
}
