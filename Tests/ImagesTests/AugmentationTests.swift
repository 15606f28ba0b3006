import Foundation
import Tensors
import Testing

@testable import Images

@Suite struct AugmentationTests {
  private func random(_ sample: Int, view: Int = 0, step: Int = 1, epoch: Int = 0) -> ViewRandom {
    ViewRandom(seed: 7, epoch: epoch, sample: sample, view: view, step: step)
  }

  @Test func numbersDependOnEveryPartOfTheirKeyAndOnNothingElse() {
    let same = ViewRandom(seed: 7, epoch: 0, sample: 3)
    #expect((0..<50).allSatisfy { same.uniform($0) == random(3).uniform($0) })
    let others = [
      ViewRandom(seed: 8, epoch: 0, sample: 3), random(4), random(3, view: 1), random(3, step: 2), random(3, epoch: 1),
    ]
    for other in others { #expect((0..<50).allSatisfy { same.uniform($0) != other.uniform($0) }) }
    for count in [0, 1, 2, 9] {
      #expect(random(count).permutation(3, count: count).sorted() == Array(0..<count))
    }
    #expect(Set((0..<200).map { random($0).permutation(0, count: 3) }).count == 6)
  }

  @Test(arguments: [0.2, 0.75, 1.0, 4.0]) func betaNumbersHaveTheirMeanAndVariance(shape: Double) {
    let count = 20_000
    let values = (0..<count).map { random($0).beta(16, shape: shape) }
    #expect(values.allSatisfy { (0...1).contains($0) })
    let mean = values.reduce(0, +) / Double(count)
    let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(count)
    let expected = 1 / (4 * (2 * shape + 1))
    #expect(abs(mean - 0.5) < 4 * (expected / Double(count)).squareRoot())
    #expect(abs(variance - expected) < 0.04 * expected)
  }

  @Test func randomResizedCropsFollowTorchvisionsRule() {
    let crop = RandomResizedCrop(size: ImageSize(width: 24, height: 24))
    let picture = ImageSize(width: 200, height: 150)
    var areas: [Double] = []
    for sample in 0..<4000 {
      let box = crop.box(in: picture, random: random(sample))
      #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 200 && box.y + box.height <= 150)
      #expect(box.x == box.x.rounded() && box.width == box.width.rounded())
      // Sides are rounded to whole pixels.
      let ratio = box.width / box.height
      #expect(ratio > 0.75 - 0.02 && ratio < 4.0 / 3 + 0.03)
      areas.append(box.width * box.height / 30000)
    }
    #expect(areas.allSatisfy { $0 > 0.078 && $0 <= 1 })
    // Large shares fit less often, so that the mean lies a little under that of the range, 0.54.
    let mean = areas.reduce(0, +) / 4000
    #expect(mean > 0.42 && mean < 0.54)
    let narrow = RandomResizedCrop(size: ImageSize(width: 8, height: 8), area: 0.9...1)
    #expect(narrow.box(in: ImageSize(width: 400, height: 20), random: random(1)) == PixelBox(x: 186..<213, y: 0..<20))
    #expect(narrow.box(in: ImageSize(width: 30, height: 300), random: random(1)) == PixelBox(x: 0..<30, y: 130..<170))
    #expect(narrow.fallback(in: ImageSize(width: 50, height: 50)) == PixelBox(x: 0..<50, y: 0..<50))
  }

  @Test func paddedCropsShowTheBorderAndReachEveryPlace() {
    let image = pattern(32, 32)
    let pad = PadAndCrop(size: ImageSize(width: 32, height: 32), fill: RGBColour(1, 2, 3))
    var seen = Set<[Int]>()
    for sample in 0..<2000 {
      let corner = pad.corner(in: image.size, random: random(sample))
      seen.insert([corner.x, corner.y])
    }
    #expect(seen.count == 81 && seen.allSatisfy { (-4...4).contains($0[0]) && (-4...4).contains($0[1]) })
    let shifted = image.window(x: -3, y: 2, size: image.size, fill: pad.fill)
    #expect(shifted[0, 0] == RGBColour(1, 2, 3) && shifted[3, 0] == image[0, 2] && shifted[31, 29] == image[28, 31])
    #expect(shifted[5, 30] == RGBColour(1, 2, 3))
    #expect(image.window(x: 0, y: 0, size: image.size, fill: .black) == image)
  }

  @Test func thePolicyHasPublishedPairsAndRanges() {
    #expect(AutoAugmentPolicy.pairs.count == 25)
    #expect(AutoAugmentPolicy.pairs[3].first == AutoAugmentPolicy.Entry(.shearY, 0.5, 8))
    func operation(_ kind: AutoAugmentPolicy.Kind, _ magnitude: Int, _ isNegative: Bool = false) -> ImageOperation {
      AutoAugmentPolicy.operation(kind, magnitude: magnitude, isNegative: isNegative)
    }
    #expect(operation(.shearX, 9) == .shearX(0.3) && operation(.shearY, 0, true) == .shearY(0))
    #expect(operation(.translateX, 9, true) == .translateX(-150.0 / 331))
    #expect(operation(.rotate, 9, true) == .rotate(30) && operation(.rotate, 3) == .rotate(10))
    #expect((0...9).map { operation(.posterize, $0) } == [8, 8, 7, 7, 6, 6, 5, 5, 4, 4].map { .posterize($0) })
    #expect(operation(.solarize, 0) == .solarize(256) && operation(.solarize, 9) == .solarize(0))
    #expect(operation(.brightness, 9, true) == .brightness(1 - 0.9) && operation(.color, 9) == .color(1.9))
    let chosen = (0..<5000).map { AutoAugmentPolicy.operations(random: random($0)) }
    #expect(Set(chosen.map(\.count)) == [0, 1, 2])
    // The mean number of operations is that of the policy's probabilities.
    let expected = AutoAugmentPolicy.pairs.reduce(0.0) { $0 + $1.first.probability + $1.second.probability } / 25
    let mean = Double(chosen.map(\.count).reduce(0, +)) / 5000
    #expect(abs(mean - expected) < 0.05)
    #expect(!chosen.joined().contains(.shearX(0)))
  }

  @Test func cutoutIsClippedAsPublished() {
    let cutout = Cutout(length: 16)
    let size = ImageSize(width: 32, height: 32)
    // Rows, then columns, for centres (row, column).
    for (row, column, rows, columns) in [
      (0, 0, 0..<8, 0..<8), (8, 8, 0..<16, 0..<16), (16, 31, 8..<24, 23..<32), (31, 5, 23..<32, 0..<13),
    ] {
      let area = cutout.area(centreX: column, centreY: row, in: size)
      #expect(area.y == rows && area.x == columns)
    }
    let image = RGBImage(width: 32, height: 32, fill: .white)
    let black = (0..<400).map { sample in
      image.applying(.cutout(cutout), random: random(sample)).pixels.filter { $0 == 0 }.count / 3
    }
    #expect(black.allSatisfy { (64...256).contains($0) } && Set(black).count > 20)
  }

  @Test func mixingPlansArePermutationsWithOneShare() {
    let size = ImageSize(width: 32, height: 32)
    let mixup = Mixing(.mixup)
    let decision = mixup.decision(seed: 1, epoch: 2, step: 3, count: 6, size: size)
    #expect(decision.partners.sorted() == Array(0..<6) && decision.area == nil && (0...1).contains(decision.share))
    #expect(decision == mixup.decision(seed: 1, epoch: 2, step: 3, count: 6, size: size))
    #expect(decision != mixup.decision(seed: 1, epoch: 2, step: 4, count: 6, size: size))
    #expect(Mixing(.mixup, probability: 0).decision(seed: 1, epoch: 2, step: 3, count: 6, size: size) == Mixing.Decision(unmixed: 6))
    let cut = Mixing(.cutMix)
    for step in 0..<200 {
      let decision = cut.decision(seed: 1, epoch: 0, step: step, count: 4, size: size)
      guard let area = decision.area else {
        Issue.record("CutMix without a rectangle")
        continue
      }
      #expect(abs(decision.share - (1 - area.width * area.height / 1024)) < 1e-12)
    }
    // Published boxes: share, centre, columns and rows, share of the area that is left.
    let cases: [(Double, Int, Int, Range<Int>, Range<Int>, Double)] = [
      (0.6, 5, 20, 0..<15, 10..<30, 0.70703125), (0.1, 31, 0, 16..<32, 0..<15, 0.765625), (1, 10, 10, 10..<10, 10..<10, 1),
    ]
    for (share, x, y, columns, rows, left) in cases {
      let area = Mixing.area(share: share, centreX: x, centreY: y, in: size)
      #expect(area.columns(in: size) == columns && area.rows(in: size) == rows, "\(share)")
      #expect(abs(1 - area.width * area.height / 1024 - left) < 1e-9)
    }
  }

  @Test func mixedPlanesAreSharesOfBoth() {
    let size = ImageSize(width: 3, height: 2)
    let partner = (0..<12).map { Float(100 + $0) }
    func mixed(_ decision: Mixing.Decision) -> [Float] {
      var own = (0..<12).map { Float($0) }
      own.withUnsafeMutableBufferPointer { own in partner.withUnsafeBufferPointer { decision.mix(own, with: $0, size: size) } }
      return own
    }
    var decision = Mixing.Decision(unmixed: 2)
    #expect(mixed(decision) == (0..<12).map { Float($0) })
    decision.share = 0.25
    let quarter = (0..<12).map { (index: Int) -> Float in 0.25 * Float(index) + 0.75 * Float(100 + index) }
    #expect(mixed(decision) == quarter)
    decision.partners = [1, 0]
    #expect(decision.secondLabels([7, 9]).labels == [9, 7] && decision.secondLabels([7, 9]).shares == [0.75, 0.75])
    decision.area = PixelBox(x: 1..<3, y: 1..<2)
    #expect(mixed(decision) == [0, 1, 2, 3, 104, 105, 6, 7, 8, 9, 110, 111])
  }

  @Test func viewsAreFunctionsOfTheirKeyAndSizesAreKnown() throws {
    let steps: [ImageAugmentation.Step] = [
      .randomResizedCrop(RandomResizedCrop(size: ImageSize(width: 20, height: 16))), .horizontalFlip(0.5),
      .colourJitter(ColourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1), probability: 0.8), .grey(0.2),
      .blur(0.1...2, probability: 0.5), .rotation(degrees: 10, interpolation: .bilinear), .autoAugment, .cutout(Cutout(length: 6)),
    ]
    let augmentation = ImageAugmentation(steps, seed: 3)
    try augmentation.validate()
    let image = gentle(60, 40)
    let views = (0..<8).map { augmentation.view(of: image, epoch: 1, sample: 5, view: $0) }
    #expect(Set(views.map(\.pixels)).count == 8)
    #expect(views.allSatisfy { $0.size == augmentation.fixedOutputSize })
    #expect(augmentation.view(of: image, epoch: 1, sample: 5, view: 2) == views[2])
    // A view of the file is that of its pixels, where nothing is lost by decoding.
    let file = try EncodedImage(image.pngData(), name: "a")
    #expect(try augmentation.view(of: file, epoch: 1, sample: 5, view: 2) == views[2])
    let evaluation = ImageAugmentation([.resizeShortSide(20), .centreCrop(ImageSize(width: 16, height: 16))])
    let centre = evaluation.view(of: image, epoch: 0, sample: 0)
    #expect(centre == image.resized(width: 30, height: 20).cropped(x: 7..<23, y: 2..<18))
    #expect(try evaluation.view(of: file, epoch: 0, sample: 0) == centre)
    #expect(ImageAugmentation([.horizontalFlip(0.5)]).fixedOutputSize == nil)
  }

