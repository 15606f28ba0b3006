import Images

/// Small images in rows, each with a caption: what a data set or its predictions look like.
package struct ContactSheet: Sendable {
  /// An image with what is written under it.
  package struct Entry: Sendable {
    /// The image.
    package var image: RGBImage
    /// Lines under it; longer ones are shortened to its width.
    package var captions: [String]
    /// The colour of the captions and of a frame around the image; nil for black without a frame.
    package var colour: RGBColour?

    /// - Parameters:
    ///   - image: the image.
    ///   - captions: lines under it.
    ///   - colour: of the captions and a frame.
    package init(_ image: RGBImage, captions: [String] = [], colour: RGBColour? = nil) {
      (self.image, self.captions, self.colour) = (image, captions, colour)
    }
  }

  /// Images in a row.
  package var columns: Int
  /// The side of the square that each image is fitted into.
  package var side: Int

  /// - Parameters:
  ///   - columns: images in a row, at least 1.
  ///   - side: the square that each image is fitted into, at least 8 pixels.
  package init(columns: Int = 10, side: Int = 64) {
    (self.columns, self.side) = (max(1, columns), max(8, side))
  }

  /// The sheet. Small images are enlarged by whole factors, large ones shrunk.
  package func drawn(_ entries: [Entry]) -> RGBImage {
    let margin = 3
    let line = BitmapFont.glyphHeight + 2
    let captionLines = entries.map(\.captions.count).max() ?? 0
    let cell = (width: side + 2 * margin, height: side + 2 * margin + captionLines * line)
    let rows = (entries.count + columns - 1) / columns
    var sheet = RGBImage(width: min(columns, max(1, entries.count)) * cell.width, height: max(1, rows) * cell.height, fill: .white)
    for (index, entry) in entries.enumerated() {
      let (left, top) = (index % columns * cell.width + margin, index / columns * cell.height + margin)
      let fitted = fitted(entry.image)
      sheet.paste(fitted, x: left + (side - fitted.width) / 2, y: top + (side - fitted.height) / 2)
      if let colour = entry.colour {
        for distance in 1...2 {
          sheet.outline(x: left - distance..<left + side + distance, y: top - distance..<top + side + distance, with: colour)
        }
      }
      for (number, caption) in entry.captions.enumerated() {
        sheet.draw(
          BitmapFont.fitted(caption, width: side), x: left, y: top + side + margin + number * line, colour: entry.colour ?? .black)
      }
    }
    return sheet
  }

  private func fitted(_ image: RGBImage) -> RGBImage {
    let longest = max(image.width, image.height)
    if longest == 0 || longest == side { return image }
    if longest <= side { return image.resizedNearest(width: image.width * (side / longest), height: image.height * (side / longest)) }
    return image.resized(width: max(1, image.width * side / longest), height: max(1, image.height * side / longest))
  }
}
