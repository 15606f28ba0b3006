import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Orientation, depth and label numbers, over drawn members of each kind: exact, or refused with the file's name.
@Suite struct ImageKindTests {
  private func random(_ kind: Int, _ member: Int) -> CounterRandom {
    CounterRandom(seed: 11, purpose: .testing, epoch: kind, sample: member)
  }

  /// An upright image stored with an orientation, as a PNG.
  private func stored(_ upright: RGBImage, _ orientation: Int) -> ComposedPNG {
    let swaps = orientation >= 5 && orientation <= 8
    var png = ComposedPNG(
      width: swaps ? upright.height : upright.width, height: swaps ? upright.width : upright.height, depth: 8, colourType: 2)
    png.samples = [Int](repeating: 0, count: 3 * png.width * png.height)
    for y in 0..<upright.height {
      for x in 0..<upright.width {
        let place = EXIF.stored(x, y, uprightWidth: upright.width, uprightHeight: upright.height, orientation: orientation)
        for channel in 0..<3 {
          png.samples[3 * (place.y * png.width + place.x) + channel] = Int(upright.pixels[3 * (y * upright.width + x) + channel])
        }
      }
    }
    return png
  }

  @Test func twoHundredOrientations() throws {
    for member in 0..<200 {
      let random = random(1, member)
      let orientation = random.integer(0, below: 10)
      let upright = pattern(1 + random.integer(1, below: 30), 1 + random.integer(2, below: 30))
      let exif = EXIF.orientation(orientation, isBigEndian: member % 2 == 0, padding: random.integer(3, below: 6))
      var png = stored(upright, orientation)
      // Before the pixels, behind them, with JPEG's mark in front, or with a checksum that is wrong and counts for nothing.
      switch member % 4 {
      case 0: png.chunks = [("eXIf", exif)]
      case 1: png.trailingChunks = [("eXIf", exif)]
      default: png.chunks = [("gAMA", [0, 0, 0xB1, 0x8F]), ("eXIf", exif)]
      }
      let image = try RGBImage(decoding: png.bytes, name: "drawn")
      #expect(image == upright, "member \(member), orientation \(orientation)")
      #expect(try ImageFile(decoding: png.bytes, name: "drawn").orientation.rawValue == ((1...8).contains(orientation) ? orientation : 1))

      let jpeg = try pattern(png.width, png.height).jpeg()
      let plain = try RGBImage(decoding: jpeg, name: "plain")
      var tagged = EXIF.adding(exif, to: jpeg)
      // A second image behind the first, as in MPO files, and another APP segment before EXIF.
      if member % 3 == 0 { tagged += EXIF.adding(EXIF.orientation(1 + member % 8, isBigEndian: true), to: jpeg) }
      if member % 5 == 0 { tagged = tagged[0..<2] + [0xFF, 0xE0, 0, 4, 1, 2] + tagged[2...] }
      let turned = try RGBImage(decoding: tagged, name: "tagged")
      for y in 0..<turned.height {
        for x in 0..<turned.width {
          let place = EXIF.stored(x, y, uprightWidth: turned.width, uprightHeight: turned.height, orientation: orientation)
          if turned[x, y] != plain[place.x, place.y] { Issue.record("member \(member), orientation \(orientation) at \(x), \(y)") }
        }
      }
      try withTemporaryDirectory { folder in
        try Data(tagged).write(to: URL(fileURLWithPath: "\(folder)/a.jpg"))
        #expect(try ImageSize(contentsOf: "\(folder)/a.jpg") == ImageSize(width: turned.width, height: turned.height))
      }
    }
  }

