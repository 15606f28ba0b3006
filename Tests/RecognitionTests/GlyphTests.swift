import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

@testable import Recognition

@Suite struct GlyphTests {
  @Test func theDefaultIsLongTailedAndRepeatable() throws {
    let images = try RecognitionDatasets.open("glyphs", settings: [:])
    let counts = images.classCounts(of: .train)
    #expect(counts.count == 40 && counts.first == 500 && counts.last == 5 && counts == counts.sorted(by: >))
    #expect(images.classCounts(of: .validation) == [Int](repeating: 20, count: 40))
    #expect(images.classCounts(of: .test) == [Int](repeating: 50, count: 40))
    let train = try images.part(.train)
    let image = try train.source.content(of: 0).decoded()
    #expect(image.size == ImageSize(width: 32, height: 32) && train.names[500] == "train-01-00000")
    #expect(try train.source.content(of: 0).decoded() == image)
    // An image is the same whatever the imbalance, and another in another split or of another seed.
    let balanced = try GlyphDataset.make(imbalance: 1, largest: 30)
    let place = try #require(try balanced.part(.train).names.firstIndex(of: "train-07-00012"))
    let same = try #require(train.names.firstIndex(of: "train-07-00012"))
    let drawn = try balanced.part(.train).source.content(of: place).decoded()
    #expect(try train.source.content(of: same).decoded() == drawn)
    #expect(try images.part(.test).source.content(of: 0).decoded() != image)
    #expect(try GlyphDataset.make(seed: 2).part(.train).source.content(of: 0).decoded() != image)
    #expect(balanced.classCounts(of: .train) == [Int](repeating: 30, count: 40))
    #expect(longtailError { try GlyphDataset.make(classCount: 1) }?.code == .usage)
    #expect(longtailError { try RecognitionDatasets.open("glyphs", settings: ["largest": 0]) }?.message.contains("largest is 0") == true)
  }

  /// A change of the drawing must change the revision, by which remembered statistics are told apart.
  @Test func theDrawingIsThatOfItsRevision() throws {
    let part = try GlyphDataset.make(imbalance: 1, largest: 2).part(.train)
    var bytes: [UInt8] = []
    for index in 0..<part.count { bytes += try part.source.content(of: index).decoded().pixels }
    let digest = try bytes.withUnsafeBytes { try SHA256Digest(of: $0) }
    #expect(GlyphDataset.revision == 1)
    #expect(digest.description == "8939387a86b78efa25ce7e9b16da5d7e791cc6d7d22085a6a5d7e173f83978f9")
  }

  @Test func signsDifferAndPairsShareAllStrokesButOne() {
    let alphabet = GlyphAlphabet(classCount: 40)
    for pair in 0..<20 {
      let (one, other) = (alphabet.glyphs[pair], alphabet.glyphs[20 + pair])
      #expect(one.count == GlyphAlphabet.strokeCount && one.dropLast() == other.dropLast() && one.last != other.last)
    }
    #expect(Set(alphabet.glyphs.map { "\($0)" }).count == 40)
    let few = GlyphAlphabet(classCount: 7)
    #expect(few.glyphs.count == 7 && few.glyphs[3] == alphabet.glyphs[3] && few.glyphs[4] == alphabet.glyphs[20])
  }

  @Test func theNearestClassMeanOnPixelsFailsMostly() throws {
    // Many balanced images of each class: the best that a class mean can do.
    let images = try GlyphDataset.make(imbalance: 1, largest: 100, validation: 0, test: 20)
    let length = 3 * 32 * 32
    func pixels(_ part: LabelledImages.Part, _ index: Int) throws -> [Float] {
      let values = try part.source.content(of: index).decoded().pixels.map(Float.init)
      // Light and contrast are taken out, which helps the class mean.
      let mean = values.reduce(0, +) / Float(length)
      let spread = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(length)).squareRoot()
      return values.map { ($0 - mean) / spread }
    }
    let train = try images.part(.train)
    var means = [[Float]](repeating: [Float](repeating: 0, count: length), count: 40)
    for index in 0..<train.count {
      let values = try pixels(train, index)
      for k in 0..<length { means[Int(train.labels[index])][k] += values[k] / 100 }
    }
    let test = try images.part(.test)
    var right = 0
    for index in 0..<test.count {
      let values = try pixels(test, index)
      let distances = means.map { mean in zip(mean, values).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
      if distances.firstIndex(of: distances.min() ?? 0) == Int(test.labels[index]) { right += 1 }
    }
    let share = Double(right) / Double(test.count)
    #expect(share < 0.35, "\(share)")
    #expect(share > 4.0 / 40, "signs are to be seen, but only \(share) of the images are nearest to their mean")
  }
}
