import Foundation
import Kernels
import Tensors
import TestSupport
import Testing
import Threading

@testable import Detection

/// Suppression, proposals, RoIAlign and what becomes an image's objects.
@Suite(.serialized, .computePool) struct RegionTests {
  @Test(arguments: RegionValues.all) func suppression(_ values: RegionValues) throws {
    let part = try values.dictionary("nms")
    let (boxes, scores) = (try part.boxes("boxes"), try part.flat("scores"))
    let classes = try part.integers("classes").map(Int32.init)
    for threads in [1, 2, 3] {
      ComputePool.configure(threadCount: threads)
      for (threshold, kept) in try #require(part["keep"] as? [String: [Int]]) {
        #expect(BoxSuppression.keep(boxes, scores: scores, threshold: Double(threshold) ?? .nan) == kept, "\(threshold)")
      }
      for (threshold, kept) in try #require(part["by_class"] as? [String: [Int]]) {
        #expect(
          BoxSuppression.keep(boxes, scores: scores, groups: classes, threshold: Double(threshold) ?? .nan) == kept, "\(threshold)")
      }
    }
    ComputePool.configure(threadCount: 1)
  }

  /// Many boxes in many groups against the definition, one pair at a time.
  @Test func suppressionOfManyBoxes() {
    var random = TestRandom(4)
    let boxes = (0..<700).map { _ -> CornerBox in
      let (x, y) = (Float.random(in: 0...30, using: &random), Float.random(in: 0...30, using: &random))
      return CornerBox(x, y, x + Float.random(in: 0...20, using: &random), y + Float.random(in: 0...20, using: &random))
    }
    let scores = boxes.map { _ in Float(Int.random(in: 0...50, using: &random)) / 50 }
    let groups = boxes.map { _ in Int32.random(in: 0...5, using: &random) }
    var expected: [Int] = []
    for place in boxes.indices.sorted(by: { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }) {
      let isFree = expected.allSatisfy {
        groups[$0] != groups[place] || !(Double(boxes[$0].intersectionOverUnion(with: boxes[place])) > 0.4)
      }
      if isFree { expected.append(place) }
    }
    ComputePool.configure(threadCount: 3)
    #expect(BoxSuppression.keep(boxes, scores: scores, groups: groups, threshold: 0.4) == expected)
    ComputePool.configure(threadCount: 1)
    #expect(BoxSuppression.keep(boxes, scores: scores, groups: groups, threshold: 0.4) == expected)
    #expect(expected.count > 50 && expected.count < 600)
  }

  @Test(arguments: RegionValues.all) func proposals(_ values: RegionValues) throws {
    let part = try values.dictionary("nms", "proposals")
    let size = try part.integers("image")
    let padded = part["padded"] == nil ? size : try part.integers("padded")
    let levels: [[String: Any]] = try part.value("levels")
    let generator = AnchorGenerator(sizes: try levels.map { [Float(try $0.value("size", as: Int.self))] })
    let extents = try levels.map { try $0.integers("feature") }
    let logits: [[NSNumber]] = try part.value("objectness")
    let codes: [[[NSNumber]]] = try part.value("deltas")
    for (threads, block, isPacked) in [(1, 8, false), (3, 8, false), (1, 1, false), (2, 8, true)] {
      ComputePool.configure(threadCount: threads)
      let grid = generator.grid(
        width: padded[1], height: padded[0], levels: extents.map { (height: $0[0], width: $0[1]) }, isPacked: isPacked)
      // The second of two images; a row a cell, a channel an anchor.
      let scoreRows = zip(logits, grid.levels).map { numbers, level in
        features(level, channels: 3, block: block) { cell, channel in numbers[3 * cell + channel].floatValue }
      }
      let codeRows = zip(codes, grid.levels).map { numbers, level in
        features(level, channels: 12, block: block) { cell, channel in numbers[3 * cell + channel / 4][channel % 4].floatValue }
      }
      var found: [ScoredBox] = []
      let (scorePorts, codePorts) = isPacked ? ([pack(scoreRows)], [pack(codeRows)]) : (scoreRows, codeRows)
      try ProposalSelector().select(
        scores: scorePorts.map(\.rows), codes: codePorts.map(\.rows), grid: grid, image: 1, size: (width: size[1], height: size[0]),
        settings: .init(
          perLevel: try part.value("before_nms_per_level"), count: try part.value("after_nms"),
          threshold: try part.value("nms", as: NSNumber.self).doubleValue), into: &found)
      expectClose(found.flatMap(\.box.numbers), try part.flat("boxes"), 3e-6)
      expectClose(found.map(\.score), try part.flat("scores"), 1e-6)
      #expect(found.map(\.level) == (try part.integers("level")))
    }
    ComputePool.configure(threadCount: 1)
  }

  /// All levels in one activation.
  private func pack(_ levels: [TestFeatures]) -> TestFeatures {
    let packed = PackedLevels(levels.map { (height: $0.blocks.height, width: $0.blocks.width) })
    let first = levels[0].blocks
    let whole = TestFeatures(
      images: first.images, channels: first.channels, height: packed.height, width: packed.width, block: first.block)
    if let region = try? whole.region() {
      packed.pack(levels.compactMap { level in (try? level.region()).map { ($0, level.blocks) } }, into: region, whole.blocks)
    }
    return whole
  }

  private func features(
    _ level: AnchorGrid.Level, channels: Int, block: Int, _ number: (Int, Int) -> Float
  ) -> TestFeatures {
    let cells = level.height * level.width
    var values = [Float](repeating: 50, count: 2 * channels * cells)
    for channel in 0..<channels { for cell in 0..<cells { values[(channels + channel) * cells + cell] = number(cell, channel) } }
    return TestFeatures(images: 2, channels: channels, height: level.height, width: level.width, block: block, values: values)
  }

  @Test(arguments: RegionValues.all, [1, 2, 8]) func regionAlignment(_ values: RegionValues, _ block: Int) throws {
    let part = try values.dictionary("roi_align")
    let pooled = try part.integers("pooled")
    let input: [[[[NSNumber]]]] = try part.value("input")
    let (channels, height, width) = (input[0].count, input[0][0].count, input[0][0][0].count)
    let regions = try part.matrix("rois_index_x1_y1_x2_y2").map {
      RegionAlignment.Region(
        image: Int32($0[0]), level: 0, left: Float($0[1]), top: Float($0[2]), right: Float($0[3]), bottom: Float($0[4]))
    }
    let x = TestFeatures(
      images: input.count, channels: channels, height: height, width: width, block: block, values: try part.flat("input"))
    for threads in [1, 3] {
      ComputePool.configure(threadCount: threads)
      for (key, sampling) in [
        ("output", RegionAlignment.Sampling.torchvision), ("output_aligned", .init(samples: 2, isAligned: true)),
        ("output_adaptive", .init(samples: 0, isAligned: false)),
      ] {
        let y = TestFeatures(images: regions.count, channels: channels, height: pooled[0], width: pooled[1], block: block)
        let alignment = try #require(
          RegionAlignment(
            levels: [x.blocks], scales: [try part.value("scale", as: NSNumber.self).floatValue], output: y.blocks, sampling: sampling))
        try regions.withUnsafeBufferPointer { try alignment.forward([x.region()], $0, into: y.region()) }
        expectClose(y.values, try part.flat(key), 3e-6, key)
      }
      let seed = TestFeatures(
        images: regions.count, channels: channels, height: pooled[0], width: pooled[1], block: block, values: try part.flat("seed"))
      let gradient = TestFeatures(
        images: input.count, channels: channels, height: height, width: width, block: block,
        values: [Float](repeating: 9, count: input.count * channels * height * width))
      let alignment = try #require(RegionAlignment(levels: [x.blocks], scales: [0.25], output: seed.blocks))
      try regions.withUnsafeBufferPointer { try alignment.backward(gradient: seed.region(), $0, into: [gradient.region()]) }
      expectClose(gradient.values, try part.flat("gradient"), 3e-6, "gradient")
    }
    ComputePool.configure(threadCount: 1)
  }

  @Test(arguments: RegionValues.all) func levels(_ values: RegionValues) throws {
    let part = try values.dictionary("roi_align", "level")
    #expect(try part.boxes("boxes").map { PyramidLevels.fasterRCNN.level(of: $0) } == (try part.integers("level_from_0")))
    #expect(PyramidLevels.fasterRCNN.level(of: CornerBox(3, 3, 3, 3)) == 0)
    #expect(PyramidLevels.fasterRCNN.scales == [0.25, 0.125, 0.0625, 0.03125])
  }

  /// Several levels, rows without a region, any number of threads: forward and its transpose are one bilinear form, to the bit at any
  /// number of threads.
  @Test func regionsOfAPyramid() throws {
    var random = TestRandom(8)
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &random) } }
    let sizes = [(24, 32), (12, 16), (6, 8)]
    let channels = 20
    let features = sizes.map { size in
      TestFeatures(
        images: 2, channels: channels, height: size.0, width: size.1, block: 8, values: numbers(2 * channels * size.0 * size.1))
    }
    let pyramid = PyramidLevels(first: 2, last: 4)
    var regions = (0..<40).map { row -> RegionAlignment.Region in
      let (x, y) = (Float.random(in: -5...110, using: &random), Float.random(in: -5...80, using: &random))
      let box = CornerBox(x, y, x + Float.random(in: 1...120, using: &random), y + Float.random(in: 1...90, using: &random))
      var region = pyramid.region(box, image: row % 2)
      region.level = Int32(row % 3)
      return region
    }
    regions[7] = .absent
    let seed = TestFeatures(images: 40, channels: channels, height: 7, width: 7, block: 8, values: numbers(40 * channels * 49))
    let alignment = try #require(
      RegionAlignment(levels: features.map(\.blocks), scales: pyramid.scales, output: seed.blocks))
    var outputs: [[Float]] = []
    var gradients: [[[Float]]] = []
    for threads in [1, 2, 3, 5] {
      ComputePool.configure(threadCount: threads)
      let y = TestFeatures(
        images: 40, channels: channels, height: 7, width: 7, block: 8, values: [Float](repeating: 3, count: 40 * channels * 49))
      let own = features.map {
        TestFeatures(images: 2, channels: channels, height: $0.blocks.height, width: $0.blocks.width, block: 8)
      }
      try regions.withUnsafeBufferPointer { regions in
        try alignment.forward(features.map { try $0.region() }, regions, into: y.region())
        try alignment.backward(gradient: seed.region(), regions, into: own.map { try $0.region() })
      }
      outputs.append(y.values)
      gradients.append(own.map(\.values))
    }
    ComputePool.configure(threadCount: 1)
    #expect(outputs.allSatisfy { $0 == outputs[0] } && gradients.allSatisfy { $0 == gradients[0] })
    #expect(outputs[0][7 * channels * 49..<8 * channels * 49].allSatisfy { $0 == 0 })
    // <seed, forward x> = <backward seed, x>.
    func product(_ a: [Float], _ b: [Float]) -> Double {
      var sum = 0.0
      for (x, y) in zip(a, b) { sum += Double(x) * Double(y) }
      return sum
    }
    let left = product(seed.values, outputs[0])
    var right = 0.0
    for (level, gradient) in zip(features, gradients[0]) { right += product(level.values, gradient) }
    #expect(abs(left - right) < 1e-4 * max(1, abs(left)), "\(left), \(right)")
  }

  /// The gradient of RoIAlign is that of differences, which are exact up to rounding: the output is linear in the features.
  @Test func gradientOfRegionAlignmentIsDifferences() throws {
    var random = TestRandom(9)
    let count = 2 * 3 * 6 * 7
    let values = (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
    let regions = [
      RegionAlignment.Region(image: 0, level: 0, left: 2, top: 3, right: 20, bottom: 17),
      RegionAlignment.Region(image: 1, level: 0, left: -6, top: 9, right: 40, bottom: 33),
    ]
    let seed = TestFeatures(
      images: 2, channels: 3, height: 3, width: 2, block: 8, values: (0..<36).map { _ in Float.random(in: -1...1, using: &random) })
    let shape = TestFeatures(images: 2, channels: 3, height: 6, width: 7, block: 8)
    let alignment = try #require(RegionAlignment(levels: [shape.blocks], scales: [0.25], output: seed.blocks))
    try regions.withUnsafeBufferPointer { try alignment.backward(gradient: seed.region(), $0, into: [shape.region()]) }
    let gradient = shape.values
    func value(_ values: [Float]) throws -> Double {
      let x = TestFeatures(images: 2, channels: 3, height: 6, width: 7, block: 8, values: values)
      let y = TestFeatures(images: 2, channels: 3, height: 3, width: 2, block: 8)
      try regions.withUnsafeBufferPointer { try alignment.forward([x.region()], $0, into: y.region()) }
      var sum = 0.0
      for (a, b) in zip(y.values, seed.values) { sum += Double(a) * Double(b) }
      return sum
    }
    for place in 0..<count {
      var (up, down) = (values, values)
      up[place] += 0.5
      down[place] -= 0.5
      #expect(abs(try value(up) - value(down) - Double(gradient[place])) < 3e-6, "\(place)")
    }
    #expect(gradient.filter { $0 != 0 }.count > 60)
  }
}
