import Images

extension RGBImage {
  /// A copy with boxes and what they are called, large enough to be read.
  /// - Parameters:
  ///   - boxes: where, and what is written there; the first are drawn last.
  ///   - palette: the colour of each class.
  package func drawing(_ boxes: [(box: CornerBox, label: Int, text: String)], palette: [RGBColour]) -> RGBImage {
    let scale = max(1, min(4, 640 / max(1, max(width, height))))
    var picture = scale == 1 ? self : resizedNearest(width: scale * width, height: scale * height)
    let (height, line) = (BitmapFont.glyphHeight + 2, max(1, min(width, height) * scale / 240))
    for (box, label, text) in boxes.reversed() {
      let colour = palette.indices.contains(label) ? palette[label] : .white
      func pixel(_ value: Float, _ limit: Int) -> Int { min(limit, max(0, Int((value * Float(scale)).rounded()))) }
      let (left, right) = (pixel(box.left, picture.width), pixel(box.right, picture.width))
      let (top, bottom) = (pixel(box.top, picture.height), pixel(box.bottom, picture.height))
      guard right > left, bottom > top else { continue }
      for inset in 0..<line where right - left > 2 * inset && bottom - top > 2 * inset {
        picture.outline(x: left + inset..<right - inset, y: top + inset..<bottom - inset, with: colour)
      }
      let wide = BitmapFont.width(of: text) + 2
      let x = max(0, min(left, picture.width - wide))
      let y = top >= height ? top - height : min(top, picture.height - height)
      picture.fill(x: x..<x + wide, y: y..<y + height, with: colour)
      picture.draw(text, x: x + 1, y: y + 1, colour: colour.isBright ? .black : .white)
    }
    return picture
  }
}

extension RGBColour {
  /// Whether dark letters are read better on it.
  fileprivate var isBright: Bool { 299 * Int(red) + 587 * Int(green) + 114 * Int(blue) > 128_000 }
}
