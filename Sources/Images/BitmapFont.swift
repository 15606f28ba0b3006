/// Letters of 5 by 7 pixels for legends and captions: printable ASCII; anything else shows as `?`.
public enum BitmapFont {
  /// Columns of a letter, without the gap behind it.
  public static let glyphWidth = 5
  /// Rows of a letter.
  public static let glyphHeight = 7
  /// Columns from one letter to the next.
  public static let advance = 6

  // Seven digits to base 32 a letter, one digit a row from the top; its highest bit is the leftmost of the five pixels.
  private static let glyphs = Array(
    """
    0000000 4444404 aaa0000 aavavaa 4fke5u4 op248j3 cik8lid 4480000 2488842 8422248 04lel40 044v440 0000448 000v000 00000cc 11248gg \
    ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he 68guhhe v124888 ehhehhe ehhf12c 0cc0cc0 0cc0c48 248g842 00v0v00 8421248 eh12404 \
    ehnlnge ehhvhhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e 72222ic hikokih ggggggv hrllhhh hhpljhh ehhhhhe \
    uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 hhhllla hha4ahh hhha444 v1248gv e88888e gg84211 e22222e 4ah0000 000000v \
    8420000 00e1fhf ggmphhu 00egghe 11djhhf 00ehvge 698s888 0fhhf1e ggmphhh 40c444e 20622ic ggikoki c44444e 00qllhh 00mphhh 00ehhhe \
    00uhugg 00djf11 00mpggg 00ege1u 88s8896 00hhhjd 00hhha4 00hhlla 00ha4ah 00hhf1e 00v248v 2448442 4444444 8442448 008l200
    """.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") })

  /// The seven rows of a letter, from the top; bit 4 is the leftmost pixel.
  public static func rows(of character: Character) -> [UInt8] {
    let code = character.asciiValue.map(Int.init) ?? 63
    let place = (32...126).contains(code) ? code - 32 : 31
    return (0..<glyphHeight).map { row in
      let digit = glyphs[place * glyphHeight + row]
      return digit >= UInt8(ascii: "a") ? digit - UInt8(ascii: "a") + 10 : digit - UInt8(ascii: "0")
    }
  }

  /// Pixels from the left edge of a text to the right one.
  public static func width(of text: String, scale: Int = 1) -> Int {
    max(text.count * advance - 1, 0) * scale
  }

  /// The beginning of a text that fits into this many pixels; a shortened one ends in `..`.
  public static func fitted(_ text: String, width: Int, scale: Int = 1) -> String {
    if self.width(of: text, scale: scale) <= width { return text }
    let letters = (width / max(scale, 1) + 1) / advance
    return letters < 3 ? String(text.prefix(max(letters, 0))) : text.prefix(letters - 2) + ".."
  }
}

extension RGBImage {
  /// Draws a text with its upper left corner at (x, y); what lies outside the image is left out.
  /// - Parameter scale: pixels of the image along each side of a letter's pixel.
  public mutating func draw(_ text: String, x: Int, y: Int, colour: RGBColour, scale: Int = 1) {
    let scale = max(scale, 1)
    var left = x
    for character in text {
      for (row, bits) in BitmapFont.rows(of: character).enumerated() {
        for column in 0..<BitmapFont.glyphWidth where bits >> UInt8(BitmapFont.glyphWidth - 1 - column) & 1 == 1 {
          let (pixelX, pixelY) = (left + column * scale, y + row * scale)
          fill(x: pixelX..<pixelX + scale, y: pixelY..<pixelY + scale, with: colour)
        }
      }
      left += BitmapFont.advance * scale
    }
  }
}
