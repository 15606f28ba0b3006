import Images
import Testing

@Suite struct TextTests {
  @Test func lettersLookLikeLetters() {
    #expect(BitmapFont.rows(of: "A") == [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001])
    #expect(BitmapFont.rows(of: "~") == [0, 0, 0b01000, 0b10101, 0b00010, 0, 0])
    #expect(BitmapFont.rows(of: "é") == BitmapFont.rows(of: "?"))
    let all = (33...126).compactMap { UnicodeScalar($0).map { BitmapFont.rows(of: Character($0)) } }
    #expect(Set(all).count == 94)
    #expect(all.allSatisfy { $0.count == 7 && $0.contains { $0 != 0 } && $0.allSatisfy { $0 < 32 } })
    #expect(BitmapFont.rows(of: " ") == [0, 0, 0, 0, 0, 0, 0])
  }

  @Test func textIsDrawnAndClipped() {
    var picture = RGBImage(width: 12, height: 8)
    picture.draw("I-", x: 0, y: 0, colour: .white)
    let rows = (0..<7).map { y in String((0..<11).map { picture[$0, y] == .white ? "#" : "." }) }
    #expect(
      rows == [
        ".###.......", "..#........", "..#........", "..#...#####", "..#........", "..#........", ".###.......",
      ])
    // Beyond every edge: nothing happens.
    let before = picture
    picture.draw("X", x: -20, y: 3, colour: .white)
    picture.draw("X", x: 3, y: 50, colour: .white, scale: 3)
    picture.draw("long text", x: -9, y: 14, colour: .white)
    #expect(picture == before)
    var large = RGBImage(width: 12, height: 16)
    large.draw("I", x: 0, y: 0, colour: .white, scale: 2)
    #expect(large.pixels.filter { $0 == 255 }.count == 3 * 4 * 11)
    #expect(BitmapFont.width(of: "ab", scale: 2) == 22)
    #expect(BitmapFont.fitted("pedestrian", width: 35) == "pede..")
    #expect(BitmapFont.fitted("car", width: 17) == "car")
  }
}
