import Foundation
import Testing

@testable import Detection

@Suite struct MaskTests {
  private struct Case: Decodable {
    var kind: String
    var width: Int
    var height: Int
    var polygons: [[Double]]
    var text: String
    var area: Int
    var box: [Double]
    var other: [[Double]]
    var otherText: String
    var iou: Double
    var crowdIou: Double
    var intersection: String
    var union: String
  }

  /// Drawn polygons, holes, single pixels, lines and borders: every bit as pycocotools has it.
  @Test func equalsTheReferenceBitForBit() throws {
    let cases: [Case] = try TestFiles.oracle("masks.json")
    #expect(cases.count == 88)
    for entry in cases {
      let mask = RunLengthMask(polygons: entry.polygons, width: entry.width, height: entry.height)
      #expect(mask.text == entry.text, "\(entry.kind) \(entry.polygons)")
      #expect(mask.area == entry.area)
      #expect([mask.box.x, mask.box.y, mask.box.width, mask.box.height] == entry.box)
      let read = try #require(RunLengthMask(width: entry.width, height: entry.height, text: entry.text))
      #expect(read == mask)
      let other = RunLengthMask(polygons: entry.other, width: entry.width, height: entry.height)
      #expect(other.text == entry.otherText)
      #expect(mask.intersectionOverUnion(with: other) == entry.iou)
      #expect(mask.intersectionOverUnion(with: other, isCrowd: true) == entry.crowdIou)
      #expect(RunLengthMask.merged([mask, other], intersect: true)?.text == entry.intersection)
      #expect(RunLengthMask.merged([mask, other])?.text == entry.union)
    }
  }

  private func drawn(_ random: inout TestRandom, _ density: Int) -> RunLengthMask {
    let (width, height) = (Int.random(in: 1...19, using: &random), Int.random(in: 1...17, using: &random))
    let pixels = (0..<width * height).map { _ in UInt8(Int.random(in: 0..<10, using: &random) < density ? 1 : 0) }
    return RunLengthMask(width: width, height: height, pixels: pixels)
  }

  @Test func pixelsAndRunsAndTextAreOneThing() throws {
    var random = TestRandom(1)
    for round in 0..<200 {
      let mask = drawn(&random, round % 11)
      #expect(RunLengthMask(width: mask.width, height: mask.height, pixels: mask.pixels) == mask)
      #expect(RunLengthMask(width: mask.width, height: mask.height, text: mask.text) == mask)
      #expect(RunLengthMask(width: mask.width, height: mask.height, counts: mask.counts) == mask)
      #expect(mask.area == mask.pixels.count { $0 != 0 })
    }
  }

  /// Polygons around a mask, with holes and pieces that touch at corners, cover the very same pixels.
  @Test func tracedPolygonsDrawTheSameMask() {
    var random = TestRandom(2)
    for round in 0..<200 {
      let mask = drawn(&random, 1 + round % 9)
      let polygons = mask.polygons
      #expect(polygons.isEmpty == (mask.area == 0))
      let again = RunLengthMask(polygons: polygons, width: mask.width, height: mask.height)
      #expect(again.pixels == mask.pixels, "\(mask) \(polygons)")
    }
  }

  @Test func overlapsCountPixels() {
    var random = TestRandom(3)
    for _ in 0..<200 {
      let a = drawn(&random, 4)
      let pixels = (0..<a.width * a.height).map { _ in UInt8(Bool.random(using: &random) ? 1 : 0) }
      let b = RunLengthMask(width: a.width, height: a.height, pixels: pixels)
      let both = zip(a.pixels, b.pixels).count { $0 != 0 && $1 != 0 }
      let either = zip(a.pixels, b.pixels).count { $0 != 0 || $1 != 0 }
      let overlap = a.overlap(with: b)
      #expect(overlap.intersection == both && overlap.union == either)
    }
  }

  @Test func brokenCodesAreRefused() {
    #expect(RunLengthMask(width: 4, height: 4, counts: [3, 4]) == nil)
    #expect(RunLengthMask(width: 4, height: 4, counts: [UInt32.max, 17]) == nil)
    #expect(RunLengthMask(width: 0, height: 4, counts: []) == nil)
    let text = RunLengthMask(width: 40, height: 40, counts: [100, 200, 1300]).map(\.text) ?? ""
    #expect(RunLengthMask(width: 40, height: 40, text: text) != nil)
    #expect(RunLengthMask(width: 40, height: 40, text: String(text.dropLast())) == nil)
    #expect(RunLengthMask(width: 40, height: 40, text: text + "p") == nil)
    #expect(RunLengthMask(width: 40, height: 40, text: "ooooooooooooooooo") == nil)
  }
}
