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
    var taken: [(x: Range<Int>, y: Range<Int>)] = []
    // Texts find their places in the order of the list, so that those of two boxes on one object stay readable.
    let texts = boxes.map { box, _, text -> (x: Int, y: Int) in
      let wide = BitmapFont.width(of: text) + 2
      let (left, top) = (Int((box.left * Float(scale)).rounded()), Int((box.top * Float(scale)).rounded()))
      let x = max(0, min(left, picture.width - wide))
      var y = top >= height ? top - height : max(0, min(top, picture.height - height))
      func isFree(_ y: Int) -> Bool { !taken.contains { $0.x.overlaps(x..<x + wide) && $0.y.overlaps(y..<y + height) } }
      for place in stride(from: y, through: min(y + 4 * height, picture.height - height), by: height) where !isFree(y) { y = place }
      taken.append((x..<x + wide, y..<y + height))
      return (x, y)
    }
    for ((box, label, text), (x, y)) in zip(boxes, texts).reversed() {
      let colour = palette.indices.contains(label) ? palette[label] : .white
      func pixel(_ value: Float, _ limit: Int) -> Int { min(limit, max(0, Int((value * Float(scale)).rounded()))) }
      let (left, right) = (pixel(box.left, picture.width), pixel(box.right, picture.width))
      let (top, bottom) = (pixel(box.top, picture.height), pixel(box.bottom, picture.height))
      guard right > left, bottom > top else { continue }
      for inset in 0..<line where right - left > 2 * inset && bottom - top > 2 * inset {
        picture.outline(x: left + inset..<right - inset, y: top + inset..<bottom - inset, with: colour)
      }
      let wide = BitmapFont.width(of: text) + 2
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
