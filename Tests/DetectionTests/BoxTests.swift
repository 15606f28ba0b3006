import Foundation
import Kernels
import Tensors
import TestSupport
import Testing
import Threading

@testable import Detection

/// Boxes, anchors, matching and drawing.
@Suite(.serialized, .computePool) struct BoxTests {
  @Test(arguments: RegionValues.all) func codesAndBoxes(_ values: RegionValues) throws {
    let part = try values.dictionary("boxes")
    let (anchors, targets) = (try part.boxes("anchors"), try part.boxes("targets"))
    let deltas = try part.matrix("deltas").map { SIMD4(numbers: $0) }
    for (name, coder) in [("rpn", BoxCoder.anchors), ("roi", .proposals)] {
      let encoded = zip(targets, anchors).flatMap { coder.encode($0, against: $1).numbers }
      expectClose(encoded, try part.flat("encoded_\(name)"), 1e-5, "encoded \(name)")
      let decoded = zip(deltas, anchors).flatMap { coder.decode($0, against: $1).numbers }
      expectClose(decoded, try part.flat("decoded_\(name)"), 1e-5, "decoded \(name)")
      for (target, anchor) in zip(targets, anchors) {
        expectClose(coder.decode(coder.encode(target, against: anchor), against: anchor).numbers, target.numbers, 1e-5, "there and back")
      }
    }
    let clipped = zip(deltas, anchors).flatMap { BoxCoder.anchors.decode($0, against: $1).clipped(width: 80, height: 50).numbers }
    expectClose(clipped, try part.flat("clipped_to_height_50_width_80"), 1e-5)
    let overlaps = targets.flatMap { target in anchors.map { target.intersectionOverUnion(with: $0) } }
    expectClose(overlaps, try part.flat("iou"), 1e-6)
  }

  @Test func gradientsOfDecodingAreDifferences() {
    let anchor = CornerBox(3, 5, 40, 21)
    for coder in [BoxCoder.anchors, .proposals] {
      for code in [SIMD4<Float>(0.3, -0.2, 0.5, -0.7), SIMD4(-2, 1, 30, 0.1)] {
        let seed = SIMD4<Float>(0.7, -1.1, 0.4, 0.9)
        let gradient = coder.gradient(byEdges: seed, code: code, against: anchor)
        for number in 0..<4 {
          let step: Float = 1e-2
          var (up, down) = (code, code)
          up[number] += step
          down[number] -= step
          let (a, b) = (coder.decode(up, against: anchor).numbers, coder.decode(down, against: anchor).numbers)
          var difference: Float = 0
          for k in 0..<4 { difference += seed[k] * (a[k] - b[k]) / (2 * step) }
          #expect(abs(gradient[number] - difference) <= 2e-3 * max(1, abs(difference)), "\(number): \(gradient[number]), \(difference)")
        }
      }
    }
  }

  @Test(arguments: RegionValues.all) func anchorsOfEveryLevel(_ values: RegionValues) throws {
    let part = try values.dictionary("anchors")
    let image = try part.integers("image")
    for name in ["rpn", "retinanet"] {
      let levels: [[String: Any]] = try part.value(name)
      let generator = AnchorGenerator(sizes: try levels.map { try $0.numbers("sizes").map(Float.init) })
      let extents = try levels.map { try $0.integers("feature") }
      let grid = generator.grid(width: image[1], height: image[0], levels: extents.map { (height: $0[0], width: $0[1]) })
      #expect(grid.levels.count == levels.count)
      for (place, level) in zip(grid.levels, levels) {
        let own = Array(grid.anchors[place.first..<place.first + place.count])
        #expect(place.count == (try level.value("count", as: Int.self)))
        let cell = generator.cells[grid.levels.firstIndex(of: place) ?? 0]
        #expect(cell.flatMap(\.numbers) == (try level.flat("cell")), "\(name)")
        #expect(own.prefix(3).flatMap(\.numbers) == (try level.flat("first")))
        #expect(own.last?.numbers == (try level.flat("last")))
        let sum = own.reduce(into: [Double](repeating: 0, count: 4)) { sum, box in
          for (k, number) in box.numbers.enumerated() { sum[k] += Double(number) }
        }
        #expect(sum == (try level.numbers("sum")), "\(name)")
      }
      for anchor in stride(from: 0, to: grid.anchors.count, by: 7) {
        let place = grid.place(of: anchor)
        let level = grid.levels[place.level]
        #expect(level.first + place.row * level.anchorsPerCell + place.anchor == anchor)
        #expect(place.row < level.height * level.width && place.anchor < level.anchorsPerCell)
      }
    }
  }

