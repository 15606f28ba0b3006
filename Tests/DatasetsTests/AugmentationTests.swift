import Datasets
import Images
import Tensors
import TestSupport
import Testing

@Suite struct AugmentationTests {
  /// Runs the pipeline on one sample.
  private func run(
    _ pipeline: AugmentationPipeline, _ sample: Sample, epoch: Int = 0, index: Int = 0, height: Int, width: Int
  ) throws -> (images: [Float], labels: [Int32]) {
    var images = [Float](repeating: 99, count: 3 * height * width)
    var labels = [Int32](repeating: 99, count: height * width)
    let prepared = pipeline.prepared(sample)
    try images.withUnsafeMutableBufferPointer { images in
      try labels.withUnsafeMutableBufferPointer { labels in
        try pipeline.write(prepared, epoch: epoch, index: index, height: height, width: width, images: images, labels: labels)
      }
    }
    return (images, labels)
  }

  /// A pipeline whose output is the pixel's own value.
  private var plain: AugmentationPipeline {
    var pipeline = AugmentationPipeline()
    pipeline.mean = [0, 0, 0]
    pipeline.standardDeviation = [1 / 255.0, 1 / 255.0, 1 / 255.0]
    return pipeline
  }

  private func sample(_ index: Int = 0, width: Int = 6, height: Int = 5) throws -> Sample {
    try PatternDataset(width: width, height: height).sample(split: .train, index: index)
  }

  @Test func normalization() throws {
    let result = try run(AugmentationPipeline(), sample(9), height: 5, width: 6)
    // Column 3, row 2: red 3, green 2, blue 9.
    #expect(abs(result.images[15] - Float((3 / 255.0 - 0.485) / 0.229)) < 1e-6)
    #expect(abs(result.images[30 + 15] - Float((2 / 255.0 - 0.456) / 0.224)) < 1e-6)
    #expect(abs(result.images[60 + 15] - Float((9 / 255.0 - 0.406) / 0.225)) < 1e-6)
    #expect(result.labels[15] == Int32((3 + 2 + 9) % 3))
  }

