import Images
import Reports
import TestSupport
import Testing

@Suite struct AugmentationSheetTests {
  private let palette = [RGBColour(200, 0, 0), RGBColour(0, 200, 0), RGBColour(0, 0, 200)]

  private func cell(_ label: UInt8?, grey: UInt8, width: Int = 130, height: Int = 20) -> AugmentationSheet.Cell {
    .init(
      image: RGBImage(width: width, height: height, fill: RGBColour(grey, grey, grey)),
      labels: label.map { LabelImage(width: width, height: height, fill: $0) }, note: "a note")
  }

  private func sheet(_ rows: [AugmentationSheet.Row]) -> AugmentationSheet {
    AugmentationSheet(rows: rows, titles: ["as it is", "epoch 1"], classNames: ["a", "b", "c"], palette: palette, caption: "seed 1")
  }

  @Test func viewsStandSideBySideWithTheirLabelsBelow() throws {
    let picture = try sheet([
      .init(name: "first", cells: [cell(0, grey: 100), cell(2, grey: 50)]),
      .init(name: "second", cells: [cell(0, grey: 20), cell(255, grey: 80)]),
    ]).image()
    // Two columns; caption and titles, rows of name, note, view and view with labels, one line of legend.
    #expect(picture.width == 2 * 134 + 4 && picture.height == 4 + 20 + 2 * (2 * 21 + 20 + 4) + 10 + 4)
    let (first, second) = (24 + 20, 24 + 66 + 20)
    #expect(picture[10, first + 5] == RGBColour(100, 100, 100) && picture[10 + 134, first + 5] == RGBColour(50, 50, 50))
    #expect(picture[10, first + 21 + 5] == RGBColour(150, 50, 50), "half the colour of class a")
    #expect(picture[10 + 134, second + 21 + 5] == RGBColour(80, 80, 80), "ignored pixels stay as they are")
    // The legend names the classes that are there: a and c.
    #expect(picture[6, 24 + 2 * 66 + 2] == palette[0])
  }

  @Test func smallViewsAreEnlargedAndViewsWithoutLabelsStandAlone() throws {
    let picture = try sheet([
      .init(name: "x", cells: [cell(nil, grey: 9, width: 40, height: 10), cell(nil, grey: 7, width: 30, height: 8)])
    ]).image()
    #expect(picture.width == 2 * 124 + 4 && picture.height == 4 + 20 + (31 + 20 + 4) + 4)
    #expect(picture[4 + 119, 44 + 29] == RGBColour(9, 9, 9) && picture[128 + 89, 44 + 23] == RGBColour(7, 7, 7))
  }

  @Test func nothingToDrawIsAnError() {
    #expect(longtailError { try sheet([]).image() }?.code == .badData)
    var wrong = cell(0, grey: 1)
    wrong.labels = LabelImage(width: 3, height: 3, fill: 0)
    #expect(longtailError { try sheet([.init(name: "x", cells: [wrong])]).image() }?.code == .badData)
  }
}
