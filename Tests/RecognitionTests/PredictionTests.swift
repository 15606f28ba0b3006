import Images
import Testing

@testable import Recognition

@Suite struct PredictionTests {
  @Test func theLikeliestClassesComeFirst() {
    let top = TopClasses(logits: [0, 2, -1, 2], count: 3)
    #expect(top.candidates.map(\.label) == [1, 3, 0])
    #expect(
      abs(top.candidates.map(\.probability).reduce(0, +) - 0.9768) < 0.001 && top.candidates[0].probability == top.candidates[1].probability
    )
    #expect(TopClasses(logits: [0, .nan], count: 2).candidates.isEmpty && TopClasses(logits: [], count: 2).candidates.isEmpty)
    #expect(
      TopClasses(logits: [-.infinity, 1], count: 9).candidates == [.init(label: 1, probability: 1), .init(label: 0, probability: 0)])
  }

  @Test func tablesAreCommaSeparated() {
    #expect(PredictionTable.headings(count: 2, hasLabels: true) == "image,label,class1,probability1,class2,probability2\n")
    #expect(PredictionTable.headings(count: 1, hasLabels: false) == "image,class1,probability1\n")
    let names = ["cat", "dog, small", "a \"b\""]
    let top = TopClasses(logits: [-20, 0, 20], count: 2)
    #expect(
      PredictionTable.line(name: "x/1.png", label: "cat", top: top, count: 2, classNames: names)
        == "x/1.png,cat,\"a \"\"b\"\"\",1.000000,\"dog, small\",0.000000\n")
    #expect(
      PredictionTable.line(name: "1", label: nil, top: TopClasses(logits: [.nan], count: 1), count: 1, classNames: names) == "1,,\n")
    let halves = TopClasses(logits: [1, 1, 1], count: 1)
    #expect(PredictionTable.line(name: "1", label: nil, top: halves, count: 1, classNames: names) == "1,cat,0.333333\n")
  }

  @Test func sheetsHoldAllPicturesAndTheirFrames() {
    let red = RGBColour(200, 0, 0)
    let entries = (0..<5).map { index in
      ContactSheet.Entry(
        RGBImage(width: 5, height: 4, fill: RGBColour(10, 20, UInt8(index))), captions: ["a"], colour: index == 4 ? red : nil)
    }
    let sheet = ContactSheet(columns: 3, side: 16).drawn(entries + [.init(RGBImage(width: 40, height: 20, fill: red))])
    #expect(sheet.width == 3 * 22 && sheet.height == 2 * (22 + 9))
    // The second image, enlarged threefold: 15 x 12 in the middle of its square.
    #expect(sheet[22 + 3 + 8, 3 + 8] == RGBColour(10, 20, 1) && sheet[22 + 3 + 8, 3 + 1] == .white && sheet[22 + 3 + 8, 3 + 2].blue == 1)
    // The frame of the fifth.
    #expect(sheet[22 + 2, 31 + 2] == red && sheet[22 + 1, 31 + 10] == red && sheet[2, 2] == .white)
    // The last one, shrunk to 16 x 8.
    #expect(sheet[44 + 3 + 8, 31 + 3 + 8] == red && sheet[44 + 3 + 8, 31 + 3 + 2] == .white)
    #expect(ContactSheet().drawn([]).width == 70)
  }
}