  @Test(arguments: RegionValues.all) func matches(_ values: RegionValues) throws {
    let cases: [[String: Any]] = try values.dictionary("matching").value("matcher")
    for entry in cases {
      let table = try entry.matrix("iou")
      let matcher = BoxMatcher(
        high: try entry.value("high", as: NSNumber.self).floatValue, low: try entry.value("low", as: NSNumber.self).floatValue,
        keepsBest: try entry.value("keep_best"))
      var result = [Int32](repeating: 7, count: table[0].count)
      result.withUnsafeMutableBufferPointer { result in
        table.flatMap { $0.map(Float.init) }.withUnsafeBufferPointer { matcher.match(overlaps: $0, targets: table.count, into: result) }
      }
      #expect(result.map(Int.init) == (try entry.integers("result")), "\(entry["case"] ?? "")")
    }
  }

  /// Anchors of an image at any number of threads; without boxes everything is background.
  @Test func matchesOfBoxesAreThoseOfTheirTable() {
    let grid = AnchorGenerator(sizes: [[16], [32]]).grid(width: 96, height: 64, levels: [(16, 24), (8, 12)])
    let targets = [CornerBox(4, 4, 30, 28), CornerBox(40, 10, 90, 60), CornerBox(41, 11, 89, 61)]
    var results: [[Int32]] = []
    for threads in [1, 2, 3] {
      ComputePool.configure(threadCount: threads)
      var own = [Int32](repeating: 9, count: grid.anchors.count)
      own.withUnsafeMutableBufferPointer { own in
        grid.anchors.withUnsafeBufferPointer { anchors in
          targets.withUnsafeBufferPointer { BoxMatcher.anchors.match(anchors, to: $0, into: own) }
        }
      }
      results.append(own)
    }
    ComputePool.configure(threadCount: 1)
    #expect(results[0] == results[1] && results[0] == results[2])
    var byTable = [Int32](repeating: 9, count: grid.anchors.count)
    byTable.withUnsafeMutableBufferPointer { byTable in
      targets.flatMap { target in grid.anchors.map { target.intersectionOverUnion(with: $0) } }.withUnsafeBufferPointer {
        BoxMatcher.anchors.match(overlaps: $0, targets: targets.count, into: byTable)
      }
    }
    #expect(results[0] == byTable)
    #expect(Set(results[0]) == [-2, -1, 0, 1, 2])
    var empty = [Int32](repeating: 9, count: grid.anchors.count)
    empty.withUnsafeMutableBufferPointer { empty in
      grid.anchors.withUnsafeBufferPointer { anchors in
        [CornerBox]().withUnsafeBufferPointer { BoxMatcher.anchors.match(anchors, to: $0, into: empty) }
      }
    }
    #expect(empty.allSatisfy { $0 == BoxMatcher.Match.background })
  }

