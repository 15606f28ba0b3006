import Foundation
import Images
import Tensors
import Testing

/// The pattern of Oracle/make_resize_numbers.py.
func pattern(_ width: Int, _ height: Int) -> RGBImage {
  var image = RGBImage(width: width, height: height)
  for y in 0..<height {
    for x in 0..<width {
      for c in 0..<3 { image.pixels[3 * (y * width + x) + c] = UInt8((x * 37 + y * 91 + c * 53 + x * y * 7) % 256) }
    }
  }
  return image
}

func checksum(_ bytes: [UInt8]) -> UInt32 {
  bytes.reduce(0) { $0 &* 31 &+ UInt32($1) }
}

/// A PNG put together by hand: header, chunks with checksums, and an end mark.
enum HandmadePNG {
  static func file(width: UInt32, height: UInt32, depth: UInt8, colourType: UInt8, palette: [UInt8] = [], rows: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    bytes += chunk("IHDR", big(width) + big(height) + [depth, colourType, 0, 0, 0])
    if !palette.isEmpty { bytes += chunk("PLTE", palette) }
    bytes += chunk("IDAT", stored(rows))
    return bytes + chunk("IEND", [])
  }

  private static func big(_ value: UInt32) -> [UInt8] {
    [
      UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16), UInt8(truncatingIfNeeded: value >> 8),
      UInt8(truncatingIfNeeded: value),
    ]
  }

  private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + content
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in body {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return big(UInt32(content.count)) + body + big(~crc)
  }

  /// A zlib stream of one stored block.
  private static func stored(_ content: [UInt8]) -> [UInt8] {
    let count = UInt16(content.count)
    var a: UInt32 = 1
    var b: UInt32 = 0
    for byte in content {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    let length = [UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)]
    return [0x78, 0x01, 0x01] + length + length.map { ~$0 } + content + big(b << 16 | a)
  }
}
