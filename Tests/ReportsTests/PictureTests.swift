import Foundation
import Images
import Reports
import TestSupport
import Testing

@Suite struct PictureTests {
  private let palette = [RGBColour(200, 0, 0), RGBColour(0, 200, 0)]

  private func row(width: Int, height: Int) -> Panel.Row {
    var truth = LabelImage(width: width, height: height, fill: 1)
    truth.labels[0] = LabelImage.ignored
    return Panel.Row(
      input: RGBImage(width: width, height: height, fill: RGBColour(10, 20, 30)), truth: truth,
      prediction: LabelImage(width: width, height: height, fill: 0))
  }

  @Test func panelLaysImagesSideBySide() throws {
    let panel = Panel(rows: [row(width: 160, height: 40), row(width: 160, height: 20)], classNames: ["road", "sky"], palette: palette)
    let picture = try panel.image()
    // Three images and four gaps of 4; one line of titles, two rows with gaps, one line of legend, and the margins.
    #expect(picture.width == 3 * 160 + 16)
    #expect(picture.height == 4 + 10 + 44 + 24 + 10 + 4)
    #expect(picture[4, 14] == RGBColour(10, 20, 30))
    #expect(picture[4 + 164, 14] == Panel.ignoredColour)
    #expect(picture[5 + 164, 14] == palette[1])
    #expect(picture[4 + 328, 14] == palette[0])
    #expect(picture[4, 14 + 44 + 19] == RGBColour(10, 20, 30))
    // The legend's first colour, inside its frame.
    #expect(picture[6, 14 + 44 + 24 + 2] == palette[0])
    #expect(try panel.image() == picture)
  }

  @Test func smallImagesAreEnlargedAndLegendsWrap() throws {
    let names = (0..<20).map { "class number \($0)" }
    let colours = (0..<20).map { RGBColour.distinct($0) }
    let picture = try Panel(rows: [row(width: 50, height: 10)], classNames: names, palette: colours, caption: "step 1").image()
    #expect(picture.width == 3 * 200 + 16)
    // Entries of 94 and 100 pixels with gaps of 9: six short ones, or five long ones, fit into 608. 10 short, 10 long, and `ignored`.
    #expect(picture.height == 4 + 20 + 44 + 4 * 10 + 4)
    let decoded = try RGBImage(decoding: picture.pngData(), name: "panel")
    #expect(decoded == picture)
  }

  /// A picture of real images, where they are; its path is printed, so that one can look at it.
  @Test func panelOfRealImages() throws {
    let data = "../shared/data/camvid"
    let names = ["0001TP_006690", "0001TP_006720"]
    guard FileManager.default.fileExists(atPath: "\(data)/train/\(names[0]).png") else {
      print("skipped: no images at \(data)")
      return
    }
    let colours = (0..<11).map { RGBColour.distinct($0) }
    let rows = try names.map { name in
      var labels = try LabelImage(contentsOf: "\(data)/trainannot/\(name).png")
      labels.map((0..<256).map { $0 < 11 ? UInt8($0) : LabelImage.ignored })
      return Panel.Row(input: try RGBImage(contentsOf: "\(data)/train/\(name).png"), truth: labels, prediction: labels)
    }
    let classes = ["Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist"]
    let picture = try Panel(rows: rows, classNames: classes, palette: colours, caption: "step 1,350  mIoU 47.53 %").image()
    #expect(picture.width == 3 * 480 + 16)
    let path = NSTemporaryDirectory() + "longtail-panel.png"
    try picture.writePNG(to: path)
    print("a panel of real images: \(path)")
  }

  @Test func panelRefusesWhatDoesNotFit() {
    #expect(longtailError { _ = try Panel(rows: [], classNames: [], palette: []).image() }?.code == .badData)
    #expect(
      longtailError { _ = try Panel(rows: [row(width: 4, height: 4)], classNames: ["a"], palette: palette).image() }?.message
        == "a panel of 1 classes has 2 colours")
    var wrong = row(width: 4, height: 4)
    wrong.prediction = LabelImage(width: 4, height: 3)
    #expect(
      longtailError { _ = try Panel(rows: [wrong], classNames: ["a", "b"], palette: palette).image() }?.message
        == "row 1 of a panel: the image has 4 x 4 pixels, its labels 4 x 4, the prediction 4 x 3")
  }

  @Test func overlayMixesLabelledPixelsAlone() throws {
    let image = RGBImage(width: 3, height: 1, fill: RGBColour(100, 100, 100))
    let labels = try #require(LabelImage(width: 3, height: 1, labels: [0, 255, 7]))
    let half = try Overlay.blend(image, labels, palette: palette)
    #expect(half[0, 0] == RGBColour(150, 50, 50))
    #expect(half[1, 0] == RGBColour(100, 100, 100))
    #expect(half[2, 0] == RGBColour(100, 100, 100))
    #expect(try Overlay.blend(image, labels, palette: palette, opacity: 0) == image)
    #expect(try Overlay.blend(image, labels, palette: palette, opacity: 1)[0, 0] == palette[0])
    #expect(try Overlay.blend(image, labels, palette: palette, opacity: 0, outlines: true)[0, 0] == palette[0])
    let other = LabelImage(width: 2, height: 1)
    #expect(longtailError { _ = try Overlay.blend(image, other, palette: palette) }?.code == .badData)
  }
}
