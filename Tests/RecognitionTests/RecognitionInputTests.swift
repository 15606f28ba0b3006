import Datasets
import Images
import Tensors
import TestSupport
import Testing

@testable import Recognition

/// What a network is given: views, mixing, labels; the same on any number of ranks and threads.
@Suite struct RecognitionInputTests {
  private static let size = ImageSize(width: 32, height: 32)
  private static let normalization = ImageNormalization.cifar
  private static let strong: [ImageAugmentation.Step] = [.horizontalFlip(0.5), .autoAugment, .cutout(Cutout(length: 16))]

  private func glyphs() throws -> RecognitionDataset {
    RecognitionDataset(try GlyphDataset.make(classCount: 5, imbalance: 4, largest: 8, validation: 0, test: 2))
  }

  /// A batch's images of all views, labels and second labels, by position in the global batch.
  private struct Filled: Equatable {
    var planes: [[[Float]]] = []
    var labels: [Int32] = []
    var second: [Int32] = []
    var shares: [Float] = []
  }

  /// The batches of an epoch as all ranks together get them.
  private func epoch(
    _ dataset: RecognitionDataset, _ input: RecognitionInput, epoch: Int = 0, ranks: Int = 1, threads: Int = 1, batch: Int = 7,
    size: ImageSize = RecognitionInputTests.size, sampler: (any Sampler)? = nil
  ) throws -> [Filled] {
    let order = sampler ?? SampleOrder(seed: 9, count: dataset.count(of: .train))
    let division = try BatchDivision(sampleCount: order.epochLength, globalBatch: batch, dropLast: false, ranks: ranks)
    var steps = [Filled](repeating: Filled(), count: division.stepsPerEpoch)
    for rank in 0..<ranks {
      var options = BatchLoader.Options()
      options.threads = threads
      let loader = try BatchLoader(
        source: .init(
          dataset: dataset, split: .train, pipeline: input, order: order, division: division, rank: rank, height: size.height,
          width: size.width,
          targets: { RowLabels(capacity: $0, rowsPerImage: 1) }), epoch: epoch, endEpoch: epoch + 1, options: options)
      defer { loader.stop() }
      while let next = try loader.next() {
        let plane = 3 * size.width * size.height
        for image in 0..<next.imageCount {
          let views = try (0..<input.viewCount).map { view in
            try next.images(ofView: view).withFloats { Array($0[image * plane..<(image + 1) * plane]) }
          }
          steps[next.step].planes.append(views)
        }
        next.targets.withRows { rows in
          steps[next.step].labels += rows.labels
          steps[next.step].second += rows.second?.labels ?? UnsafeBufferPointer(start: nil, count: 0)
          steps[next.step].shares += rows.second?.shares ?? UnsafeBufferPointer(start: nil, count: 0)
        }
        loader.recycle(next)
      }
    }
    return steps
  }

  /// An image as planes of numbers.
  private func planes(_ image: RGBImage) -> [Float] {
    var result = [Float](repeating: 0, count: 3 * image.width * image.height)
    result.withUnsafeMutableBufferPointer { Self.normalization.write(image, into: $0) }
    return result
  }

  private func small(mixing: [Mixing] = [], views: Int = 1) -> RecognitionInput {
    RecognitionInput(
      views: [ViewSteps](repeating: ViewSteps(size: nil, frame: .padAndCrop(4), changes: Self.strong), count: views), mixing: mixing,
      normalization: Self.normalization, seed: 5)
  }

  @Test func anImageIsItsRecipesView() throws {
    let dataset = try glyphs()
    let input = small()
    let recipe = ImageAugmentation.smallImages(Self.size, seed: 5)
    let steps = try epoch(dataset, input, epoch: 3)
    let order = SampleOrder(seed: 9, count: dataset.count(of: .train)).samples(epoch: 3)
    var place = 0
    for step in steps {
      #expect(step.second.isEmpty)
      for (views, label) in zip(step.planes, step.labels) {
        let sample = order[place]
        place += 1
        let image = try dataset.annotatedImage(split: .train, index: sample)
        #expect(views[0] == planes(recipe.view(of: image.image, epoch: 3, sample: sample)))
        #expect((image.annotation as? ImageClass)?.label == label)
      }
    }
    #expect(place == order.count)
  }

  @Test(arguments: [2, 3, 4]) func ranksAndThreadsDoNotMatter(ranks: Int) throws {
    let dataset = try glyphs()
    for input in [small(), small(mixing: [Mixing(.mixup)], views: 2), small(mixing: [Mixing(.cutMix), Mixing(.mixup, shape: 0.3)])] {
      let one = try epoch(dataset, input, epoch: 2)
      #expect(try epoch(dataset, input, epoch: 2, ranks: ranks, threads: ranks) == one)
      #expect(try epoch(dataset, input, epoch: 1) != one)
    }
  }

