import CImageFormats
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// What decoded pixels are does not depend on what was in memory before, nor on the order of rows, the depth or the colour type.
@Suite struct DecodingMatrixTests {
  private static let fills: [UInt8] = [0x00, 0xA5, 0xFF]

  /// Every colour type and depth, interlaced and not, at odd sizes, with palettes that are full or short, with and without transparency.
  static func matrix() -> [ComposedPNG] {
    var all: [ComposedPNG] = []
    let sizes = [(1, 1), (2, 3), (5, 1), (1, 9), (7, 5), (8, 8), (9, 17), (33, 12), (61, 48)]
    for (colourType, depth) in ComposedPNG.kinds {
      for isInterlaced in [false, true] {
        for (width, height) in sizes {
          for variant in 0..<(colourType == 3 ? 3 : colourType < 3 ? 2 : 1) {
            let random = CounterRandom(seed: 7, purpose: .testing, epoch: 100 * depth + colourType, sample: 100 * width + height)
            var png = ComposedPNG(width: width, height: height, depth: depth, colourType: colourType)
            png.isInterlaced = isInterlaced
            let entries = colourType == 3 ? (variant == 1 ? max(1, (1 << depth) * 2 / 3) : 1 << depth) : 1 << min(8, depth)
            png.samples = (0..<png.channels * width * height).map { index in
              depth == 16 ? 257 * random.integer(index, below: 256) : random.integer(index, below: entries)
            }
            if colourType == 3 { png.palette = (0..<3 * entries).map { UInt8(random.integer(9000 + $0, below: 256)) } }
            if variant == 2 { png.transparency = (0..<entries).map { UInt8($0 * 37 % 256) } }
            if colourType != 3, variant == 1 { png.transparency = [UInt8](repeating: 0, count: colourType == 0 ? 2 : 6) }
            all.append(png)
          }
        }
      }
    }
    return all
  }

