extension RGBImage {
  /// Size of one letter's cell, gap included, at scale 1.
  public static let letterSize = ImageSize(width: 6, height: 9)

  /// Writes a line of text in capitals of 5 x 7 points, for captions. Letters that the font lacks become small boxes.
  /// - Parameters:
  ///   - text: ASCII letters, digits and common signs.
  ///   - x: column of the upper left corner.
  ///   - y: row of the upper left corner.
  ///   - colour: of the letters; the ground stays.
  ///   - scale: pixels a point.
  public mutating func draw(_ text: String, x: Int, y: Int, colour: RGBColour, scale: Int = 1) {
    let scale = max(1, scale)
    for (position, letter) in text.uppercased().enumerated() where letter != " " {
      let rows = BitmapFont.rows(of: letter)
      for row in 0..<7 {
        for column in 0..<5 where rows[row] >> UInt8(4 - column) & 1 == 1 {
          let left = x + (position * RGBImage.letterSize.width + column) * scale
          let top = y + row * scale
          fill(x: left..<left + scale, y: top..<top + scale, with: colour)
        }
      }
    }
  }
}

/// The letters: seven rows of five points each, the leftmost in bit 4.
enum BitmapFont {
  static func rows(of letter: Character) -> [UInt8] {
    glyphs[letter] ?? [31, 17, 17, 17, 17, 17, 31]
  }

  private static let glyphs: [Character: [UInt8]] = [
    "A": [14, 17, 17, 31, 17, 17, 17], "B": [30, 17, 17, 30, 17, 17, 30], "C": [14, 17, 16, 16, 16, 17, 14],
    "D": [30, 17, 17, 17, 17, 17, 30], "E": [31, 16, 16, 30, 16, 16, 31], "F": [31, 16, 16, 30, 16, 16, 16],
    "G": [14, 17, 16, 23, 17, 17, 15], "H": [17, 17, 17, 31, 17, 17, 17], "I": [14, 4, 4, 4, 4, 4, 14],
    "J": [7, 2, 2, 2, 2, 18, 12], "K": [17, 18, 20, 24, 20, 18, 17], "L": [16, 16, 16, 16, 16, 16, 31],
    "M": [17, 27, 21, 21, 17, 17, 17], "N": [17, 25, 21, 21, 19, 17, 17], "O": [14, 17, 17, 17, 17, 17, 14],
    "P": [30, 17, 17, 30, 16, 16, 16], "Q": [14, 17, 17, 17, 21, 18, 13], "R": [30, 17, 17, 30, 20, 18, 17],
    "S": [15, 16, 16, 14, 1, 1, 30], "T": [31, 4, 4, 4, 4, 4, 4], "U": [17, 17, 17, 17, 17, 17, 14],
    "V": [17, 17, 17, 17, 17, 10, 4], "W": [17, 17, 17, 21, 21, 27, 17], "X": [17, 17, 10, 4, 10, 17, 17],
    "Y": [17, 17, 10, 4, 4, 4, 4], "Z": [31, 1, 2, 4, 8, 16, 31],
    "0": [14, 17, 19, 21, 25, 17, 14], "1": [4, 12, 4, 4, 4, 4, 14], "2": [14, 17, 1, 6, 8, 16, 31],
    "3": [30, 1, 1, 14, 1, 1, 30], "4": [2, 6, 10, 18, 31, 2, 2], "5": [31, 16, 30, 1, 1, 17, 14],
    "6": [6, 8, 16, 30, 17, 17, 14], "7": [31, 1, 2, 4, 8, 8, 8], "8": [14, 17, 17, 14, 17, 17, 14],
    "9": [14, 17, 17, 15, 1, 2, 12],
    ".": [0, 0, 0, 0, 0, 12, 12], ",": [0, 0, 0, 0, 12, 4, 8], ":": [0, 12, 12, 0, 12, 12, 0], ";": [0, 12, 12, 0, 12, 4, 8],
    "-": [0, 0, 0, 31, 0, 0, 0], "+": [0, 4, 4, 31, 4, 4, 0], "=": [0, 0, 31, 0, 31, 0, 0], "_": [0, 0, 0, 0, 0, 0, 31],
    "/": [1, 1, 2, 4, 8, 16, 16], "%": [24, 25, 2, 4, 8, 19, 3], "(": [2, 4, 8, 8, 8, 4, 2], ")": [8, 4, 2, 2, 2, 4, 8],
    "!": [4, 4, 4, 4, 4, 0, 4], "?": [14, 17, 1, 6, 4, 0, 4], "#": [10, 10, 31, 10, 31, 10, 10], "*": [0, 21, 14, 31, 14, 21, 0],
    "<": [2, 4, 8, 16, 8, 4, 2], ">": [8, 4, 2, 1, 2, 4, 8], "[": [14, 8, 8, 8, 8, 8, 14], "]": [14, 2, 2, 2, 2, 2, 14],
    "'": [4, 4, 8, 0, 0, 0, 0], "\"": [10, 10, 0, 0, 0, 0, 0], "|": [4, 4, 4, 4, 4, 4, 4], "&": [12, 18, 20, 8, 21, 18, 13],
  ]
}