  @Test func mixupIsAnAverageOfTwoPictures() throws {
    let dataset = try glyphs()
    let plain = try epoch(dataset, small())
    let mixing = Mixing(.mixup, shape: 0.4)
    let mixed = try epoch(dataset, small(mixing: [mixing]))
    for (step, (own, both)) in zip(plain, mixed).enumerated() {
      let decision = mixing.decision(seed: 5, epoch: 0, step: step, count: own.planes.count, size: Self.size)
      #expect(both.labels == own.labels)
      #expect(both.second == decision.partners.map { own.labels[$0] })
      for (place, partner) in decision.partners.enumerated() {
        #expect(both.shares[place] == (partner == place ? 0 : Float(1 - decision.share)))
        var expected = own.planes[place][0]
        if partner != place {
          expected.withUnsafeMutableBufferPointer { target in
            own.planes[partner][0].withUnsafeBufferPointer { decision.mix(target, with: $0, size: Self.size) }
          }
        }
        #expect(both.planes[place][0] == expected)
      }
    }
    #expect(mixed.contains { $0.shares.contains { $0 > 0 } })
  }

  @Test func cutMixReplacesARectangleInPaddedInputsToo() throws {
    let dataset = try glyphs()
    let padded = ImageSize(width: 40, height: 36)
    let mixing = Mixing(.cutMix)
    let plain = try epoch(dataset, small(), size: padded)
    let mixed = try epoch(dataset, small(mixing: [mixing]), size: padded)
    var replaced = 0
    for (step, (own, both)) in zip(plain, mixed).enumerated() {
      let decision = mixing.decision(seed: 5, epoch: 0, step: step, count: own.planes.count, size: Self.size)
      let area = try #require(decision.area)
      for (place, partner) in decision.partners.enumerated() {
        for channel in 0..<3 {
          for y in 0..<padded.height {
            for x in 0..<padded.width {
              let index = (channel * padded.height + y) * padded.width + x
              let isInside = area.columns(in: Self.size).contains(x) && area.rows(in: Self.size).contains(y)
              let expected = isInside ? own.planes[partner][0][index] : own.planes[place][0][index]
              if both.planes[place][0][index] != expected { replaced = -1_000_000 }
              if isInside { replaced += 1 }
              if (x >= 32 || y >= 32) && both.planes[place][0][index] != 0 { replaced = -1_000_000 }
            }
          }
        }
      }
    }
    #expect(replaced > 0)
  }