  @Test func pngPixelsAreThoseOfTheFile() throws {
    let all = Self.matrix()
    #expect(all.count > 300)
    for png in all {
      let name = "type \(png.colourType), \(png.depth) bits, \(png.width) x \(png.height), interlaced \(png.isInterlaced)"
      let bytes = png.bytes
      #expect(try RGBImage(decoding: bytes, name: name).pixels == png.rgb, "\(name)")
      for layout in [PNGDecoder.Layout.rgb, .asStored] {
        let decoded = try Self.fills.map { fill in
          try PNGDecoder.withDecoder(bytes, name: name) { decoder in
            var memory = [UInt8](repeating: fill, count: try decoder.byteCount(layout))
            try memory.withUnsafeMutableBufferPointer { try decoder.decode(layout, into: $0) }
            return memory
          }
        }
        #expect(decoded.allSatisfy { $0 == decoded[0] }, "\(name): depends on what was in memory")
        if layout == .rgb, png.depth < 16 { #expect(decoded[0] == png.rgb, "\(name)") }
      }
      if [0, 3].contains(png.colourType), png.depth < 16 {
        #expect(try LabelImage(decoding: bytes, name: name).labels.map(Int.init) == png.samples, "\(name)")
      }
    }
    print("PNG matrix: \(all.count) files in 2 layouts and 3 states of memory")
  }

  /// Grey, all subsamplings, progressive, with restart markers, at odd sizes.
  static func jpegs() throws -> [(name: String, bytes: [UInt8])] {
    let samplings: [(String, TJSAMP)] = [
      ("444", TJSAMP_444), ("422", TJSAMP_422), ("420", TJSAMP_420), ("440", TJSAMP_440), ("411", TJSAMP_411), ("grey", TJSAMP_GRAY),
    ]
    var all: [(name: String, bytes: [UInt8])] = []
    for (name, sampling) in samplings {
      for (width, height) in [(1, 1), (7, 5), (16, 16), (17, 33), (61, 45)] {
        for (kind, flags) in [("baseline", 0), ("progressive", TJFLAG_PROGRESSIVE)] {
          let bytes = try jpeg(pattern(width, height), sampling, Int32(flags))
          all.append(("\(name)-\(kind)-\(width)x\(height)", bytes))
          // The encoder takes this one from the environment.
          setenv("TJ_RESTART", "1B", 1)
          defer { unsetenv("TJ_RESTART") }
          all.append(("\(name)-\(kind)-restart-\(width)x\(height)", try jpeg(pattern(width, height), sampling, Int32(flags))))
        }
      }
    }
    return all
  }

  private static func jpeg(_ image: RGBImage, _ sampling: TJSAMP, _ flags: Int32) throws -> [UInt8] {
    let handle = try #require(tjInitCompress())
    defer { tjDestroy(handle) }
    var buffer: UnsafeMutablePointer<UInt8>?
    var count: UInt = 0
    let status = tjCompress2(
      handle, image.pixels, Int32(image.width), 0, Int32(image.height), Int32(TJPF_RGB.rawValue), &buffer, &count,
      Int32(sampling.rawValue), 85, flags)
    let memory = try #require(status == 0 ? buffer : nil)
    defer { tjFree(memory) }
    return [UInt8](UnsafeBufferPointer(start: memory, count: Int(count)))
  }

  @Test func jpegPixelsDoNotDependOnMemory() throws {
    let all = try Self.jpegs()
    let restarts = all.filter { file in file.bytes.indices.dropLast().contains { file.bytes[$0] == 0xFF && file.bytes[$0 + 1] == 0xD0 } }
    // From some version of 3 on the library does not look at TJ_RESTART any more.
    if restarts.isEmpty { print("JPEG matrix: this libjpeg-turbo writes no restart markers; files with them are not tried") }
    #expect(restarts.isEmpty || restarts.count > 30)
    for (name, bytes) in all {
      let image = try RGBImage(decoding: bytes, name: name)
      for fill in Self.fills {
        var memory = [UInt8](repeating: fill, count: image.pixels.count)
        try memory.withUnsafeMutableBufferPointer {
          try JPEGDecoder.decode(bytes, name: name, width: image.width, height: image.height, into: $0)
        }
        #expect(memory == image.pixels, "\(name)")
      }
    }
    print("JPEG matrix: \(all.count) files in 3 states of memory")
  }

  /// The same files, and with all orientations, against Pillow.
  @Test func pixelsAreThoseOfPillow() throws {
    guard Python.has("PIL", "numpy") else { return print("SKIPPED pixelsAreThoseOfPillow: Python has no Pillow and numpy") }
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/compare_with_pillow.py").path
    try withTemporaryDirectory { folder in
      func write(_ name: String, _ bytes: [UInt8]) throws {
        let image = try RGBImage(decoding: bytes, name: name)
        try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        try Data(image.pixels).write(to: URL(fileURLWithPath: "\(folder)/\(name).\(image.width)x\(image.height).rgb"))
      }
      for (number, png) in Self.matrix().enumerated() where png.depth < 16 || png.colourType == 2 { try write("\(number).png", png.bytes) }
      for (name, bytes) in try Self.jpegs() { try write("\(name).jpg", bytes) }
      for orientation in 1...8 {
        let exif = EXIF.orientation(orientation, isBigEndian: orientation % 2 == 0)
        try write("o\(orientation).jpg", EXIF.adding(exif, to: pattern(23, 14).jpeg()))
        var png = ComposedPNG(width: 9, height: 5, depth: 8, colourType: 2)
        png.samples = pattern(9, 5).pixels.map(Int.init)
        png.chunks = [("eXIf", exif)]
        try write("o\(orientation).png", png.bytes)
      }
      let outcome = try Program(Python.interpreter ?? "python3", [script, folder]).wait()
      #expect(outcome.exitCode == 0, "\(outcome)")
      print("Pillow: \(outcome.output)")
    }
  }
}
