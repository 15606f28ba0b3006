extension ImageOrientation {
  /// Reads the tag of a PNG or JPEG file. Reads each of its chunks or markers; nothing is decoded.
  ///
  /// Damaged EXIF data count as none, as in viewers.
  /// - Parameter bytes: the whole file.
  public init(of bytes: [UInt8], format: ImageFormat) {
    let found = bytes.withUnsafeBytes { raw in
      switch format {
      case .png: ImageOrientation.ofPNG(raw)
      case .jpeg: ImageOrientation.ofJPEG(raw)
      }
    }
    self = found ?? .upright
  }

  /// Looks through the markers up to the first scan for an APP1 with EXIF.
  private static func ofJPEG(_ bytes: UnsafeRawBufferPointer) -> ImageOrientation? {
    var place = 2
    while place + 4 <= bytes.count {
      let marker = bytes[place + 1]
      // Stray bytes and fill bytes between markers are allowed for, as the decoder does.
      guard bytes[place] == 0xFF, marker != 0xFF, marker != 0 else {
        place += 1
        continue
      }
      switch marker {
      case 0xDA, 0xD9: return nil
      case 0x01, 0xD0...0xD8: place += 2
      default:
        let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
        guard length >= 2, place + 2 + length <= bytes.count else { return nil }
        let content = UnsafeRawBufferPointer(rebasing: bytes[place + 4..<place + 2 + length])
        if marker == 0xE1, content.starts(with: exifMark), let found = ofEXIF(content) { return found }
        place += 2 + length
      }
    }
    return nil
  }

  /// Looks through the chunks for `eXIf`, which may come behind the pixels too; one whose checksum is wrong counts for nothing.
  private static func ofPNG(_ bytes: UnsafeRawBufferPointer) -> ImageOrientation? {
    var place = 8
    while place + 12 <= bytes.count {
      let length = Int(number(bytes, place, bytes: 4, isBigEndian: true))
      guard length <= bytes.count - place - 12 else { return nil }
      let type = bytes[place + 4..<place + 8]
      if type.elementsEqual("eXIf".utf8) {
        let body = bytes[place + 4..<place + 8 + length]
        let checksum = number(bytes, place + 8 + length, bytes: 4, isBigEndian: true)
        guard checksum == cyclicRedundancyCheck(body) else { return nil }
        return ofEXIF(UnsafeRawBufferPointer(rebasing: body.dropFirst(4)))
      }
      if type.elementsEqual("IEND".utf8) { return nil }
      place += 12 + length
    }
    return nil
  }

  /// What EXIF begins with in a JPEG, but for a sixth byte; some writers of PNGs keep it.
  private static let exifMark = [UInt8]("Exif\0".utf8)

  /// Looks through the first directory of EXIF data, which is a TIFF file.
  private static func ofEXIF(_ content: UnsafeRawBufferPointer) -> ImageOrientation? {
    let start = content.starts(with: exifMark) ? 6 : 0
    guard content.count >= start + 8 else { return nil }
    let tiff = UnsafeRawBufferPointer(rebasing: content[start...])
    let isBigEndian: Bool
    switch (tiff[0], tiff[1]) {
    case (0x4D, 0x4D): isBigEndian = true
    case (0x49, 0x49): isBigEndian = false
    default: return nil
    }
    let directory = Int(number(tiff, 4, bytes: 4, isBigEndian: isBigEndian))
    guard directory >= 8, directory <= tiff.count - 2 else { return nil }
    let entries = Int(number(tiff, directory, bytes: 2, isBigEndian: isBigEndian))
    for entry in 0..<entries {
      let place = directory + 2 + 12 * entry
      guard place + 12 <= tiff.count else { return nil }
      guard number(tiff, place, bytes: 2, isBigEndian: isBigEndian) == 0x0112 else { continue }
      // The standard asks for a SHORT; BYTE and LONG are seen as well.
      let sizes: [UInt32: Int] = [1: 1, 3: 2, 4: 4]
      guard let size = sizes[number(tiff, place + 2, bytes: 2, isBigEndian: isBigEndian)] else { return nil }
      return ImageOrientation(rawValue: Int(number(tiff, place + 8, bytes: size, isBigEndian: isBigEndian)))
    }
    return nil
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, _ place: Int, bytes count: Int, isBigEndian: Bool) -> UInt32 {
    (0..<count).reduce(0) { value, index in
      value << 8 | UInt32(bytes[place + (isBigEndian ? index : count - 1 - index)])
    }
  }

  /// The checksum of PNG's chunks (ISO 3309).
  private static func cyclicRedundancyCheck(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt32 {
    var remainder: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
    }
    return ~remainder
  }
}
