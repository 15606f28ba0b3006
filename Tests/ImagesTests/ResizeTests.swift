import Images
import Testing

@Suite struct ResizeTests {
  @Test func sameAsPillow() {
    #expect(pattern(7, 5).resized(width: 3, height: 2).pixels == shrunkPattern)
    for entry in resizeCases {
      let image = pattern(entry.source.0, entry.source.1)
      let resized = image.resized(width: entry.target.0, height: entry.target.1)
      #expect(checksum(resized.pixels) == entry.bilinear, "bilinear \(entry.source) to \(entry.target)")
      var labels = LabelImage(width: image.width, height: image.height)
      for index in labels.labels.indices { labels.labels[index] = image.pixels[3 * index] }
      let nearest = labels.resized(width: entry.target.0, height: entry.target.1)
      #expect(checksum(nearest.labels) == entry.nearest, "nearest \(entry.source) to \(entry.target)")
      let repeated = image.resizedNearest(width: entry.target.0, height: entry.target.1)
      #expect(repeated.pixels.indices.allSatisfy { $0 % 3 != 0 || repeated.pixels[$0] == nearest.labels[$0 / 3] })
    }
  }

  @Test func aWindowIsAPartOfTheWhole() {
    let image = pattern(40, 30)
    for (width, height) in [(17, 13), (95, 64), (40, 30), (40, 11)] {
      let whole = image.resized(width: width, height: height)
      let part = image.resized(width: width, height: height, columns: 3..<12, rows: 2..<9)
      #expect(part.width == 9 && part.height == 7)
      for y in 0..<7 {
        for x in 0..<9 { #expect(part[x, y] == whole[x + 3, y + 2]) }
      }
    }
    var labels = LabelImage(width: 40, height: 30)
    for index in labels.labels.indices { labels.labels[index] = UInt8(index % 251) }
    let whole = labels.resized(width: 61, height: 23)
    let part = labels.resized(width: 61, height: 23, columns: 50..<61, rows: 0..<4)
    #expect(part[10, 3] == whole[60, 3] && part[0, 0] == whole[50, 0])
  }

  @Test func theSameSizeChangesNothing() {
    let image = pattern(12, 9)
    #expect(image.resized(width: 12, height: 9) == image)
    #expect(RGBImage(width: 0, height: 0).resized(width: 3, height: 2) == RGBImage(width: 3, height: 2))
  }

  @Test func drawing() {
    var image = RGBImage(width: 6, height: 4, fill: .white)
    image.fill(x: -3..<2, y: 3..<99, with: RGBColour(1, 2, 3))
    #expect(image[0, 3] == RGBColour(1, 2, 3) && image[1, 3] == RGBColour(1, 2, 3) && image[2, 3] == .white && image[0, 2] == .white)
    image.paste(pattern(3, 3), x: 4, y: -1)
    #expect(image[4, 0] == pattern(3, 3)[0, 1] && image[5, 1] == pattern(3, 3)[1, 2] && image[3, 0] == .white)
    image.paste(pattern(2, 2), x: -9, y: 0)
    image.paste(pattern(2, 2), x: 0, y: 9)
    let before = image
    image.outline(x: 0..<0, y: 0..<1, with: RGBColour(1, 2, 3))
    #expect(image == before)
    let labels = LabelImage(width: 3, height: 1, fill: 0)
    var changed = labels
    changed[1, 0] = 1
    changed[2, 0] = 255
    let picture = changed.colourized(palette: [RGBColour(5, 5, 5), RGBColour(6, 6, 6)], ignored: RGBColour(7, 7, 7))
    #expect(picture.pixels == [5, 5, 5, 6, 6, 6, 7, 7, 7])
    #expect(RGBColour(hexadecimal: "#0a64ff") == RGBColour(10, 100, 255))
    #expect(RGBColour(10, 100, 255).hexadecimal == "#0a64ff")
    #expect(RGBColour(hexadecimal: "#0a64f") == nil && RGBColour(hexadecimal: "+12345") == nil)
    #expect(Set((0..<40).map(RGBColour.distinct)).count == 40)
  }
}