  @Test func paddingIsMeanColourAndIgnored() throws {
    var source = try sample()
    source.labels[1, 1] = 255
    let result = try run(AugmentationPipeline(), source, height: 8, width: 10)
    for y in 0..<8 {
      for x in 0..<10 {
        let outside = x >= 6 || y >= 5
        #expect((result.labels[y * 10 + x] == -1) == (outside || (x == 1 && y == 1)))
        if outside { #expect((0..<3).allSatisfy { result.images[$0 * 80 + y * 10 + x] == 0 }) }
      }
    }
  }

  @Test func flipMirrorsPictureAndLabels() throws {
    var pipeline = plain
    pipeline.horizontalFlipProbability = 1
    let result = try run(pipeline, sample(), height: 6, width: 9)
    for y in 0..<5 {
      for x in 0..<6 {
        #expect(abs(result.images[y * 9 + x] - Float(5 - x)) < 1e-4)
        #expect(abs(result.images[54 + y * 9 + x] - Float(y)) < 1e-4)
        #expect(result.labels[y * 9 + x] == Int32((5 - x + y) % 3))
      }
    }
    pipeline.horizontalFlipProbability = 0.5
    pipeline.seed = 4
    let flips = (0..<1000).filter { pipeline.decisions(size: ImageSize(width: 4, height: 4), epoch: 0, index: $0).flip }.count
    #expect(abs(flips - 500) < 60)
  }

  @Test func cropsStayTogether() throws {
    var pipeline = plain
    pipeline.randomCrop = ImageSize(width: 4, height: 3)
    var corners = Set<[Int]>()
    for epoch in 0..<60 {
      let choice = pipeline.decisions(size: ImageSize(width: 6, height: 5), epoch: epoch, index: 2)
      corners.insert([choice.cropX, choice.cropY])
      let result = try run(pipeline, sample(2), epoch: epoch, index: 2, height: 3, width: 4)
      for y in 0..<3 {
        for x in 0..<4 {
          #expect(abs(result.images[y * 4 + x] - Float(x + choice.cropX)) < 1e-4)
          #expect(abs(result.images[12 + y * 4 + x] - Float(y + choice.cropY)) < 1e-4)
          #expect(result.labels[y * 4 + x] == Int32((x + choice.cropX + y + choice.cropY + 2) % 3))
        }
      }
    }
    #expect(corners.count == 9, "all places of a 4 x 3 window in 6 x 5")
  }

  @Test func cropsLargerThanThePictureArePadded() throws {
    var pipeline = plain
    pipeline.randomCrop = ImageSize(width: 8, height: 4)
    pipeline.horizontalFlipProbability = 0.5
    for epoch in 0..<20 {
      let choice = pipeline.decisions(size: ImageSize(width: 6, height: 5), epoch: epoch, index: 0)
      #expect((-2...0).contains(choice.cropX) && (0...1).contains(choice.cropY))
      let result = try run(pipeline, sample(), epoch: epoch, height: 4, width: 8)
      for y in 0..<4 {
        for x in 0..<8 {
          let column = (choice.flip ? 7 - x : x) + choice.cropX
          let inside = (0..<6).contains(column)
          #expect(result.labels[y * 8 + x] == (inside ? Int32((column + y + choice.cropY) % 3) : -1))
          #expect(abs(result.images[y * 8 + x] - (inside ? Float(column) : 0)) < 1e-4)
        }
      }
    }
  }

  @Test func scaledCropsEqualResizingFirst() throws {
    var pipeline = plain
    pipeline.randomScale = 0.5...2
    pipeline.randomCrop = ImageSize(width: 12, height: 9)
    let source = try sample(1, width: 20, height: 16)
    for epoch in 0..<12 {
      let choice = pipeline.decisions(size: ImageSize(width: 20, height: 16), epoch: epoch, index: 1)
      let image = source.image.resized(width: choice.scaled.width, height: choice.scaled.height)
      let labels = source.labels.resized(width: choice.scaled.width, height: choice.scaled.height)
      let result = try run(pipeline, source, epoch: epoch, index: 1, height: 9, width: 12)
      for y in 0..<9 {
        for x in 0..<12 {
          let (sx, sy) = (x + choice.cropX, y + choice.cropY)
          let inside = (0..<image.width).contains(sx) && (0..<image.height).contains(sy)
          #expect(result.labels[y * 12 + x] == (inside ? Int32(labels[sx, sy]) : -1))
          #expect(abs(result.images[y * 12 + x] - (inside ? Float(image[sx, sy].red) : 0)) < 1e-4)
        }
      }
    }
  }

  @Test func fixedResizeIsPreparedOnce() throws {
    var pipeline = plain
    pipeline.resize = ImageSize(width: 3, height: 4)
    let prepared = try pipeline.prepared(sample())
    #expect(prepared.image == (try sample().image.resized(width: 3, height: 4)))
    #expect(prepared.labels == (try sample().labels.resized(width: 3, height: 4)))
    #expect(pipeline.fixedOutputSize == ImageSize(width: 3, height: 4))
  }

  @Test func colourJitter() throws {
    var image = RGBImage(width: 2, height: 1)
    image[0, 0] = RGBColour(100, 50, 200)
    image[1, 0] = RGBColour(20, 160, 60)
    let source = Sample(image: image, labels: LabelImage(width: 2, height: 1, fill: 0))
    func grey(_ c: [Double]) -> Double { 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2] }
    var pipeline = plain
    pipeline.brightness = 0.3
    pipeline.contrast = 0.3
    pipeline.saturation = 0.5
    for index in 0..<10 {
      let choice = pipeline.decisions(size: ImageSize(width: 2, height: 1), epoch: 0, index: index)
      let result = try run(pipeline, source, index: index, height: 1, width: 2)
      let bright = [[100.0, 50, 200], [20, 160, 60]].map { $0.map { $0 * choice.brightness } }
      let mean = (grey(bright[0]) + grey(bright[1])) / 2
      for pixel in 0..<2 {
        let contrasted = bright[pixel].map { $0 * choice.contrast + mean * (1 - choice.contrast) }
        for channel in 0..<3 {
          let expected = contrasted[channel] * choice.saturation + grey(contrasted) * (1 - choice.saturation)
          #expect(abs(Double(result.images[channel * 2 + pixel]) - min(255, max(0, expected))) < 0.01)
        }
      }
    }
    // Greys keep their colour under any turn; a full set of turns averages to grey.
    pipeline = plain
    pipeline.hue = 0.5
    let grey8 = Sample(image: RGBImage(width: 1, height: 1, fill: RGBColour(90, 90, 90)), labels: LabelImage(width: 1, height: 1, fill: 0))
    let coloured = Sample(
      image: RGBImage(width: 1, height: 1, fill: RGBColour(120, 90, 60)), labels: LabelImage(width: 1, height: 1, fill: 0))
    for index in 0..<5 {
      let same = try run(pipeline, grey8, index: index, height: 1, width: 1).images
      #expect(same.allSatisfy { abs($0 - 90) < 0.01 })
      let turned = try run(pipeline, coloured, index: index, height: 1, width: 1).images
      #expect(abs(turned.reduce(0, +) - 270) < 0.05, "the sum of the channels stays")
      let length = turned.reduce(0) { $0 + ($1 - 90) * ($1 - 90) }
      #expect(abs(length - 1800) < 1, "and so does the distance from grey")
    }
  }

  @Test func decisionsDependOnSeedEpochAndSampleOnly() {
    var pipeline = plain
    pipeline.randomScale = 0.5...2
    pipeline.brightness = 0.2
    let size = ImageSize(width: 100, height: 80)
    let first = pipeline.decisions(size: size, epoch: 1, index: 5)
    #expect(first == pipeline.decisions(size: size, epoch: 1, index: 5))
    #expect(first != pipeline.decisions(size: size, epoch: 2, index: 5))
    #expect(first != pipeline.decisions(size: size, epoch: 1, index: 6))
    // Switching one decision on leaves the others alone.
    pipeline.saturation = 0.3
    #expect(first.brightness == pipeline.decisions(size: size, epoch: 1, index: 5).brightness)
    #expect(pipeline.withoutRandomness.decisions(size: size, epoch: 1, index: 5) == AugmentationDecisions(size: size))
  }

  @Test func mistakesAreNamed() throws {
    var pipeline = plain
    pipeline.horizontalFlipProbability = 1.5
    #expect(longtailError { try pipeline.validate() }?.message.contains("horizontalFlipProbability") == true)
    pipeline = plain
    pipeline.standardDeviation = [1, 0, 1]
    #expect(longtailError { try pipeline.validate() }?.code == .usage)
    let error = try #require(longtailError { try run(plain, sample(), height: 5, width: 5) })
    #expect(error.code == .badData && error.message.contains("6 x 5"))
  }
}
