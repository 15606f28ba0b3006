import Foundation
import Kernels
import Models
import Networks
import Tensors
import TestSupport
import Testing
import Threading

@testable import Detection

/// Levels in one activation, enlargement by the nearest position, and the networks of both stages.
@Suite(.serialized, .computePool) struct PyramidTests {
  @Test func levelsLieApart() throws {
    for extents in [[(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)], [(5, 7)], [(3, 4), (2, 3), (2, 2)]] {
      let packed = PackedLevels(extents.map { (height: $0.0, width: $0.1) })
      var owner = [Int](repeating: -1, count: packed.height * packed.width)
      for (place, level) in packed.levels.enumerated() {
        for row in 0..<level.height {
          for column in 0..<level.width {
            let position = level.origin + row * packed.width + column
            #expect(owner[position] == -1)
            owner[position] = place
          }
        }
      }
      for y in 0..<packed.height {
        for x in 0..<packed.width where owner[y * packed.width + x] >= 0 {
          for (dy, dx) in [(0, 1), (1, 0), (1, 1), (1, -1)] where y + dy < packed.height && (0..<packed.width).contains(x + dx) {
            let neighbour = owner[(y + dy) * packed.width + x + dx]
            #expect(neighbour == -1 || neighbour == owner[y * packed.width + x])
          }
        }
      }
      let features = extents.enumerated().map { place, extent in
        TestFeatures(
          images: 2, channels: 11, height: extent.0, width: extent.1, block: 8,
          values: (0..<22 * extent.0 * extent.1).map { Float($0 + 1000 * place) })
      }
      let whole = TestFeatures(
        images: 2, channels: 11, height: packed.height, width: packed.width, block: 8,
        values: [Float](repeating: 5, count: 22 * packed.height * packed.width))
      let parts = try features.map { (region: try $0.region(), view: $0.blocks) }
      packed.pack(parts, into: try whole.region(), whole.blocks)
      #expect(owner.indices.allSatisfy { owner[$0] >= 0 || whole.values[$0] == 0 })
      for (place, level) in features.enumerated() {
        let back = TestFeatures(images: 2, channels: 11, height: extents[place].0, width: extents[place].1, block: 8)
        packed.unpack(place, of: try whole.region(), whole.blocks, into: try back.region(), back.blocks)
        #expect(back.values == level.values)
      }
    }
  }

  @Test func nearestPositions() throws {
    for (from, to) in [((2, 3), (4, 6)), ((3, 2), (5, 3)), ((4, 4), (4, 4)), ((5, 6), (3, 4))] {
      for block in [1, 8] {
        let x = TestFeatures(
          images: 2, channels: 9, height: from.0, width: from.1, block: block, values: (0..<18 * from.0 * from.1).map { Float($0 % 97) })
        let y = TestFeatures(images: 2, channels: 9, height: to.0, width: to.1, block: block)
        let loops = try #require(NearestLoops(from: x.blocks, to: y.blocks))
        loops.forward(try x.region(), into: try y.region())
        let (source, result) = (x.values, y.values)
        for plane in 0..<18 {
          for row in 0..<to.0 {
            for column in 0..<to.1 {
              let line = plane * from.0 + row * from.0 / to.0
              let taken = source[line * from.1 + column * from.1 / to.1]
              let place = (plane * to.0 + row) * to.1 + column
              #expect(result[place] == taken)
            }
          }
        }
        let seed = TestFeatures(
          images: 2, channels: 9, height: to.0, width: to.1, block: block, values: (0..<18 * to.0 * to.1).map { Float($0 % 31) - 15 })
        let gradient = TestFeatures(
          images: 2, channels: 9, height: from.0, width: from.1, block: block, values: [Float](repeating: 3, count: source.count))
        loops.backward(gradient: try seed.region(), into: try gradient.region())
        // The transpose: both forms are the same number.
        var (left, right) = (0.0, 0.0)
        for (a, b) in zip(seed.values, result) { left += Double(a) * Double(b) }
        for (a, b) in zip(gradient.values, source) { right += Double(a) * Double(b) }
        #expect(left == right)
      }
    }
  }

