import Tensors

/// Classes laid over an image, as a tinted pane.
public enum Overlay {
  /// The image with each labelled pixel mixed with its class's colour. Ignored pixels, and labels past the palette, stay as they are.
  /// - Parameters:
  ///   - image: the image.
  ///   - labels: of the same size; `LabelImage.ignored` (255) has no colour.
  ///   - palette: the colour of class 0, 1, ...
  ///   - opacity: 0 leaves the image, 1 shows the colours alone.
  ///   - outlines: draw the border between classes in the full colour.
  /// - Throws: `LongtailError(.badData)` when the sizes differ.
  public static func blend(
    _ image: RGBImage, _ labels: LabelImage, palette: [RGBColour], opacity: Double = 0.5, outlines: Bool = false
  ) throws -> RGBImage {
    guard image.width == labels.width, image.height == labels.height else {
      throw LongtailError(
        .badData, "an image of \(image.width) x \(image.height) pixels has labels of \(labels.width) x \(labels.height)",
        advice: "Resize the labels by nearest neighbour.")
    }
    let share = Int((min(max(opacity, 0), 1) * 256).rounded())
    var result = image
    let (width, height) = (image.width, image.height)
    for y in 0..<height {
      for x in 0..<width {
        let label = labels.labels[y * width + x]
        guard label != LabelImage.ignored, Int(label) < palette.count else { continue }
        let isBorder =
          outlines
          && (x + 1 < width && labels.labels[y * width + x + 1] != label || y + 1 < height && labels.labels[(y + 1) * width + x] != label)
        let weight = isBorder ? 256 : share
        let colour = palette[Int(label)]
        let place = 3 * (y * width + x)
        for (channel, value) in [colour.red, colour.green, colour.blue].enumerated() {
          let mixed = (Int(result.pixels[place + channel]) * (256 - weight) + Int(value) * weight + 128) >> 8
          result.pixels[place + channel] = UInt8(clamping: mixed)
        }
      }
    }
    return result
  }
}
