import Datasets
import Images
import Tensors
import TestSupport
import Testing

@Suite struct ClassCropTests {
  private let blocks = BlockDataset()

  private func pipeline(_ change: (inout AugmentationPipeline) -> Void = { _ in }) throws -> AugmentationPipeline {
    try blocks.pipeline {
      $0.randomCrop = ImageSize(width: 10, height: 9)
      $0.horizontalFlipProbability = 0.5
      $0.classCrop = ClassCrop()
      $0.classCrop?.pixels = 20
      change(&$0)
    }
  }

  @Test func cropsShowTheClassThatTheyWereDrawnFor() throws {
    let pipeline = try pipeline()
    var plain = pipeline
    plain.classCrop = nil
    var (enough, withoutSearch, all) = (0, 0, 0)
    for epoch in 0..<40 {
      for index in stride(from: 0, to: 32, by: 8) {
        let view = try blocks.view(pipeline, index, epoch: epoch)
        let chosen = try #require(view.cropClass)
        #expect(BlockDataset.shown(index).contains(chosen))
        let count = view.labels.labels.count { Int($0) == chosen }
        #expect(count > 0, "epoch \(epoch), image \(index), class \(chosen)")
        guard chosen >= 2 else { continue }
        all += 1
        enough += count >= 20 ? 1 : 0
        withoutSearch += try blocks.view(plain, index, epoch: epoch).labels.labels.count { Int($0) == chosen } >= 20 ? 1 : 0
      }
    }
    // A block of 30 pixels, of which a window of 10 x 9 in 32 x 24 shows 20 in one of some eight places.
    #expect(all > 60)
    #expect(Double(enough) > 0.7 * Double(all) && withoutSearch * 3 < enough, "\(enough) and \(withoutSearch) of \(all)")
  }

  @Test func theFirstTryIsTheCropThatThereWouldBeAnyway() throws {
    let searching = try pipeline { $0.classCrop?.tries = 1 }
    var plain = searching
    plain.classCrop = nil
    for index in 0..<32 {
      #expect(try blocks.view(searching, index).image == blocks.view(plain, index).image)
    }
    // Where the first suffices, nothing is searched.
    let content = try pipeline { $0.classCrop?.pixels = 1 }
    for index in 0..<32 {
      let view = try blocks.view(content, index)
      let first = try blocks.view(plain, index)
      let chosen = try #require(view.cropClass)
      if first.labels.labels.contains(UInt8(chosen)) { #expect(view.image == first.image) }
      #expect(view.decisions.flip == first.decisions.flip, "a search changes the place alone")
    }
  }

  @Test func theBestOfAllTriesIsTakenIfNoneSuffices() throws {
    let labels = try blocks.sample(split: .train, index: 0).labels
    var crop = ClassCrop()
    crop.pixels = 1000
    crop.tries = 8
    let pipeline = try pipeline()
    let random = { (number: Int) in ViewRandom(seed: 1, epoch: 0, sample: number) }
    func tried(_ number: Int) -> AugmentationDecisions {
      var choice = AugmentationDecisions(size: labels.size)
      choice.crop = ImageSize(width: 10, height: 9)
      choice.cropX = random(number).integer(0, below: 23)
      choice.cropY = random(number).integer(1, below: 16)
      return choice
    }
    func count(_ choice: AugmentationDecisions) -> Int {
      labels.cropped(x: choice.cropX..<choice.cropX + 10, y: choice.cropY..<choice.cropY + 9).labels.count { $0 == 4 }
    }
    let best = crop.search(for: 4, in: labels, tried: tried, aim: random(99))
    #expect(count(best) >= (0..<7).map { count(tried($0)) }.max() ?? 0 && count(best) > 0)
    #expect(pipeline.classCrop?.tries == 10)
  }

  @Test func aClassOfOnePixelIsNeverLost() throws {
    var labels = LabelImage(width: 200, height: 150, fill: 0)
    labels[187, 11] = 3
    var crop = ClassCrop()
    crop.tries = 2
    for sample in 0..<200 {
      func tried(_ number: Int) -> AugmentationDecisions {
        var choice = AugmentationDecisions(size: labels.size)
        choice.crop = ImageSize(width: 20, height: 30)
        return choice
      }
      let choice = crop.search(for: 3, in: labels, tried: tried, aim: ViewRandom(seed: 2, epoch: 0, sample: sample))
      #expect((168...187).contains(choice.cropX) && choice.cropX <= 180 && (0...11).contains(choice.cropY))
    }
    // Padding around an image that is smaller than the crop stays as it was drawn.
    func small(_ number: Int) -> AugmentationDecisions {
      var choice = AugmentationDecisions(size: labels.size)
      choice.crop = ImageSize(width: 300, height: 30)
      choice.cropX = -40
      return choice
    }
    #expect(crop.search(for: 3, in: labels, tried: small, aim: ViewRandom(seed: 2, epoch: 0, sample: 0)).cropX == -40)
  }

  @Test func withASamplerThatDrawsClassFirstTheClassIsTheSamplers() throws {
    let classes = try blocks.shownClasses
    let draw = ClassDraw(temperature: 0.02, classes: classes)
    let sampler = try WeightedSampler(seed: 21, draw: draw, epochLength: 6000)
    var pipeline = AugmentationPipeline()
    pipeline.randomCrop = ImageSize(width: 10, height: 9)
    pipeline.classCrop = ClassCrop()
    pipeline.classCrop?.tries = 1
    pipeline = try pipeline.knowing(classes, names: blocks.classes.map(\.name), sampler: sampler)
    var found = [Double](repeating: 0, count: 5)
    var seen = [Int](repeating: 0, count: 32)
    for sample in sampler.samples(epoch: 0) {
      let view = try blocks.view(pipeline, sample, occurrence: seen[sample])
      seen[sample] += 1
      found[try #require(view.cropClass)] += 1
    }
    for (count, chance) in zip(found, draw.chances) {
      #expect(abs(count - 6000 * chance) <= 4.5 * (6000 * chance * (1 - chance)).squareRoot() + 1, "\(found) \(draw.chances)")
    }
  }

  @Test func mistakesAreNamed() throws {
    var pipeline = AugmentationPipeline()
    pipeline.classCrop = ClassCrop()
    #expect(longtailError { try pipeline.validate() }?.message.contains("classCrop") == true)
    pipeline.randomCrop = ImageSize(width: 4, height: 4)
    let error = longtailError { try blocks.view(pipeline, 0) }
    #expect(error?.code == .internalError, "the classes were not counted")
  }
}
