/// A colour of 8 bits a channel, as screens show it.
public struct RGBColour: Sendable, Hashable, Codable {
  /// Red, 0 to 255.
  public var red: UInt8
  /// Green, 0 to 255.
  public var green: UInt8
  /// Blue, 0 to 255.
  public var blue: UInt8

  /// Black.
  public static let black = RGBColour(0, 0, 0)
  /// White.
  public static let white = RGBColour(255, 255, 255)

  /// Mixes a colour from its channels.
  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Reads `#RRGGBB`, with or without the sign; nil for anything else.
  public init?(hexadecimal text: String) {
    let digits = text.hasPrefix("#") ? text.dropFirst() : Substring(text)
    guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit), let number = UInt32(digits, radix: 16) else { return nil }
    self.init(
      UInt8(truncatingIfNeeded: number >> 16), UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number))
  }

  /// The colour as `#rrggbb`.
  public var hexadecimal: String {
    let digits = Array("0123456789abcdef")
    return [red, green, blue].reduce(into: "#") { text, channel in
      text.append(digits[Int(channel >> 4)])
      text.append(digits[Int(channel & 15)])
    }
  }

  /// A colour for the class of this index where a data set names none: hues a golden angle apart, at alternating brightness.
  public static func distinct(_ index: Int) -> RGBColour {
    let hue = (Double(index) * 0.618_033_988_749_895 + 0.02).truncatingRemainder(dividingBy: 1) * 6
    let value = [0.92, 0.68, 0.8][((index % 3) + 3) % 3]
    let saturation = 0.7
    let channels = [5.0, 3.0, 1.0].map { shift -> UInt8 in
      let k = (shift + hue).truncatingRemainder(dividingBy: 6)
      let part = max(0, min(k, 4 - k, 1))
      return UInt8((value - value * saturation * part) * 255)
    }
    return RGBColour(channels[0], channels[1], channels[2])
  }
}