  @Test func damagedEXIFCountsAsNone() throws {
    let image = pattern(6, 4)
    let exif = EXIF.orientation(6, isBigEndian: false)
    for length in 0..<exif.count - 4 {
      var cut = ComposedPNG(width: 6, height: 4, depth: 8, colourType: 2)
      cut.samples = image.pixels.map(Int.init)
      cut.chunks = [("eXIf", Array(exif[0..<length]))]
      if let read = try? RGBImage(decoding: cut.bytes, name: "cut") { #expect(read.width * read.height == 24) }
    }
    let jpeg = try image.jpeg()
    for place in exif.indices {
      var damaged = exif
      damaged[place] ^= 0xFF
      let read = try RGBImage(decoding: EXIF.adding(damaged, to: jpeg), name: "damaged")
      #expect(read.width * read.height == 24)
    }
  }

  @Test func twoHundredDeepImages() throws {
    var refused = 0
    for member in 0..<200 {
      let random = random(2, member)
      let bits = 8 + random.integer(0, below: 9)
      let offset = bits < 16 && member % 3 == 0 ? random.integer(1, below: 65536 - (1 << bits)) : 0
      var png = ComposedPNG(
        width: 1 + random.integer(2, below: 20), height: 2 + random.integer(3, below: 20), depth: 16, colourType: [0, 2, 4, 6][member % 4])
      png.isInterlaced = member % 5 == 0
      let isColour = { (index: Int) in png.channels % 2 == 1 || index % png.channels != png.channels - 1 }
      png.samples = (0..<png.channels * png.width * png.height).map {
        isColour($0) ? offset + random.integer(100 + $0, below: 1 << bits) : random.integer(100 + $0, below: 65536)
      }
      let colours = png.samples.indices.filter(isColour).map { png.samples[$0] }
      let (least, greatest) = (colours.min() ?? 0, colours.max() ?? 0)
      let error = longtailError { try RGBImage(decoding: png.bytes, name: "deep.png") }
      #expect(error?.code == .badData && error?.message.contains("deep.png") == true, "member \(member)")
      #expect(error?.message.contains("from \(least) to \(greatest)") == true, "member \(member)")
      #expect(error?.advice?.contains("data.range") == true)
      refused += error == nil ? 0 : 1
      guard let range = SampleRange(low: least, high: greatest) else { continue }
      let image = try RGBImage(decoding: png.bytes, name: "deep.png", range: range)
      for pixel in 0..<png.width * png.height {
        for channel in 0..<3 {
          let sample = png.samples[pixel * png.channels + (png.channels < 3 ? 0 : channel)]
          let wanted = (255 * Double(sample - least) / Double(greatest - least)).rounded()
          if Double(image.pixels[3 * pixel + channel]) != wanted { Issue.record("member \(member): \(sample) in \(range)") }
        }
      }
      let surveyed = try #require(try ImageFile(decoding: png.bytes, name: "deep.png", range: range).deep)
      #expect(surveyed.least == least && surveyed.greatest == greatest && surveyed.count == colours.count)
      #expect(surveyed.countBeyondRange == 0 && surveyed.bins.reduce(0, +) == colours.count)
    }
    print("deep images: 200 drawn, \(refused) refused without a range, all exact with one")
  }

  @Test func sixteenBitsThatEightHoldNeedNoRange() throws {
    for factor in [256, 257] {
      var png = ComposedPNG(width: 16, height: 16, depth: 16, colourType: 0)
      png.samples = (0..<256).map { $0 * factor }
      #expect(try RGBImage(decoding: png.bytes, name: "wide").pixels == (0..<256).flatMap { [UInt8($0), UInt8($0), UInt8($0)] })
      png.samples[3] += 1
      #expect(longtailError { try RGBImage(decoding: png.bytes, name: "wide") }?.code == .badData)
    }
  }

  @Test func twoHundredLabelFiles() throws {
    var refused = 0
    for member in 0..<200 {
      let random = random(3, member)
      let (colourType, depth) = ComposedPNG.kinds[member % ComposedPNG.kinds.count]
      var png = ComposedPNG(
        width: 1 + random.integer(0, below: 20), height: 1 + random.integer(1, below: 20), depth: depth, colourType: colourType)
      png.isInterlaced = random.integer(2, below: 2) == 0
      let bound = depth == 16 ? [256, 300, 65536][random.integer(3, below: 3)] : 1 << depth
      let opaque = random.integer(4, below: 3) > 0
      png.samples = (0..<png.channels * png.width * png.height).map { index in
        let isAlpha = png.channels % 2 == 0 && index % png.channels == png.channels - 1
        return isAlpha && opaque ? (1 << depth) - 1 : random.integer(100 + index, below: bound)
      }
      if colourType == 3 { png.palette = (0..<3 << depth).map { UInt8(random.integer(20000 + $0, below: 256)) } }
      let numbers = stride(from: 0, to: png.samples.count, by: png.channels).map { png.samples[$0] }
      let alphas = png.channels == 2 ? stride(from: 1, to: png.samples.count, by: 2).map { png.samples[$0] } : []
      do {
        let labels = try LabelImage(decoding: png.bytes, name: "labels.png")
        #expect(labels.labels.map(Int.init) == numbers, "member \(member)")
        #expect(alphas.allSatisfy { $0 == (1 << depth) - 1 } && [0, 3, 4].contains(colourType), "member \(member)")
      } catch let error as LongtailError {
        refused += 1
        #expect(error.code == .badData && error.message.hasPrefix("labels.png: ") && error.advice != nil, "\(error)")
        let mayRefuse = colourType == 2 || colourType == 6 || numbers.contains { $0 > 255 } || !alphas.allSatisfy { $0 == (1 << depth) - 1 }
        #expect(mayRefuse, "member \(member): \(error)")
        if colourType == 0 { #expect(error.message.contains("labels of 16 bits may only go to 255")) }
        if colourType == 4, !error.message.contains("16 bits") { #expect(error.message.contains("grey with alpha")) }
      }
    }
    print("label files: 200 drawn, \(refused) refused, the others exact")
  }

  @Test func labelColoursAreExactOrRefused() throws {
    let code = ColourCode([RGBColour(1, 2, 3): 0, RGBColour(200, 100, 50): 1])
    try withTemporaryDirectory { folder in
      func read(_ png: ComposedPNG) throws -> LabelImage.Decoded {
        try Data(png.bytes).write(to: URL(fileURLWithPath: "\(folder)/a.png"))
        return try LabelImage.decoded(contentsOf: "\(folder)/a.png", by: code)
      }
      var png = ComposedPNG(width: 2, height: 1, depth: 16, colourType: 2)
      png.samples = [1, 2, 3, 200, 100, 50].map { $0 * 257 }
      let pngLabels = try read(png).labels
      #expect(pngLabels.labels == [0, 1])
      png.samples[1] += 1
      #expect(longtailError { try read(png) }?.message.contains("a.png: labels whose colours have 16 bits") == true)
      var short = ComposedPNG(width: 3, height: 1, depth: 8, colourType: 3)
      short.palette = [1, 2, 3, 200, 100, 50]
      short.samples = [1, 0, 1]
      let shortLabels = try read(short).labels
      #expect(shortLabels.labels == [1, 0, 1])
      short.samples[2] = 255
      #expect(longtailError { try read(short) }?.message.contains("number 255 at 1 pixels has no colour") == true)
      var turned = ComposedPNG(width: 2, height: 1, depth: 8, colourType: 2)
      turned.samples = [1, 2, 3, 200, 100, 50]
      turned.chunks = [("eXIf", EXIF.orientation(3, isBigEndian: true))]
      let turnedLabels = try read(turned).labels
      #expect(turnedLabels.labels == [1, 0])
    }
  }

  @Test func contentTellsImagesApartAndMetadataDoNot() throws {
    var png = ComposedPNG(width: 9, height: 7, depth: 8, colourType: 2)
    png.samples = pattern(9, 7).pixels.map(Int.init)
    let first = try ImageFile(decoding: png.bytes, name: "a").digest
    var other = png
    other.isInterlaced = true
    other.trailingChunks = [("tEXt", Array("Comment\0taken elsewhere".utf8))]
    #expect(try ImageFile(decoding: other.bytes, name: "b").digest == first)
    #expect(try ImageFile(decoding: stored(pattern(9, 7), 3).bytes, name: "c").digest != first)
    var turned = stored(pattern(9, 7), 6)
    turned.chunks = [("eXIf", EXIF.orientation(6, isBigEndian: true))]
    #expect(try ImageFile(decoding: turned.bytes, name: "d").digest == first)
    var seen = Set([first])
    for index in png.samples.indices {
      var changed = png
      changed.samples[index] ^= 1
      #expect(seen.insert(try ImageFile(decoding: changed.bytes, name: "e").digest).inserted, "sample \(index)")
    }
  }
}
