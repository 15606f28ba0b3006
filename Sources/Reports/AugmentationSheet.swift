import Images
import Tensors

/// A picture of what a network sees in training: a row for each sample, a column for each epoch, each view with its labels below it.
package struct AugmentationSheet: Sendable {
  /// One view.
  package struct Cell: Sendable {
    /// The image.
    package var image: RGBImage
    /// A class for each of its pixels, 255 for none; nil where labels are of another kind.
    package var labels: LabelImage?
    /// What else there is to say, in a few words.
    package var note: String

    /// Names all.
    package init(image: RGBImage, labels: LabelImage?, note: String = "") { (self.image, self.labels, self.note) = (image, labels, note) }
  }

  /// The views of one sample.
  package struct Row: Sendable {
    /// What the sample is called.
    package var name: String
    /// The views, as many as there are titles.
    package var cells: [Cell]

    /// Names both.
    package init(name: String, cells: [Cell]) { (self.name, self.cells) = (name, cells) }
  }

  /// The rows, from the top.
  package var rows: [Row]
  /// What the columns are called.
  package var titles: [String]
  /// Names of the classes.
  package var classNames: [String]
  /// Colours of the classes.
  package var palette: [RGBColour]
  /// A line at the top.
  package var caption: String

  /// Plans a sheet.
  package init(rows: [Row], titles: [String], classNames: [String], palette: [RGBColour], caption: String) {
    (self.rows, self.titles, self.classNames, self.palette, self.caption) = (rows, titles, classNames, palette, caption)
  }

  private static let background = RGBColour(24, 24, 24)
  private static let ink = RGBColour(230, 230, 230)
  private static let gap = 4
  /// Columns of a view at least, so that its note can be read.
  private static let leastWidth = 120

  /// Draws it. Small views are enlarged by a whole factor. The legend names the classes that are to be seen.
  /// - Throws: `LongtailError(.badData)` where there is nothing to draw, or labels are not of their image's size.
  package func image() throws -> RGBImage {
    let views = rows.flatMap(\.cells)
    guard let widest = views.map(\.image.width).max(), let highest = views.map(\.image.height).max(), widest > 0, highest > 0 else {
      throw LongtailError(.badData, "a sheet needs at least one view")
    }
    let (gap, line) = (AugmentationSheet.gap, BitmapFont.glyphHeight + 3)
    let enlarged = max(1, (AugmentationSheet.leastWidth + widest - 1) / widest)
    let (cellWidth, cellHeight) = (widest * enlarged, highest * enlarged)
    // A view, and where there are labels the view with them.
    let layers = views.contains { $0.labels != nil } ? 2 : 1
    let rowHeight = layers * (cellHeight + 1) + 2 * line + gap
    let width = max(1, titles.count) * (cellWidth + gap) + gap
    let legend = ClassLegend(classes(in: views), width: width - 2 * gap, scale: 1)
    let top = gap + 2 * line
    var sheet = RGBImage(
      width: width, height: top + rows.count * rowHeight + legend.lineCount * line + gap, fill: AugmentationSheet.background)
    func write(_ text: String, _ x: Int, _ y: Int, _ room: Int) {
      sheet.draw(BitmapFont.fitted(text, width: room), x: x, y: y, colour: AugmentationSheet.ink)
    }
    write(caption, gap, gap, width - 2 * gap)
    for (column, title) in titles.enumerated() { write(title, gap + column * (cellWidth + gap), gap + line, cellWidth) }
    for (number, row) in rows.enumerated() {
      let y = top + number * rowHeight
      write(row.name, gap, y, width - 2 * gap)
      for (column, cell) in row.cells.prefix(titles.count).enumerated() {
        let x = gap + column * (cellWidth + gap)
        write(cell.note, x, y + line, cellWidth)
        sheet.paste(cell.image.enlarged(enlarged), x: x, y: y + 2 * line)
        guard let labels = cell.labels else { continue }
        let both = try Overlay.blend(cell.image, labels, palette: palette, outlines: true)
        sheet.paste(both.enlarged(enlarged), x: x, y: y + 2 * line + cellHeight + 1)
      }
    }
    legend.draw(on: &sheet, x: gap, y: top + rows.count * rowHeight, ink: AugmentationSheet.ink)
    return sheet
  }

  /// The classes that views show, with their colours.
  private func classes(in views: [Cell]) -> [(name: String, colour: RGBColour)] {
    var counts = [Int](repeating: 0, count: 256)
    for view in views { for (label, count) in (view.labels?.histogram() ?? []).enumerated() { counts[label] += count } }
    return zip(classNames, palette).enumerated().filter { $0.offset < 255 && counts[$0.offset] > 0 }.map { ($0.element.0, $0.element.1) }
  }
}

extension RGBImage {
  fileprivate func enlarged(_ factor: Int) -> RGBImage {
    factor == 1 ? self : resizedNearest(width: width * factor, height: height * factor)
  }
}