  @Test func eachBatchGetsOneOfTwoWaysOfMixing() {
    let mixing = BatchMixing([Mixing(.mixup), Mixing(.cutMix)], seed: 1)
    let areas = (0..<200).map { mixing.decision(epoch: 0, step: $0, count: 8, size: Self.size).area != nil }
    #expect((70...130).contains(areas.count(where: \.self)))
    // Asked again, after others were, a step has the same decisions.
    let again = BatchMixing([Mixing(.mixup), Mixing(.cutMix)], seed: 1)
    for step in [150, 3, 77] {
      #expect(
        again.decision(epoch: 0, step: step, count: 8, size: Self.size) == mixing.decision(epoch: 0, step: step, count: 8, size: Self.size))
    }
  }

  /// A sampler may show a sample several times in an epoch; each time it is another view, and no view has the number of a batch's mixing.
  @Test func repeatedSamplesAreSeenDifferently() throws {
    let dataset = try glyphs()
    let sampler = try SamplerRegistry.make(
      "classAware", settings: [:],
      context: SamplerContext(
        seed: 1, sampleCount: dataset.count(of: .train), epochLength: 40, epochs: 1, classNames: dataset.images.classes,
        classes: SampleClasses(labels: try dataset.images.part(.train).labels.map(Int.init), classCount: 5)))
    let steps = try epoch(dataset, small(), batch: 40, sampler: sampler)
    let images = steps.flatMap(\.planes).map { $0[0] }
    #expect(images.count == 40 && Set(images).count > 36)
    let numbers = (0..<3).map { RecognitionInput.viewNumber($0, occurrence: 0, viewCount: 3) }
    #expect(numbers == [0, 1, 2] && RecognitionInput.viewNumber(1, occurrence: 2, viewCount: 3) == 7)
    #expect(RecognitionInput.viewNumber(0, occurrence: 1 << 20, viewCount: 1) == 1 << 20 + 1)
  }

  @Test func viewsAreMadeByTheirOwnRecipes() throws {
    let dataset = try glyphs()
    let second = ViewSteps(size: Self.size, frame: .randomResizedCrop(area: 0.2...1, ratio: 0.75...4.0 / 3), changes: [.grey(1)])
    let first = ViewSteps(size: Self.size, frame: .padAndCrop(4), changes: [.horizontalFlip(0.5)])
    let input = RecognitionInput(views: [first, second], normalization: Self.normalization, seed: 5)
    let order = SampleOrder(seed: 9, count: dataset.count(of: .train)).samples(epoch: 0)
    let steps = try epoch(dataset, input)
    for (sample, views) in zip(order, steps.flatMap(\.planes)) {
      let image = try dataset.annotatedImage(split: .train, index: sample).image
      for (view, recipe) in [first, second].enumerated() {
        let expected = recipe.augmentation(for: Self.size, seed: 5).view(of: image, epoch: 0, sample: sample, view: view)
        #expect(views[view] == planes(expected))
      }
    }
  }

  /// Without `data.size` a crop is brought back to the size that the images have.
  @Test func cropsOfImagesOfOneSizeKeepIt() throws {
    let dataset = try glyphs()
    let steps = ViewSteps(size: nil, frame: .randomResizedCrop(area: 0.2...1, ratio: 0.75...4.0 / 3))
    let input = RecognitionInput(views: [steps], normalization: Self.normalization, seed: 5)
    try input.validate()
    let sample = SampleOrder(seed: 9, count: dataset.count(of: .train)).samples(epoch: 0)[0]
    let image = try dataset.annotatedImage(split: .train, index: sample).image
    let expected = steps.augmentation(for: Self.size, seed: 5).view(of: image, epoch: 0, sample: sample)
    #expect(try epoch(dataset, input)[0].planes[0][0] == planes(expected) && expected != image && input.fixedOutputSize == nil)
  }

  /// A crop of a photograph is cut out of a file that is decoded at a reduced scale.
  @Test func cropsOfPhotographsAreDecodedReduced() throws {
    try withTemporaryDirectory { directory in
      var names: [String] = []
      for index in 0..<4 {
        var image = RGBImage(width: 320, height: 240)
        for y in 0..<240 { for x in 0..<320 { image[x, y] = RGBColour(UInt8(x * 3 / 4), UInt8(y), UInt8((x + y + 40 * index) % 256)) } }
        names.append("\(directory)/\(index).jpg")
        try TestFiles.write(image.jpeg(), to: names[index])
      }
      let part = LabelledImages.Part(source: FileSource(paths: names), names: ["a", "b", "c", "d"], labels: [0, 1, 0, 1])
      let dataset = RecognitionDataset(try LabelledImages(name: "list", classes: ["one", "two"], parts: [.train: part]))
      let size = ImageSize(width: 28, height: 28)
      let steps = ViewSteps(size: size, frame: .randomResizedCrop(area: 0.5...1, ratio: 0.75...4.0 / 3), changes: [.horizontalFlip(0.5)])
      let input = RecognitionInput(views: [steps], normalization: Self.normalization, seed: 5)
      let filled = try epoch(dataset, input, batch: 4, size: size)
      let recipe = steps.augmentation(for: size, seed: 5)
      for (sample, views) in zip(SampleOrder(seed: 9, count: 4).samples(epoch: 0), filled[0].planes) {
        let file = try EncodedImage(contentsOf: names[sample])
        let reduced = try recipe.view(of: file, epoch: 0, sample: sample)
        #expect(views[0] == planes(reduced))
        // Not what the whole image gives, but close to it.
        let whole = try recipe.view(of: file.decoded(), epoch: 0, sample: sample)
        let distance = zip(reduced.pixels, whole.pixels).map { abs(Int($0) - Int($1)) }
        #expect(reduced != whole && distance.reduce(0, +) < 3 * distance.count)
      }
    }
  }

  @Test func evaluationIsWithoutChance() throws {
    var image = RGBImage(width: 60, height: 40)
    for y in 0..<40 { for x in 0..<60 { image[x, y] = RGBColour(UInt8(4 * x), UInt8(6 * y), UInt8(x + y)) } }
    let size = ImageSize(width: 28, height: 28)
    let input = RecognitionInput(views: [ViewSteps(size: size, frame: .shortSide(32))], normalization: Self.normalization, seed: 5)
    let prepared = input.prepared(image)
    #expect(prepared == ImageAugmentation.testing(size).view(of: image, epoch: 4, sample: 7))
    #expect(input.prepared(prepared).size == size && input.fixedOutputSize == size)
    var output = [Float](repeating: 7, count: 3 * 28 * 28)
    let geometry = try output.withUnsafeMutableBufferPointer { try input.write(prepared, height: 28, width: 28, to: $0) }
    #expect(output == planes(prepared) && geometry == Geometry(size, output: size))
    #expect(throws: LongtailError.self) {
      try output.withUnsafeMutableBufferPointer { try input.write(image, height: 28, width: 28, to: $0) }
    }
  }

  @Test func nonsenseIsRefused() {
    let whole = ViewSteps(size: Self.size)
    for (views, normalization) in [
      ([ViewSteps(size: Self.size, frame: .randomResizedCrop(area: 0...1, ratio: 1...1))], Self.normalization),
      ([whole], ImageNormalization(mean: [0, 0], deviation: [1, 1, 1])),
      ([whole], ImageNormalization(mean: [0, 0, 0], deviation: [1, 0, 1])),
      ([ViewSteps(size: Self.size, changes: [.horizontalFlip(2)])], Self.normalization),
    ] {
      #expect(throws: LongtailError.self) { try RecognitionInput(views: views, normalization: normalization, seed: 1).validate() }
    }
  }
}
