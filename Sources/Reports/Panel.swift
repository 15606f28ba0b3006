import Images
import Tensors

/// A picture of several images: each with its labels and what the network says, and below all a legend of the classes.
package struct Panel: Sendable {
  /// One row of the picture.
  package struct Row: Sendable {
    /// What the network saw, or the whole image.
    package var input: RGBImage
    /// The labels; 255 is ignored.
    package var truth: LabelImage
    /// The network's classes.
    package var prediction: LabelImage
    /// What the third column shows instead of the network's classes; of the same size.
    package var overlay: RGBImage?
    /// What the second column shows instead of the labels; of the same size.
    package var drawnTruth: RGBImage?

    /// Creates a row.
    package init(input: RGBImage, truth: LabelImage, prediction: LabelImage) {
      (self.input, self.truth, self.prediction) = (input, truth, prediction)
    }
  }

  /// The rows, from the top.
  package var rows: [Row]
  /// The names of the classes.
  package var classNames: [String]
  /// The colours of the classes.
  package var palette: [RGBColour]
  /// What the columns are called.
  package var titles = ["input", "truth", "prediction"]
  /// The classes in the legend; nil for all.
  package var legend: [Int]?
  /// A line at the top, such as step and score; empty for none.
  package var caption: String

  /// Plans a picture.
  package init(rows: [Row], classNames: [String], palette: [RGBColour], caption: String = "") {
    (self.rows, self.classNames, self.palette, self.caption) = (rows, classNames, palette, caption)
  }

  /// The colour of pixels that have no class.
  package static let ignoredColour = RGBColour.black

  private static let background = RGBColour(24, 24, 24)
  private static let ink = RGBColour(230, 230, 230)
  private static let gap = 4

  /// Draws it.
  ///
  /// Small images are enlarged by a whole factor, so that each is at least 160 pixels wide; all rows are as wide as the widest.
  /// - Throws: `LongtailError(.badData)` when there is no row, the three pictures of a row differ in size, or names and colours in number.
  package func image() throws -> RGBImage {
    try check()
    let gap = Panel.gap
    let widest = rows.map(\.input.width).max() ?? 1
    let enlarged = max(1, (159 + widest) / widest)
    let cellWidth = widest * enlarged
    let scale = cellWidth >= 400 ? 2 : 1
    let lineHeight = (BitmapFont.glyphHeight + 3) * scale
    let width = 3 * cellWidth + 4 * gap
    let legend = legendOfClasses(width: width - 2 * gap, scale: scale)
    let top = gap + (caption.isEmpty ? 1 : 2) * lineHeight
    let rowsHeight = rows.reduce(0) { $0 + $1.input.height * enlarged + gap }
    var picture = RGBImage(width: width, height: top + rowsHeight + legend.lineCount * lineHeight + gap, fill: Panel.background)

    if !caption.isEmpty {
      picture.draw(BitmapFont.fitted(caption, width: width - 2 * gap, scale: scale), x: gap, y: gap, colour: Panel.ink, scale: scale)
    }
    for (column, title) in titles.prefix(3).enumerated() {
      picture.draw(title, x: gap + column * (cellWidth + gap), y: top - lineHeight, colour: Panel.ink, scale: scale)
    }
    var y = top
    for row in rows {
      let parts = [
        row.input, row.drawnTruth ?? row.truth.colourized(palette: palette, ignored: Panel.ignoredColour),
        row.overlay ?? row.prediction.colourized(palette: palette, ignored: Panel.ignoredColour),
      ]
      for (column, part) in parts.enumerated() {
        let shown = enlarged == 1 ? part : part.resizedNearest(width: part.width * enlarged, height: part.height * enlarged)
        picture.paste(shown, x: gap + column * (cellWidth + gap), y: y)
      }
      y += row.input.height * enlarged + gap
    }
    legend.draw(on: &picture, x: gap, y: y, ink: Panel.ink)
    return picture
  }

  private func legendOfClasses(width: Int, scale: Int) -> ClassLegend {
    var entries = (legend ?? Array(classNames.indices)).filter(classNames.indices.contains).map { (classNames[$0], palette[$0]) }
    if rows.contains(where: { $0.drawnTruth == nil && $0.truth.labels.contains(LabelImage.ignored) }) {
      entries.append(("ignored", Panel.ignoredColour))
    }
    return ClassLegend(entries, width: width, scale: scale)
  }

  private func check() throws {
    guard !rows.isEmpty else { throw LongtailError(.badData, "a panel needs at least one image") }
    guard classNames.count == palette.count else {
      throw LongtailError(.badData, "a panel of \(classNames.count) classes has \(palette.count) colours")
    }
    for (place, row) in rows.enumerated() {
      let sizes =
        [(row.truth.width, row.truth.height), (row.prediction.width, row.prediction.height)]
        + [row.overlay, row.drawnTruth].compactMap { $0.map { ($0.width, $0.height) } }
      guard row.input.width > 0, row.input.height > 0, sizes.allSatisfy({ $0 == (row.input.width, row.input.height) }) else {
        throw LongtailError(
          .badData,
          "row \(place + 1) of a panel: the image has \(row.input.width) x \(row.input.height) pixels, its labels "
            + "\(row.truth.width) x \(row.truth.height), the prediction \(row.prediction.width) x \(row.prediction.height)",
          advice: "Resize labels by nearest neighbour.")
      }
    }
  }
}
