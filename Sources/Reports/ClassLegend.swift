import Images

/// Names of classes beside their colours, in as many lines as a picture's width makes of them.
struct ClassLegend {
  private struct Entry {
    var name: String
    var colour: RGBColour
    var x: Int
  }

  private let lines: [[Entry]]
  private let scale: Int

  /// - Parameters:
  ///   - classes: names and colours, in order.
  ///   - width: pixels of a line, at most.
  ///   - scale: pixels along each side of a letter's pixel.
  init(_ classes: [(name: String, colour: RGBColour)], width: Int, scale: Int) {
    var lines: [[Entry]] = []
    var line: [Entry] = []
    var x = 0
    for (name, colour) in classes {
      let text = BitmapFont.fitted(name, width: width - 11 * scale, scale: scale)
      let needed = 11 * scale + BitmapFont.width(of: text, scale: scale)
      if x > 0, x + needed > width {
        lines.append(line)
        (line, x) = ([], 0)
      }
      line.append(Entry(name: text, colour: colour, x: x))
      x += needed + 9 * scale
    }
    if !line.isEmpty { lines.append(line) }
    (self.lines, self.scale) = (lines, scale)
  }

  /// The number of lines.
  var lineCount: Int { lines.count }

  /// Draws the lines below each other, the first with its upper left corner at (x, y).
  func draw(on picture: inout RGBImage, x: Int, y: Int, ink: RGBColour) {
    var y = y
    for line in lines {
      for entry in line {
        picture.fill(x: x + entry.x..<x + entry.x + 8 * scale, y: y..<y + 7 * scale, with: entry.colour)
        picture.outline(x: x + entry.x..<x + entry.x + 8 * scale, y: y..<y + 7 * scale, with: ink)
        picture.draw(entry.name, x: x + entry.x + 11 * scale, y: y, colour: ink, scale: scale)
      }
      y += (BitmapFont.glyphHeight + 3) * scale
    }
  }
}
