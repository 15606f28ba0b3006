import Testing

@testable import Images

@Suite struct RandomWarpTests {
  private let size = ImageSize(width: 40, height: 30)

  private func random(_ sample: Int, step: Int = 1) -> ViewRandom { ViewRandom(seed: 5, epoch: 0, sample: sample, step: step) }

  private func map(_ warp: RandomWarp, _ sample: Int, operations: [ImageOperation] = []) -> RandomWarp.Map? {
    warp.map(size: size, random: random(sample), gridRandom: random(sample, step: 2), operations: operations)
  }

  @Test func nothingAskedForIsNothingMoved() {
    #expect(map(RandomWarp(), 0) == nil && !RandomWarp().isNeeded)
    #expect(map(RandomWarp(), 0, operations: [.equalize]) == nil)
    var warp = RandomWarp()
    warp.perspective = .init(distortion: 0.5, probability: 0)
    warp.grid = .init(cells: 4, strength: 0.3, probability: 0)
    #expect(warp.isNeeded && (0..<20).allSatisfy { map(warp, $0) == nil })
  }

  @Test func turnsAndSlantsStayWithinTheirBoundsAndLeaveTheMiddle() throws {
    var warp = RandomWarp()
    warp.degrees = 20
    warp.shear = 0.2
    var largest = 0.0
    for sample in 0..<200 {
      guard case .plane(let plane) = try #require(map(warp, sample)) else {
        Issue.record("no plane")
        return
      }
      let middle = plane(20, 15)
      #expect(abs(middle.x - 20) < 1e-9 && abs(middle.y - 15) < 1e-9)
      var turn = RandomWarp()
      turn.degrees = 20
      guard case .plane(let alone) = try #require(map(turn, sample)) else {
        Issue.record("no plane")
        return
      }
      largest = max(largest, abs(alone.column.y))
      #expect(alone.column.x >= cosineOfTwentyDegrees - 1e-12, "the shear does not change what angle is drawn")
    }
    #expect(largest > 0.31 && largest <= 0.342_020_144)
  }

  private let cosineOfTwentyDegrees = 0.939_692_620_785_908

  @Test func perspectivesShowTheWholePictureWithinMovedCorners() throws {
    var warp = RandomWarp()
    warp.perspective = .init(distortion: 0.6, probability: 0.5)
    var count = 0
    for sample in 0..<400 {
      guard let map = map(warp, sample) else { continue }
      guard case .plane(let plane) = map else {
        Issue.record("no plane")
        return
      }
      count += 1
      // The result's corners lie outside the image or at its corners: the image's corners move inward.
      for (x, y) in [(0.0, 0.0), (40, 0), (40, 30), (0, 30)] {
        let source = plane(x, y)
        let isOutside = source.x <= 1e-9 || source.x >= 40 - 1e-9 || source.y <= 1e-9 || source.y >= 30 - 1e-9
        #expect(isOutside)
      }
      let middle = plane(20, 15)
      #expect((0...40).contains(middle.x) && (0...30).contains(middle.y))
    }
    #expect(abs(count - 200) < 50)
  }

  @Test func oneMapHoldsAllMovesAndIsTheSameForLabels() throws {
    var warp = RandomWarp()
    warp.degrees = 90
    let operations: [ImageOperation] = [.translateX(0.1), .invert, .rotate(7)]
    guard case .plane(let all) = try #require(map(warp, 3, operations: operations)), case .plane(let turn) = try #require(map(warp, 3))
    else {
      Issue.record("no planes")
      return
    }
    let expected = turn.after(.translation(x: 4, y: 0)).after(.rotation(degrees: 7, centre: size.middle))
    #expect(all == expected)
    // An image whose red is its class, moved by the nearest pixel: labels lie where the image does.
    var labels = LabelImage(width: 40, height: 30)
    var image = RGBImage(width: 40, height: 30)
    for y in 0..<30 {
      for x in 0..<40 {
        labels[x, y] = UInt8((x / 5 + y / 4) % 6)
        image[x, y] = RGBColour(labels[x, y], 0, 0)
      }
    }
    warp.degrees = 35
    warp.shear = 0.3
    warp.perspective = .init(distortion: 0.4, probability: 1)
    for grid in [nil, RandomWarp.Grid(cells: 4, strength: 0.3, probability: 1)] {
      warp.grid = grid
      for sample in 0..<10 {
        let map = try #require(self.map(warp, sample))
        let moved = labels.warped(by: map)
        let pixels: RGBImage
        switch map {
        case .plane(let plane): pixels = image.warped(by: plane, interpolation: .nearest, fill: .white)
        case .mesh(let mesh): pixels = image.warped(by: mesh, interpolation: .nearest, fill: .white)
        }
        #expect((0..<1200).allSatisfy { moved.labels[$0] == pixels.pixels[3 * $0] })
        #expect(moved.labels.contains(255) && moved.labels.contains { $0 != 255 })
      }
    }
  }

  @Test func gridsKeepTheirBorderAndFoldNowhere() {
    let mesh = WarpMesh(cells: 5, size: size).distorted(strength: 0.49, random: random(8))
    let plain = WarpMesh(cells: 5, size: size)
    #expect(plain.columns == [0, 8, 16, 24, 32, 40] && plain.corners[7] == SIMD2(8, 6))
    for row in 0..<6 {
      for column in 0..<6 {
        let (moved, rest) = (mesh.corners[row * 6 + column], plain.corners[row * 6 + column])
        if row == 0 || row == 5 || column == 0 || column == 5 { #expect(moved == rest) } else { #expect(moved != rest) }
        if column > 0 { #expect(moved.x > mesh.corners[row * 6 + column - 1].x) }
        if row > 0 { #expect(moved.y > mesh.corners[(row - 1) * 6 + column].y) }
      }
    }
    let image = pattern(40, 30)
    #expect(image.warped(by: plain, interpolation: .bilinear) == image)
    #expect(WarpMesh(cells: 9, size: ImageSize(width: 3, height: 1)).columns == [0, 1, 2, 3], "at most a cell a pixel")
    // Behind a turn, every corner looks up what the turn gives there.
    let turn = PlaneMap.rotation(degrees: 30, centre: size.middle)
    let place = turn(mesh.corners[14].x, mesh.corners[14].y)
    #expect(mesh.after(turn).corners[14] == SIMD2(place.x, place.y))
  }

  @Test func tonesStayWithinTheirBoundsAndLeaveWhatIsNotAskedFor() {
    let image = gentle(30, 20)
    #expect(RandomTones().applied(to: image, random: random(0), noiseRandom: random(0, step: 2)) == image)
    var tones = RandomTones()
    tones.gamma = 0.5...2
    var brighter = 0
    for sample in 0..<200 {
      let result = tones.applied(to: image, random: random(sample), noiseRandom: random(sample, step: 2))
      #expect(zip(result.pixels, image.withGamma(2).pixels).allSatisfy { $0 >= $1 })
      #expect(zip(result.pixels, image.withGamma(0.5).pixels).allSatisfy { $0 <= $1 })
      if result.pixels.reduce(0, { $0 + Int($1) }) > image.pixels.reduce(0, { $0 + Int($1) }) { brighter += 1 }
    }
    #expect(abs(brighter - 100) < 40, "powers are as often below 1 as above")
    tones = RandomTones()
    tones.blur = .init(deviation: 1...1, probability: 0.25)
    let blurred = (0..<400).filter { tones.applied(to: image, random: random($0), noiseRandom: random($0, step: 2)) != image }
    #expect(abs(blurred.count - 100) < 40)
    #expect(
      tones.applied(to: image, random: random(blurred[0]), noiseRandom: random(0)) == image.blurred(deviation: 1))
  }

  @Test func noiseHasItsMeanAndDeviation() {
    let image = RGBImage(width: 100, height: 80, fill: RGBColour(128, 128, 128))
    let noisy = image.withNoise(deviation: 9, random: random(1))
    let values = noisy.pixels.map { Double($0) - 128 }
    let mean = values.reduce(0, +) / 24000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 24000
    // Rounding adds a twelfth; the table's ends take less than a thousandth.
    #expect(abs(mean) < 4 * 9 / 24000.0.squareRoot())
    #expect(abs(variance - 81 - 1.0 / 12) < 81 * 4 * (2 / 24000.0).squareRoot())
    #expect(image.withNoise(deviation: 9, random: random(2)) != noisy && image.withNoise(deviation: 0, random: random(2)) == image)
  }

  @Test func policiesDrawTheirOperationsWithTheirStrength() {
    var kinds = Set<String>()
    for sample in 0..<600 {
      let operations = AugmentationPolicy(.randAugment, operations: 3, magnitude: 10).operations(random: random(sample))
      #expect(operations.count <= 3)
      for operation in operations {
        kinds.insert("\(operation)".split(separator: "(").first.map(String.init) ?? "")
        if case .rotate(let degrees) = operation { #expect(abs(degrees) == 30) }
        if case .shearX(let slope) = operation { #expect(abs(slope) == 0.3) }
      }
      #expect(AugmentationPolicy(.trivialAugment).operations(random: random(sample)).count <= 1)
    }
    #expect(kinds.count == AugmentationPolicy.choices.count)
    let chances = (0..<1000).filter { !AugmentationPolicy(.randAugment, probability: 0.5).operations(random: random($0)).isEmpty }.count
    // Two of fourteen choices that may both be nothing.
    #expect(abs(Double(chances) - 1000 * 0.5 * (1 - 1.0 / 196)) < 64)
    #expect(AugmentationPolicy(.autoAugment).operations(random: random(3)) == AutoAugmentPolicy.operations(random: random(3).after(64)))
  }
}
