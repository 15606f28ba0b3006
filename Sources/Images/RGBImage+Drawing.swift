extension RGBImage {
  /// Fills a rectangle; what lies outside the image is left out.
  public mutating func fill(x: Range<Int>, y: Range<Int>, with colour: RGBColour) {
    let columns = x.clamped(to: 0..<width)
    for row in y.clamped(to: 0..<height) {
      for column in columns { self[column, row] = colour }
    }
  }

  /// Draws the border of a rectangle, one pixel wide, inside its ranges.
  public mutating func outline(x: Range<Int>, y: Range<Int>, with colour: RGBColour) {
    if x.isEmpty || y.isEmpty { return }
    fill(x: x, y: y.lowerBound..<y.lowerBound + 1, with: colour)
    fill(x: x, y: y.upperBound - 1..<y.upperBound, with: colour)
    fill(x: x.lowerBound..<x.lowerBound + 1, y: y, with: colour)
    fill(x: x.upperBound - 1..<x.upperBound, y: y, with: colour)
  }

  /// Puts another image with its upper left corner at (x, y); what does not fit is left out.
  public mutating func paste(_ image: RGBImage, x: Int, y: Int) {
    let first = max(0, -x)
    let count = min(image.width, width - x) - first
    if count <= 0 { return }
    for row in max(0, -y)..<max(max(0, -y), min(image.height, height - y)) {
      let target = 3 * ((y + row) * width + x + first)
      let source = 3 * (row * image.width + first)
      pixels.replaceSubrange(target..<target + 3 * count, with: image.pixels[source..<source + 3 * count])
    }
  }
}

extension LabelImage {
  /// An image with each class in its colour.
  /// - Parameters:
  ///   - palette: the colour of class 0, 1, …
  ///   - ignored: the colour of 255 and of numbers past the palette.
  public func colourized(palette: [RGBColour], ignored: RGBColour = .black) -> RGBImage {
    let table = (0..<256).map { $0 < palette.count && $0 != Int(LabelImage.ignored) ? palette[$0] : ignored }
    let labels = self.labels
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * labels.count) { output, count in
      for index in labels.indices {
        let colour = table[Int(labels[index])]
        output[3 * index] = colour.red
        output[3 * index + 1] = colour.green
        output[3 * index + 2] = colour.blue
      }
      count = 3 * labels.count
    }
    return RGBImage(width: width, height: height, unchecked: pixels)
  }
}
