import Images
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct AugmentedViewTests {
  private let blocks = BlockDataset()

  /// Everything at once.
  private func everything() throws -> AugmentationPipeline {
    try blocks.pipeline {
      $0.randomScale = 0.8...1.4
      $0.randomCrop = ImageSize(width: 28, height: 20)
      $0.horizontalFlipProbability = 0.5
      $0.brightness = 0.2
      $0.warp.degrees = 15
      $0.warp.shear = 0.1
      $0.warp.perspective = .init(distortion: 0.3, probability: 0.5)
      $0.warp.grid = .init(cells: 3, strength: 0.3, probability: 0.5)
      $0.tones.gamma = 0.7...1.5
      $0.tones.hue = 0.1
      $0.tones.blur = .init(deviation: 0.2...1.5, probability: 0.5)
      $0.tones.noise = .init(deviation: 1...8, probability: 0.5)
      $0.policy = AugmentationPolicy(.randAugment, operations: 2, magnitude: 6)
      $0.classCrop = ClassCrop()
      $0.copyPaste = CopyPaste()
      $0.copyPaste?.rareShare = 0.1
      $0.copyPaste?.smallest = 10
      $0.mixing.cutMix = ClassMixing.Rule()
      $0.mixing.cutMix?.probability = 0.4
      $0.mixing.mixup = ClassMixing.Rule()
      $0.mixing.mixup?.probability = 0.4
    }
  }

  @Test func viewsWithoutNewerKeysAreWhatPipelinesWroteBefore() throws {
    let pipeline = try blocks.pipeline {
      $0.mean = [0.485, 0.456, 0.406]
      $0.standardDeviation = [0.229, 0.224, 0.225]
      $0.randomScale = 0.7...1.6
      $0.randomCrop = ImageSize(width: 20, height: 15)
      $0.horizontalFlipProbability = 0.5
    }
    #expect(pipeline.isPlain && pipeline.tables == nil)
    for epoch in 0..<6 {
      for index in 0..<6 {
        var before = [Float](repeating: 7, count: 3 * 16 * 24)
        var labels = [Int32](repeating: 7, count: 16 * 24)
        let sample = try blocks.sample(split: .train, index: index)
        try before.withUnsafeMutableBufferPointer { planes in
          try labels.withUnsafeMutableBufferPointer {
            try pipeline.write(sample, epoch: epoch, index: index, height: 16, width: 24, images: planes, labels: $0)
          }
        }
        let view = try blocks.view(pipeline, index, epoch: epoch)
        var after = [Float](repeating: 9, count: 3 * 16 * 24)
        var found = [Int32](repeating: -1, count: 16 * 24)
        let geometry = try after.withUnsafeMutableBufferPointer { try pipeline.write(view, height: 16, width: 24, to: $0) }
        try found.withUnsafeMutableBufferPointer { try view.labels.write(geometry, to: $0) }
        #expect(found == labels)
        // Where the crop reaches beyond the image, the mean colour is rounded to 8 bits.
        for place in after.indices {
          if labels[place % (16 * 24)] >= 0 {
            #expect(after[place] == before[place])
          } else {
            #expect(abs(after[place] - before[place]) < 0.01)
          }
        }
      }
    }
  }

  @Test func viewsAreFunctionsOfSeedEpochSampleAndOccurrence() throws {
    let pipeline = try everything()
    let again = try everything()
    var pasted = 0
    for index in [0, 5, 8, 17] {
      let first = try blocks.view(pipeline, index, epoch: 1)
      let second = try blocks.view(again, index, epoch: 1)
      #expect(first.image == second.image && first.labels == second.labels && first.second == second.second)
      #expect(first.image.size == ImageSize(width: 28, height: 20))
      var others = [try blocks.view(pipeline, index, epoch: 2), try blocks.view(pipeline, index, epoch: 1, occurrence: 1)]
      var seeded = pipeline
      seeded.seed = 22
      others.append(try blocks.view(seeded, index, epoch: 1))
      for other in others { #expect(other.image != first.image) }
      pasted += first.pasted.count
    }
    #expect(pipeline.needsClasses && !pipeline.isPlain)
  }

  @Test func oneKeyLeavesTheDecisionsOfTheOthersAlone() throws {
    let whole = try everything()
    var less = whole
    less.tones = RandomTones()
    less.policy = nil
    less.brightness = 0
    for index in 0..<12 {
      let (first, second) = try (blocks.view(whole, index), blocks.view(less, index))
      #expect(first.mixed == second.mixed && first.cropClass == second.cropClass && first.decisions.flip == second.decisions.flip)
    }
  }

  @Test func labelsLieWhereTheirPixelsDo() throws {
    // Red says the class: where a pixel's colour is purely that of a class, so is its label, up to the seams of the nearest neighbour.
    let pipeline = try blocks.pipeline {
      $0.randomScale = 0.9...1.5
      $0.randomCrop = ImageSize(width: 26, height: 20)
      $0.horizontalFlipProbability = 0.5
      $0.warp.degrees = 25
      $0.warp.perspective = .init(distortion: 0.3, probability: 0.7)
      $0.warp.grid = .init(cells: 3, strength: 0.2, probability: 0.5)
    }
    var (agreeing, all) = (0, 0)
    for epoch in 0..<8 {
      for index in 0..<16 {
        let view = try blocks.view(pipeline, index, epoch: epoch)
        for y in 0..<20 {
          for x in 0..<26 {
            let (colour, label) = (view.image[x, y], view.labels[x, y])
            // Pixels mixed with the fill or with a neighbour of another class are seams.
            guard label != 255, colour.blue == 200, Int(colour.green) == index, colour.red % 50 == 0 else { continue }
            all += 1
            if Int(colour.red) == 50 * Int(label) { agreeing += 1 }
          }
        }
      }
    }
    #expect(all > 30_000 && Double(agreeing) > 0.995 * Double(all), "\(agreeing) of \(all)")
  }

  @Test func whatComesFromOutsideIsIgnoredAndOfTheMeanColour() throws {
    let pipeline = try blocks.pipeline {
      $0.mean = [0.485, 0.456, 0.406]
      $0.warp.degrees = 180
      $0.warp.grid = nil
      $0.warp.shear = 0.5
    }
    var outside = 0
    for index in 0..<16 {
      let view = try blocks.view(pipeline, index)
      for place in view.labels.labels.indices where view.labels.labels[place] == 255 {
        let colour = Array(view.image.pixels[3 * place..<3 * place + 3])
        #expect(colour == [124, 116, 104])
        outside += 1
      }
    }
    #expect(outside > 500)
  }

  @Test func annotationsThatDoNotFollowAreRefused() throws {
    struct Boxes: Annotation {
      var byteCount: Int { 0 }
      func resized(to size: ImageSize) -> Boxes { self }
    }
    struct ImageClass: RowAnnotation {
      var byteCount: Int { 0 }
      func resized(to size: ImageSize) -> ImageClass { self }
      func write(_ geometry: Geometry, to rows: UnsafeMutableBufferPointer<Int32>) throws { rows[0] = 1 }
    }
    let image = try blocks.sample(split: .train, index: 0).image
    func view(_ pipeline: AugmentationPipeline, _ annotation: any Annotation) throws -> AugmentedView {
      try pipeline.view(
        of: AnnotatedImage(image: image, annotation: annotation), draw: SampleDraw(seed: 1, epoch: 0, index: 0),
        other: { try blocks.annotatedImage(split: .train, index: $0) })
    }
    let turning = try blocks.pipeline { $0.warp.degrees = 20 }
    #expect(longtailError { try view(turning, Boxes()) }?.code == .usage)
    #expect(try view(turning, ImageClass()).annotation is ImageClass, "the class of an image stays when it is turned")
    let blurring = try blocks.pipeline { $0.tones.blur = .init(deviation: 1...1, probability: 1) }
    #expect(try view(blurring, Boxes()).image == image.blurred(deviation: 1))
    let mixing = try blocks.pipeline { $0.mixing.mixup = ClassMixing.Rule() }
    #expect(longtailError { try view(mixing, ImageClass()) }?.message.contains("a class for each pixel") == true)
  }

  @Test func secondLabelsReachTheRows() throws {
    let targets = RowLabels(capacity: 3, rowsPerImage: 6)
    targets.prepare(images: 2)
    let size = ImageSize(width: 3, height: 2)
    try targets.write(LabelImage(width: 3, height: 2, fill: 1), Geometry(size, output: size), at: 0)
    try targets.write(LabelImage(width: 3, height: 2, fill: 2), Geometry(size, output: size), at: 1)
    targets.withRows { #expect($0.second == nil) }
    try targets.writeSecond(LabelImage(width: 3, height: 2, fill: 4), share: 0.25, Geometry(size, output: size), at: 1)
    targets.withRows { rows in
      #expect(rows.second.map { Array($0.labels) } == [-1, -1, -1, -1, -1, -1, 4, 4, 4, 4, 4, 4])
      #expect(rows.second.map { Array($0.shares) } == [0, 0, 0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25])
    }
    targets.prepare(images: 1)
    targets.withRows { #expect($0.second == nil && $0.labels.count == 6) }
  }
}
