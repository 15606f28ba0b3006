import Datasets
import Images
import TestSupport
import Testing

@Suite struct ScenesTests {
  private func digest(_ sample: Sample) -> UInt64 {
    (sample.image.pixels + sample.labels.labels).reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  }

  @Test func aSceneIsAFunctionOfSeedSplitAndIndex() throws {
    let scenes = try ScenesDataset(width: 64, height: 48)
    let first = digest(try scenes.sample(split: .train, index: 3))
    #expect(first == digest(try ScenesDataset(width: 64, height: 48, train: 9).sample(split: .train, index: 3)))
    #expect(first != digest(try scenes.sample(split: .validation, index: 3)))
    #expect(first != digest(try scenes.sample(split: .train, index: 4)))
    #expect(first != digest(try ScenesDataset(width: 64, height: 48, seed: 2).sample(split: .train, index: 3)))
    // Every machine must draw the same images; a deliberate change of the drawing changes this number and the revision.
    #expect(first == 7_885_333_510_251_509_160)
  }

  @Test func classesAreLongTailedAndAllKnown() throws {
    let scenes = try ScenesDataset(width: 96, height: 64, train: 150)
    let statistics = try LabelAudit.scan(scenes, split: .train, indices: 0..<150, threads: 2)
    try statistics.validate()
    let shares = statistics.shares
    let largest = try #require(shares.max())
    let smallest = try #require(shares.min())
    #expect(smallest > 0 && largest / smallest >= 100)
    let rarest = try #require(shares.firstIndex(of: smallest))
    #expect(scenes.classes[rarest].name == "Cyclist" && smallest < 0.003)
    #expect((35...75).contains(statistics.images[rarest]), "in about a third of the images")
    #expect(shares.filter { $0 < 0.015 }.count >= 4)
    #expect(statistics.ignoredPixels > 0)
  }

  @Test func sizesAndNames() throws {
    let scenes = try ScenesDataset(width: 33, height: 17, train: 2)
    let sample = try scenes.sample(split: .train, index: 1)
    #expect(sample.image.width == 33 && sample.image.height == 17 && sample.labels.width == 33 && sample.labels.height == 17)
    #expect(scenes.identifier(split: .validation, index: 12) == "val-00012")
    #expect(longtailError { try scenes.sample(split: .train, index: 2) } != nil)
    #expect(longtailError { try ScenesDataset(width: 3) }?.code == .usage)
    #expect(try scenes.digest(of: .train) != scenes.digest(of: .validation))
  }
}