  @Test func aStepThatIsTakenOutChangesNoOther() {
    let flips = (0..<64).map { sample in
      let augmentation = ImageAugmentation([.horizontalFlip(0.5), .cutout(Cutout(length: 4))], seed: 9)
      return augmentation.view(of: pattern(8, 8), epoch: 0, sample: sample)
    }
    let fewer = (0..<64).map { sample in
      let augmentation = ImageAugmentation([.horizontalFlip(0.5)], seed: 9)
      return augmentation.view(of: pattern(8, 8), epoch: 0, sample: sample)
    }
    let mirrored = zip(flips, fewer).filter { long, short in
      (0..<64).allSatisfy { long[$0 % 8, $0 / 8] == short[$0 % 8, $0 / 8] || long[$0 % 8, $0 / 8] == .black }
    }
    #expect(mirrored.count == 64)
    #expect(Set(fewer.map(\.pixels)).count == 2)
  }

  @Test func wrongStepsAreRefusedByName() {
    func message(_ step: ImageAugmentation.Step) -> String {
      do {
        try ImageAugmentation([.horizontalFlip(0.5), step]).validate()
        return ""
      } catch { return (error as? LongtailError)?.message ?? "" }
    }
    #expect(message(.horizontalFlip(1.5)) == "augmentation: step 1: horizontalFlip: the probability is 1.5, not within 0...1")
    #expect(message(.cutout(Cutout(length: 0))).contains("cutout of 0 pixels"))
    #expect(message(.randomResizedCrop(RandomResizedCrop(size: ImageSize(width: 0, height: 4)))).contains("0 x 4"))
    #expect(
      message(.randomResizedCrop(RandomResizedCrop(size: ImageSize(width: 4, height: 4), area: 0...1))).contains("shares of the area"))
    #expect(message(.colourJitter(ColourJitter(hue: 0.7), probability: 1)).contains("hue is 0.7"))
    #expect(message(.resize(ImageSize(width: 4, height: 4))) == "")
  }

  @Test func planesAreNormalized() {
    let image = pattern(5, 4)
    var planes = [Float](repeating: 0, count: 60)
    planes.withUnsafeMutableBufferPointer { ImageNormalization.cifar.write(image, into: $0) }
    for channel in 0..<3 {
      for pixel in 0..<20 {
        let normalization = ImageNormalization.cifar
        let expected = (Double(image.pixels[3 * pixel + channel]) / 255 - normalization.mean[channel]) / normalization.deviation[channel]
        #expect(abs(Double(planes[20 * channel + pixel]) - expected) < 1e-6)
      }
    }
    var grey = [Float](repeating: 0, count: 20)
    grey.withUnsafeMutableBufferPointer { ImageNormalization.cifar.write(image, into: $0) }
    #expect(grey == Array(planes[0..<20]))
  }

  @Test func mapsComposeAndPerspectivesMeetTheirCorners() throws {
    let turn = PlaneMap.rotation(degrees: 31, centre: [6, 4])
    let slant = PlaneMap.shear(x: 0.2, y: -0.1)
    let corners: [SIMD2<Double>] = [[0, 0], [12, 1], [11, 9], [1, 8]]
    let goals: [SIMD2<Double>] = [[1, 0.5], [10, 0], [12, 8], [0, 9]]
    let perspective = try #require(PlaneMap.perspective(from: corners, to: goals))
    for (corner, goal) in zip(corners, goals) {
      let found = perspective(corner.x, corner.y)
      #expect(abs(found.x - goal.x) < 1e-9 && abs(found.y - goal.y) < 1e-9)
    }
    #expect(PlaneMap.perspective(from: [[0, 0], [1, 1], [2, 2], [0, 1]], to: goals) == nil)
    let both = turn.after(perspective).after(slant)
    for (x, y) in [(0.5, 0.5), (7.25, 3), (11, 8)] {
      let first = slant(x, y)
      let second = perspective(first.x, first.y)
      let third = turn(second.x, second.y)
      let found = both(x, y)
      #expect(abs(found.x - third.x) < 1e-9 && abs(found.y - third.y) < 1e-9)
    }
  }

  @Test func labelsFollowTheirPictures() throws {
    let image = pattern(17, 12)
    var labels = LabelImage(width: 17, height: 12)
    for index in labels.labels.indices { labels.labels[index] = image.pixels[3 * index] }
    let maps = [
      PlaneMap.rotation(degrees: 25, centre: [8.5, 6]), .translation(x: 3.2, y: -2), .scaling(x: 1.5, y: 0.7, centre: [4, 4]),
      PlaneMap(column: [1, 0.1, 0], row: [0, 1, 1], vanishing: [0.01, 0.02]), PlaneMap(column: [1e5, 1, 0], row: [1, 1e5, 0]),
    ]
    for map in maps {
      let size = ImageSize(width: 15, height: 14)
      let warped = image.warped(by: map, size: size, interpolation: .nearest, fill: RGBColour(200, 0, 0))
      let followed = labels.warped(by: map, size: size, fill: 200)
      #expect(followed.labels.indices.allSatisfy { followed.labels[$0] == warped.pixels[3 * $0] })
    }
    #expect(labels.warped(by: .translation(x: 20, y: 0)).labels.allSatisfy { $0 == LabelImage.ignored })
  }
}