  /// A head over packed levels against a head for each level with the same weights: values, and gradients that add up.
  @Test func packedHeadIsAHeadForEachLevel() throws {
    func start(_ graph: inout Graph) -> (Graph.Value, Graph.Value) {
      let fine = graph.add(Convolution(filters: 8, kernel: 1), named: "stem", to: graph.input)
      return (fine, graph.add(Pooling(.maximum, kernel: 2), named: "pool", to: fine))
    }
    var packed = Graph(inputChannels: 3, strideMultiple: 2)
    let levels = start(&packed)
    let whole = packed.add(LevelPacking(), named: "packing", to: levels.0, levels.1)
    packed.addPort(Networks.Port("head"), packed.add(Convolution(filters: 8, kernel: 3, padding: 1), named: "head", to: whole))
    var apart = Graph(inputChannels: 3, strideMultiple: 2)
    let parts = start(&apart)
    apart.addPort(Networks.Port("fine"), apart.add(Convolution(filters: 8, kernel: 3, padding: 1), named: "fine", to: parts.0))
    apart.addPort(Networks.Port("coarse"), apart.add(Convolution(filters: 8, kernel: 3, padding: 1), named: "coarse", to: parts.1))

    var options = PlanOptions(algorithms: .fixed(.direct))
    options.channelBlock = 8
    let one = try Network(graph: packed, images: 2, height: 8, width: 12, seed: 3, options: options)
    let two = try Network(graph: apart, images: 2, height: 8, width: 12, seed: 4, options: options)
    var given: [NamedTensor] = []
    for tensor in try one.canonicalTensors(of: one.parameters) {
      let names = tensor.name.hasPrefix("head") ? ["fine", "coarse"].map { $0 + tensor.name.dropFirst(4) } : [tensor.name]
      given += names.map { NamedTensor(name: $0, shape: tensor.shape, values: tensor.values) }
    }
    try two.load(given, into: two.parameters)
    let images = HostBuffer(floatCount: 2 * 3 * 96)
    let random = CounterRandom(seed: 2, purpose: .testing)
    images.withFloats { floats in for i in floats.indices { floats[i] = Float(random.uniform(i, in: -1...1)) } }
    let first = try one.trainingPlan(images: 2, height: 8, width: 12, ports: [Networks.Port("head"): .gradient])
    let second = try two.trainingPlan(
      images: 2, height: 8, width: 12, ports: [Networks.Port("fine"): .gradient, Networks.Port("coarse"): .gradient])
    try first.forward(one.parameterSet, images: BatchImages(images))
    try second.forward(two.parameterSet, images: BatchImages(images))

    let places = PackedLevels([(height: 8, width: 12), (height: 4, width: 6)])
    let rows = try first.rows(Networks.Port("head"))
    #expect(rows.values.rowsPerImage == places.height * places.width)
    try #require(rows.gradient).clear()
    for (place, port) in [Networks.Port("fine"), Networks.Port("coarse")].enumerated() {
      let own = try second.rows(port)
      let level = places.levels[place]
      for image in 0..<2 {
        for position in 0..<level.height * level.width {
          let row = level.origin + position / level.width * places.width + position % level.width
          for channel in 0..<8 {
            let (a, b) = (
              rows.values.number(image: image, row: row, class: channel), own.values.number(image: image, row: position, class: channel)
            )
            #expect(abs(a - b) < 1e-6)
            let draw = ((place * 2 + image) * 96 + position) * 8 + channel
            let seed = Float(random.uniform(5000 + draw, in: -1...1))
            try #require(rows.gradient).set(seed, image: image, row: row, class: channel)
            try #require(own.gradient).set(seed, image: image, row: position, class: channel)
          }
        }
      }
    }
    try first.backward(into: one.gradients)
    try second.backward(into: two.gradients)
    let expected = Dictionary(uniqueKeysWithValues: try two.canonicalTensors(of: two.gradients).map { ($0.name, $0.values) })
    for tensor in try one.canonicalTensors(of: one.gradients) {
      var sum = expected[tensor.name] ?? [Float](repeating: 0, count: tensor.values.count)
      for name in ["fine", "coarse"] where tensor.name.hasPrefix("head") {
        sum = zip(sum, try #require(expected[name + tensor.name.dropFirst(4)])).map(+)
      }
      expectClose(tensor.values, sum, 1e-5, tensor.name)
      #expect(tensor.values.contains { $0 != 0 })
    }
  }

  /// Names and shapes of torchvision's file, and small variants.
  @Test func namesAndShapes() throws {
    let graph = Graph.fasterRCNN(.fifty)
    let shapes = try graph.shapes(height: 64, width: 96)
    #expect(shapes.count == graph.nodes.count + 1)
    func shape(_ port: Networks.Port) throws -> [Int] {
      let value = try graph.value(of: port)
      let place = try #require(graph.nodes.firstIndex { $0.output == value })
      return shapes[place + 1].extents(images: 1)
    }
    for (level, extent) in [(2, [16, 24]), (3, [8, 12]), (4, [4, 6]), (5, [2, 3])] {
      #expect(try shape(.pyramid(level)) == [1, 256] + extent)
    }
    let packed = PackedLevels([(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)].map { (height: $0.0, width: $0.1) })
    #expect(try shape(.objectness) == [1, 3, packed.height, packed.width])
    #expect(try shape(.anchorCodes) == [1, 12, packed.height, packed.width])
    let names = Set(graph.nodes.map(\.name))
    for name in [
      "backbone.body.conv1", "backbone.body.bn1", "backbone.body.layer1.0.conv1", "backbone.body.layer4.2.conv3",
      "backbone.fpn.inner_blocks.0.0", "backbone.fpn.layer_blocks.3.0", "rpn.head.conv.0.0", "rpn.head.cls_logits", "rpn.head.bbox_pred",
    ] {
      #expect(names.contains(name), "\(name)")
    }
    var small = FasterRCNNOptions()
    (small.pyramidChannels, small.headWidth) = (64, 256)
    let head = Graph.regionHead(classColumns: 10, codeColumns: 44, prior: 0.001, options: small)
    let network = try Network(
      graph: head, images: 4, height: 7, width: 7, seed: 1, options: PlanOptions(algorithms: .fixed(.direct), allowsReferenceKernels: true))
    let tensors = Dictionary(
      uniqueKeysWithValues: try network.canonicalTensors(of: network.parameters).map { ($0.name, $0) })
    #expect(tensors["roi_heads.box_head.fc6.weight"]?.shape == [256, 3136])
    #expect(tensors["roi_heads.box_head.fc7.weight"]?.shape == [256, 256])
    let bias = try #require(tensors["roi_heads.box_predictor.cls_score.bias"])
    expectClose(bias.values, [Float](repeating: -6.906755, count: 10), 1e-6)
    let weights = try #require(tensors["roi_heads.box_predictor.cls_score.weight"]).values
    let deviation = (weights.map { Double($0) * Double($0) }.reduce(0, +) / Double(weights.count)).squareRoot()
    #expect(abs(deviation - 0.01) < 0.001)
  }
}