  @Test(arguments: RegionValues.all) func draws(_ values: RegionValues) throws {
    let part = try values.dictionary("matching", "sampler")
    // There, classes count from 1, 0 is background and -1 is left out.
    let matches = try part.integers("labels").map { Int32($0 >= 1 ? $0 - 1 : $0 == 0 ? -1 : -2) }
    let numbers = try part.numbers("u").map { UInt32(min(4_294_967_295, $0 * 4_294_967_296)) }
    func drawn(_ size: Int, _ fraction: Double) -> [Int] {
      var (keys, result) = ([UInt64](), [Int]())
      matches.withUnsafeBufferPointer {
        BalancedSampler(size: size, fraction: fraction).sample($0, keys: &keys, number: { numbers[$0] }) { result.append($0) }
      }
      return result
    }
    #expect(
      drawn(try part.value("size"), try part.value("fraction", as: NSNumber.self).doubleValue)
        == (try part.integers("positive")) + (try part.integers("negative")))
    let (size, key) = values.name == "shared" ? (8, "size_8_fraction_0.25") : (16, "size_16_fraction_0.25")
    let other = try #require(part[key] as? [String: Any])
    #expect(drawn(size, 0.25) == (try other.integers("positive")) + (try other.integers("negative")))
  }

  @Test func drawnBoxesDependOnSeedEpochSampleAndStageAlone() {
    let matches = (0..<4000).map { Int32($0 % 7 == 0 ? $0 % 3 : -1) }
    func drawn(_ seed: UInt64, _ epoch: Int, _ sample: Int, _ stage: BalancedSampler.Stage, occurrence: Int = 0) -> [Int] {
      var (keys, result) = ([UInt64](), [Int]())
      let random = CounterRandom(seed: seed, purpose: .regions, epoch: epoch, sample: sample)
      matches.withUnsafeBufferPointer {
        BalancedSampler.anchors.sample($0, random: random, stage: stage, occurrence: occurrence, keys: &keys) { result.append($0) }
      }
      return result
    }
    let first = drawn(1, 2, 3, .anchors)
    #expect(first == drawn(1, 2, 3, .anchors))
    #expect(first.count == 256 && Set(first).count == 256 && first.filter { matches[$0] >= 0 }.count == 128)
    var seen = [first]
    for other in [
      drawn(2, 2, 3, .anchors), drawn(1, 1, 3, .anchors), drawn(1, 2, 4, .anchors), drawn(1, 2, 3, .proposals),
      // A sampler has repeated the image.
      drawn(1, 2, 3, .anchors, occurrence: 1), drawn(1, 2, 3, .proposals, occurrence: 1), drawn(1, 2, 3, .anchors, occurrence: 2),
    ] {
      #expect(!seen.contains(other) && other.count == 256)
      seen.append(other)
    }
    // Places are drawn evenly: quarters of the list, over many samples.
    var quarters = [Int](repeating: 0, count: 4)
    for sample in 0..<100 { for place in drawn(1, 0, sample, .anchors) { quarters[place / 1000] += 1 } }
    #expect(quarters.allSatisfy { abs($0 - 6400) < 320 }, "\(quarters)")
  }

  @Test func smallestKeysComeInOrder() {
    var random = TestRandom(3)
    for count in [0, 1, 2, 3, 10, 100, 1000] {
      for wanted in [0, 1, 2, count / 2, count - 1, count, count + 3] where wanted >= 0 {
        let keys = (0..<count).map { KeySelection.descending(Float(UInt8.random(in: 0...20, using: &random)) - 10, place: $0) }
        var moved = keys
        moved.withUnsafeMutableBufferPointer { KeySelection.moveSmallest(wanted, of: $0) }
        #expect(Array(moved.prefix(wanted)) == Array(keys.sorted().prefix(wanted)))
        #expect(moved.sorted() == keys.sorted())
      }
    }
    let scores: [Float] = [1, -.infinity, .nan, 0, -0.0, 3, .infinity, -2]
    let order = scores.indices.map { KeySelection.descending(scores[$0], place: $0) }.sorted().map { KeySelection.place($0) }
    #expect(order == [6, 5, 0, 3, 4, 7, 1, 2])
  }

  @Test(.enabled(if: TestFiles.hasShared, "there is no ../shared")) func preparedSizes() throws {
    let shared = try #require(RegionValues.all.last)
    let part = try shared.dictionary("preparation")
    for (key, shorter, longer) in [("min_800_max_1333", 800, 1333), ("min_320_max_448", 320, 448)] {
      let sizes = try #require(part[key] as? [String: [Int]])
      #expect(sizes.count == 10)
      for (name, expected) in sizes {
        let own = name.split(separator: "x").compactMap { Int($0) }
        let size = BoxGeometry.preparedSize(width: own[1], height: own[0], shorter: shorter, longer: longer)
        #expect([size.height, size.width] == expected, "\(name)")
      }
    }
    // Images are enlarged and made smaller without averaging.
    let bilinear = try shared.dictionary("preparation", "bilinear")
    let x = TestFeatures(images: 1, channels: 1, height: 4, width: 6, block: 1, values: try bilinear.flat("input"))
    for (key, height, width) in [("to_7x9", 7, 9), ("to_3x4_without_antialiasing", 3, 4)] {
      let y = TestFeatures(images: 1, channels: 1, height: height, width: width, block: 1)
      let loops = try #require(BilinearLoops(from: x.blocks, to: y.blocks))
      loops.forward(try x.region(), into: try y.region())
      expectClose(y.values, try bilinear.flat(key), 1e-6, key)
    }
  }

  @Test func boxesFollowTheirImage() throws {
    #expect(BoxGeometry.preparedSize(width: 640, height: 480, shorter: 800, longer: 1333) == (1066, 800))
    var geometry = BoxGeometry(from: (width: 100, height: 50), to: (width: 200, height: 150))
    let box = CornerBox(10, 5, 30, 20)
    #expect(geometry.apply(box) == CornerBox(20, 15, 60, 60))
    geometry.isFlipped = true
    #expect(geometry.apply(box) == CornerBox(140, 15, 180, 60))
    geometry.origin = (x: 30, y: -10)
    geometry.size = (width: 100, height: 180)
    let cut = try #require(geometry.apply(box))
    #expect(cut == CornerBox(70, 25, 100, 70))
    // What is not cut away goes back to where it came from; the rest is lost.
    #expect(geometry.invert(cut) == CornerBox(15, 5, 30, 20))
    // A quarter of it stays, then less.
    geometry.origin.x = 50
    #expect(geometry.apply(box) != nil)
    geometry.origin.x = 51
    #expect(geometry.apply(box) == nil)
    #expect(geometry.apply(CornerBox(200, 5, 210, 9)) == nil)
    #expect(geometry.apply(CornerBox(40, 5, 40, 9)) == nil)
  }

  /// Drawn pixels and boxes are cut and flipped alike: what is inside a box before is inside its image afterwards.
  @Test func pixelsStayInTheirBoxes() {
    var random = TestRandom(11)
    for _ in 0..<200 {
      var geometry = BoxGeometry(
        from: (width: Int.random(in: 20...90, using: &random), height: Int.random(in: 20...90, using: &random)),
        to: (width: Int.random(in: 20...90, using: &random), height: Int.random(in: 20...90, using: &random)))
      geometry.origin = (x: Int.random(in: -20...20, using: &random), y: Int.random(in: -20...20, using: &random))
      geometry.size = (width: Int.random(in: 20...90, using: &random), height: Int.random(in: 20...90, using: &random))
      geometry.isFlipped = Bool.random(using: &random)
      geometry.minimumShare = 0
      geometry.minimumSide = 0
      let left = Float.random(in: 0...10, using: &random)
      let top = Float.random(in: 0...10, using: &random)
      let box = CornerBox(left, top, left + Float.random(in: 2...9, using: &random), top + Float.random(in: 2...9, using: &random))
      let point = (x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2)
      let scale = (
        x: Float(geometry.scaled.width) / Float(geometry.source.width), y: Float(geometry.scaled.height) / Float(geometry.source.height)
      )
      var moved = (x: point.x * scale.x - Float(geometry.origin.x), y: point.y * scale.y - Float(geometry.origin.y))
      if geometry.isFlipped { moved.x = Float(geometry.size.width) - moved.x }
      let isInside =
        moved.x > 0 && moved.y > 0 && moved.x < Float(geometry.size.width) && moved.y < Float(geometry.size.height)
      guard let result = geometry.apply(box) else {
        #expect(!isInside)
        continue
      }
      if isInside { #expect(result.left <= moved.x && result.right >= moved.x && result.top <= moved.y && result.bottom >= moved.y) }
      #expect(result.left >= 0 && result.top >= 0)
      #expect(result.right <= Float(geometry.size.width) && result.bottom <= Float(geometry.size.height))
    }
  }
}
