/// A PNG put together sample by sample: every colour type, depth and order of rows, so that what a decoder should give is known without one.
public struct ComposedPNG: Sendable {
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int
  /// Bits of a sample.
  public var depth: Int
  /// 0 grey, 2 red green blue, 3 palette, 4 grey with alpha, 6 red green blue with alpha.
  public var colourType: Int
  /// Whether rows come in the seven passes of Adam7.
  public var isInterlaced = false
  /// Red, green, blue of each entry.
  public var palette: [UInt8] = []
  /// The content of a `tRNS` chunk.
  public var transparency: [UInt8] = []
  /// Chunks between header and pixels, by their type.
  public var chunks: [(type: String, content: [UInt8])] = []
  /// Chunks behind the pixels.
  public var trailingChunks: [(type: String, content: [UInt8])] = []
  /// `channels * width * height` numbers below 2 to the power of `depth`.
  public var samples: [Int] = []

  /// An image without samples yet.
  public init(width: Int, height: Int, depth: Int, colourType: Int) {
    (self.width, self.height, self.depth, self.colourType) = (width, height, depth, colourType)
  }

  /// Samples of a pixel.
  public var channels: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colourType] ?? 1 }

  /// Every pair of a colour type and a depth that the standard allows.
  public static let kinds: [(colourType: Int, depth: Int)] =
    [1, 2, 4, 8, 16].map { (0, $0) } + [8, 16].map { (2, $0) } + [1, 2, 4, 8].map { (3, $0) } + [8, 16].flatMap { [(4, $0), (6, $0)] }

  /// What 8-bit decoding gives: red, green, blue of each pixel, alpha dropped. Samples of 16 bits must be multiples of 257.
  public var rgb: [UInt8] {
    var result: [UInt8] = []
    for pixel in 0..<width * height {
      let own = samples[channels * pixel..<channels * (pixel + 1)].map { sample in
        depth == 16 ? UInt8(sample >> 8) : UInt8(colourType == 3 ? sample : sample * 255 / ((1 << depth) - 1))
      }
      switch colourType {
      case 0, 4: result += [own[0], own[0], own[0]]
      case 3:
        let entry = 3 * Int(own[0])
        result += entry + 3 <= palette.count ? palette[entry..<entry + 3] : [0, 0, 0]
      default: result += own[0..<3]
      }
    }
    return result
  }

  /// The file.
  public var bytes: [UInt8] {
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    file += ComposedPNG.chunk(
      "IHDR", ComposedPNG.big(width) + ComposedPNG.big(height) + [UInt8(depth), UInt8(colourType), 0, 0, isInterlaced ? 1 : 0])
    if !palette.isEmpty { file += ComposedPNG.chunk("PLTE", palette) }
    if !transparency.isEmpty { file += ComposedPNG.chunk("tRNS", transparency) }
    for (type, content) in chunks { file += ComposedPNG.chunk(type, content) }
    file += ComposedPNG.chunk("IDAT", ComposedPNG.stored(rows))
    for (type, content) in trailingChunks { file += ComposedPNG.chunk(type, content) }
    return file + ComposedPNG.chunk("IEND", [])
  }

  private var rows: [UInt8] {
    let passes: [(x: Int, y: Int, dx: Int, dy: Int)] =
      isInterlaced
      ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] : [(0, 0, 1, 1)]
    var bytes: [UInt8] = []
    for pass in passes {
      for y in stride(from: pass.y, to: height, by: pass.dy) where pass.x < width {
        // No filter.
        bytes.append(0)
        var (word, bits) = (0, 0)
        for x in stride(from: pass.x, to: width, by: pass.dx) {
          for channel in 0..<channels {
            let sample = samples[channels * (y * width + x) + channel]
            if depth == 16 { bytes += [UInt8(sample >> 8), UInt8(sample & 255)] }
            if depth == 16 { continue }
            word = word << depth | sample
            bits += depth
            if bits == 8 {
              bytes.append(UInt8(word))
              (word, bits) = (0, 0)
            }
          }
        }
        if bits > 0 { bytes.append(UInt8(word << (8 - bits))) }
      }
    }
    return bytes
  }

  private static func big(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

  /// A chunk with length and checksum.
  public static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + content
    var remainder: UInt32 = 0xFFFF_FFFF
    for byte in body {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
    }
    return big(content.count) + body + big(Int(~remainder))
  }

  /// A zlib stream of stored blocks.
  private static func stored(_ content: [UInt8]) -> [UInt8] {
    var (a, b): (Int, Int) = (1, 0)
    for byte in content {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    var stream: [UInt8] = [0x78, 0x01]
    var place = 0
    repeat {
      let part = content[place..<min(content.count, place + 65535)]
      place += part.count
      let length = [UInt8(part.count & 255), UInt8(part.count >> 8)]
      stream += [place == content.count ? 1 : 0] + length + length.map { ~$0 } + part
    } while place < content.count
    return stream + big(b << 16 | a)
  }
}

/// EXIF data with the tag Orientation, and where files hold them.
public enum EXIF {
  /// A TIFF header and one directory, as `eXIf` chunks hold it.
  /// - Parameter padding: entries before the tag.
  public static func orientation(_ number: Int, isBigEndian: Bool, padding: Int = 0) -> [UInt8] {
    func value(_ number: Int, _ count: Int) -> [UInt8] {
      let big = (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * (count - 1 - $0))) }
      return isBigEndian ? big : big.reversed()
    }
    var bytes = Array((isBigEndian ? "MM" : "II").utf8) + value(42, 2) + value(8, 4) + value(padding + 1, 2)
    for entry in 0..<padding { bytes += value(0x0100 + entry, 2) + value(4, 2) + value(1, 4) + value(77, 4) }
    bytes += value(0x0112, 2) + value(3, 2) + value(1, 4) + value(number, 2) + [0, 0]
    return bytes + value(0, 4)
  }

  /// A JPEG with EXIF data behind its first marker.
  public static func adding(_ exif: [UInt8], to jpeg: [UInt8]) -> [UInt8] {
    let content = Array("Exif\0\0".utf8) + exif
    let length = content.count + 2
    return jpeg[0..<2] + [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + content + jpeg[2...]
  }

  /// Where a pixel of the upright image lies in one that is stored with an orientation, by the standard's table: what row 0 and column 0 are.
  public static func stored(_ x: Int, _ y: Int, uprightWidth: Int, uprightHeight: Int, orientation: Int) -> (x: Int, y: Int) {
    let (right, bottom) = (uprightWidth - 1, uprightHeight - 1)
    switch orientation {
    case 2: return (right - x, y)
    case 3: return (right - x, bottom - y)
    case 4: return (x, bottom - y)
    case 5: return (y, x)
    case 6: return (y, right - x)
    case 7: return (bottom - y, right - x)
    case 8: return (bottom - y, x)
    default: return (x, y)
    }
  }
}
