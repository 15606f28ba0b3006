import Foundation
import Kernels
import Objectives
import Tensors
import TestSupport
import Testing

@testable import Detection

/// Losses of boxes and the terms of both stages.
@Suite(.serialized, .computePool) struct LossTests {
  @Test(arguments: RegionValues.all) func errorsOfNumbers(_ values: RegionValues) throws {
    let part = try values.dictionary("boxes", "smooth_l1")
    let (predicted, target) = (try part.numbers("predicted"), try part.numbers("target"))
    for (key, beta) in [("beta_0.111111", 1.0 / 9), ("beta_1.000000", 1), ("beta_0.000000", 0)] {
      let expected = try values.dictionary("boxes", "smooth_l1", key)
      let own = zip(predicted, target).map { SmoothL1(beta: beta)($0 - $1) }
      expectClose(own.map { Float($0.loss) }, try expected.flat("loss"), 1e-6, key)
      expectClose(own.map { Float($0.gradient) }, try expected.flat("gradient"), 1e-6, key)
    }
  }

  @Test(arguments: RegionValues.all) func generalizedOverlaps(_ values: RegionValues) throws {
    let part = try values.dictionary("boxes", "giou")
    func boxes(_ key: String) throws -> [SIMD4<Double>] { try part.matrix(key).map { SIMD4($0[0], $0[1], $0[2], $0[3]) } }
    let own = zip(try boxes("predicted"), try boxes("target")).map { GeneralizedIoU.loss($0, target: $1) }
    expectClose(own.map { Float($0.loss) }, try part.flat("loss"), 1e-6)
    expectClose(own.flatMap { pair in (0..<4).map { Float(pair.gradient[$0]) } }, try part.flat("gradient"), 1e-6)
  }

  @Test func gradientsOfBoxLossesAreDifferences() {
    var random = TestRandom(21)
    for _ in 0..<200 {
      func box() -> SIMD4<Double> {
        let (x, y) = (Double.random(in: 0...20, using: &random), Double.random(in: 0...20, using: &random))
        return SIMD4(x, y, x + Double.random(in: 1...15, using: &random), y + Double.random(in: 1...15, using: &random))
      }
      let (own, target) = (box(), box())
      let gradient = GeneralizedIoU.loss(own, target: target).gradient
      for k in 0..<4 where (0..<4).allSatisfy({ abs(own[$0] - target[$0]) > 1e-3 }) {
        var (up, down) = (own, own)
        up[k] += 1e-5
        down[k] -= 1e-5
        let slope = (GeneralizedIoU.loss(up, target: target).loss - GeneralizedIoU.loss(down, target: target).loss) / 2e-5
        #expect(abs(slope - gradient[k]) < 1e-6)
      }
      let difference = Double.random(in: -2...2, using: &random)
      for beta in [0, 1.0 / 9, 1] where abs(difference) > 1e-3 && abs(abs(difference) - beta) > 1e-4 {
        let error = SmoothL1(beta: beta)
        let slope = (error(difference + 1e-6).loss - error(difference - 1e-6).loss) / 2e-6
        #expect(abs(slope - error(difference).gradient) < 1e-6)
      }
    }
  }

  /// The box loss of the second stage with a global denominator; the mean of the ranks' means is another number.
  @Test(.enabled(if: TestFiles.hasShared, "there is no ../shared")) func sharesOfTwoRanks() throws {
    let values = try #require(RegionValues.all.last)
    let part = try values.dictionary("two_ranks")
    let codes = try part.matrix("deltas_at_own_class").map { SIMD4<Float>(numbers: $0) }
    let targets = try part.matrix("targets").map { SIMD4<Float>(numbers: $0) }
    let labels = try values.dictionary("classification").integers("labels_background_is_4")
    func sum(_ rows: [Int]) -> Double {
      var sum = 0.0
      for row in rows where labels[row] != 4 { sum += SmoothL1.torchvision(codes[row], target: targets[row]).loss }
      return sum
    }
    let expected = try values.dictionary("two_ranks", "global")
    #expect(abs(sum(Array(0..<5)) / 5 - (try expected.value("box", as: NSNumber.self).doubleValue)) < 1e-6)
    let shares = try part.matrix("rank_shares_with_global_denominator")
    for (rank, key) in ["rows_of_rank_0", "rows_of_rank_1"].enumerated() {
      #expect(abs(sum(try part.integers(key)) / 5 - shares[rank][1]) < 1e-6)
    }
  }

  /// Ports of both stages with random numbers, as the ranks of a step hold them.
  private final class Scene {
    let grid = AnchorGenerator(sizes: [[16], [32]]).grid(width: 96, height: 64, levels: [(16, 24), (8, 12)])
    let anchors = AnchorTargets(sampler: BalancedSampler(size: 20, fraction: 0.5))
    let regions = RegionTargets(sampler: BalancedSampler(size: 12, fraction: 0.25), levels: PyramidLevels(first: 2, last: 3))
    var ports: [String: (values: TestFeatures, gradient: TestFeatures)] = [:]
    let images: [Int]

    init(images: [Int], block: Int = 8) {
      self.images = images
      anchors.begin(grid)
      regions.begin(images: images.count)
      for (place, image) in images.enumerated() {
        let random = CounterRandom(seed: 5, purpose: .regions, epoch: 1, sample: image)
        let truth = Scene.targets[image]
        anchors.add(image: place, targets: truth, random: random)
        regions.add(image: place, proposals: Scene.proposals(image), targets: truth, random: random)
      }
      for (level, place) in grid.levels.enumerated() {
        port("objectness.\(level)", channels: 3, place.height, place.width, block)
        port("codes.\(level)", channels: 12, place.height, place.width, block)
      }
      port("boxes", rows: 12, channels: 16, block)
    }

    static let targets: [[TargetBox]] = [
      [TargetBox(box: CornerBox(4, 4, 30, 28), label: 2), TargetBox(box: CornerBox(40, 10, 90, 60), label: 0)], [],
      [TargetBox(box: CornerBox(50, 20, 70, 50), label: 1), TargetBox(box: CornerBox(5, 5, 5, 20), label: 1)],
    ]

    static func proposals(_ image: Int) -> [ScoredBox] {
      var random = TestRandom(UInt64(image + 40))
      var found: [ScoredBox] = []
      for target in targets[image] {
        for _ in 0..<6 {
          let moves = (0..<4).map { _ in Float.random(in: -3...3, using: &random) }
          let box = CornerBox(
            target.box.left + moves[0], target.box.top + moves[1], target.box.right + moves[2], target.box.bottom + moves[3])
          found.append(ScoredBox(box: box, score: 0.5, level: 0))
        }
      }
      for _ in 0..<30 {
        let (x, y) = (Float.random(in: 0...80, using: &random), Float.random(in: 0...50, using: &random))
        found.append(ScoredBox(box: CornerBox(x, y, x + 12, y + 10), score: 0.1, level: 0))
      }
      return found
    }

    private func port(_ name: String, channels: Int, _ height: Int, _ width: Int, _ block: Int) {
      let count = channels * height * width
      let numbers = images.flatMap { image -> [Float] in
        let random = CounterRandom(seed: UInt64(image), purpose: .testing, sample: name.utf8.reduce(0) { $0 * 31 + Int($1) })
        return (0..<count).map { Float(random.uniform($0, in: -1...1)) }
      }
      let values = TestFeatures(images: images.count, channels: channels, height: height, width: width, block: block, values: numbers)
      let rubbish = [Float](repeating: 77, count: images.count * count)
      ports[name] = (
        values, TestFeatures(images: images.count, channels: channels, height: height, width: width, block: block, values: rubbish)
      )
    }

    /// Rows as images of one position.
    private func port(_ name: String, rows: Int, channels: Int, _ block: Int) {
      let numbers = images.flatMap { image -> [Float] in
        let random = CounterRandom(seed: UInt64(image), purpose: .testing, sample: 9)
        return (0..<rows * channels).map { Float(random.uniform($0, in: -1...1)) }
      }
      let count = images.count * rows
      ports[name] = (
        TestFeatures(images: count, channels: channels, height: 1, width: 1, block: block, values: numbers),
        TestFeatures(
          images: count, channels: channels, height: 1, width: 1, block: block, values: [Float](repeating: 77, count: numbers.count))
      )
    }

    var terms: [any Term] {
      [
        ObjectnessTerm(at: [PortPlace(port: "objectness.0"), PortPlace(port: "objectness.1")], targets: anchors),
        AnchorBoxTerm(at: [PortPlace(port: "codes.0"), PortPlace(port: "codes.1")], targets: anchors, weight: 0.5),
        RegionBoxTerm(at: PortPlace(port: "boxes"), targets: regions, columns: .perClass(first: 1)),
      ]
    }

    func inputs(_ labels: UnsafeBufferPointer<Int32>) -> StepInputs {
      StepInputs(targets: RowTargets(labels: labels)) { place in
        guard let port = self.ports[place.port] else { throw LongtailError(.internalError, "no port \(place)") }
        return StepInputs.Rows(values: port.values.rows, gradient: port.gradient.rows)
      }
    }
  }

  /// One step over ranks: the losses, and the gradients at the ports by rank.
  private func step(_ ranks: [Scene]) throws -> (losses: [Double], gradients: [[String: [Float]]]) {
    try [Int32]().withUnsafeBufferPointer { labels in
      let context = StepContext(epoch: 1, isTraining: true)
      let lists = try ranks.map { try TermList($0.terms) }
      var sums = lists[0].noSums
      for round in lists[0].rounds.indices {
        var total = [Double](repeating: 0, count: lists[0].rounds[round])
        for (list, rank) in zip(lists, ranks) {
          var packed = [Double](repeating: 5, count: total.count)
          try list.measure(round: round, rank.inputs(labels), sums: sums, into: &packed, step: context)
          total = zip(total, packed).map(+)
        }
        lists[0].take(round: round, total, into: &sums)
      }
      let results = try lists[0].results(sums, step: context)
      for (list, rank) in zip(lists, ranks) { try list.complete(rank.inputs(labels), sums, results, step: context) }
      return (results.map(\.loss), ranks.map { $0.ports.mapValues { $0.gradient.values } })
    }
  }

  @Test func rowsOfTheSecondStage() {
    let scene = Scene(images: [0, 1, 2])
    let targets = scene.regions
    #expect(targets.labels.count == 36 && targets.regions.count == 36)
    for image in 0..<3 {
      let own = image * 12..<(image + 1) * 12
      let truth = Scene.targets[image]
      let positives = own.filter { targets.labels[$0] >= 0 && targets.labels[$0] != RowLabel.background }
      #expect(image == 1 ? positives.isEmpty : !positives.isEmpty && positives.count <= 3, "\(positives.count)")
      for row in own where targets.labels[row] != RowLabel.ignored {
        #expect(Int(targets.regions[row].image) == image)
        #expect(targets.regions[row] == targets.levels.region(targets.boxes[row], image: image))
        let overlaps = truth.map { targets.boxes[row].intersectionOverUnion(with: $0.box) }.map { $0.isNaN ? 0 : $0 }
        if targets.labels[row] == RowLabel.background {
          #expect(overlaps.allSatisfy { $0 < 0.5 })
        } else if let best = overlaps.indices.max(by: { overlaps[$0] < overlaps[$1] }) {
          #expect(overlaps[best] >= 0.5 && truth[best].label == targets.labels[row])
          expectClose(targets.coder.decode(targets.codes[row], against: targets.boxes[row]).numbers, truth[best].box.numbers, 1e-4)
        }
      }
      #expect(own.filter { targets.labels[$0] != RowLabel.ignored }.count == 12)
    }
    // Without proposals or objects the image's rows are all ignored.
    targets.begin(images: 1)
    targets.add(image: 0, proposals: [], targets: [], random: CounterRandom(seed: 1, purpose: .regions))
    #expect(targets.labels == [Int32](repeating: RowLabel.ignored, count: 12))
    #expect(targets.regions.allSatisfy { $0 == .absent })
  }

  /// Losses by their definitions, gradients by differences.
  @Test func termsAreTheirDefinitions() throws {
    for block in [1, 8] {
      let scene = Scene(images: [0, 1, 2], block: block)
      let (losses, gradients) = try step([scene])
      var objectness = 0.0
      for entry in scene.anchors.entries {
        let rows = try #require(scene.ports["objectness.\(entry.place.level)"]).values.rows
        let z = Double(rows.number(image: entry.image, row: entry.place.row, class: entry.place.anchor))
        objectness += entry.isPositive ? log(1 + exp(-z)) : log(1 + exp(z))
      }
      #expect(scene.anchors.entries.count == 60 && scene.anchors.entries.contains { $0.isPositive })
      #expect(abs(losses[0] - objectness / 60) < 1e-9)
      var boxes = 0.0
      let rows = try #require(scene.ports["boxes"]).values.rows
      for (row, label) in scene.regions.labels.enumerated() where label >= 0 && label != RowLabel.background {
        for k in 0..<4 {
          let own = Double(rows.number(image: row, row: 0, class: 4 * (Int(label) + 1) + k))
          let d = abs(own - Double(scene.regions.codes[row][k]))
          if d < 1.0 / 9 { boxes += d * d * 4.5 } else { boxes += d - 1.0 / 18 }
        }
      }
      #expect(boxes > 0 && abs(losses[2] - boxes / 36) < 1e-6)

      for name in scene.ports.keys.sorted() {
        let port = try #require(scene.ports[name])
        let own = try #require(gradients[0][name])
        let start = port.values.values
        // All that is not 0, and some that is.
        let places = own.indices.filter { own[$0] != 0 || $0 % 997 == 0 }
        #expect(places.count > 3)
        for place in places {
          func total(_ move: Float) throws -> Double {
            var numbers = start
            numbers[place] += move
            let moved = TestFeatures(
              images: port.values.blocks.images, channels: port.values.blocks.channels, height: port.values.blocks.height,
              width: port.values.blocks.width, block: block, values: numbers)
            scene.ports[name] = (moved, port.gradient)
            return try step([scene]).losses.reduce(0, +)
          }
          let slope = try (total(1 / 256) - total(-1 / 256)) * 128
          scene.ports[name] = port
          // Smooth L1 bends: within a step of its corner the slope is between two.
          #expect(abs(slope - Double(own[place])) < 3e-3, "\(name) \(place): \(slope), \(own[place])")
        }
      }
    }
  }

  /// Three ranks, one of them without an image: the losses and gradients of one.
  @Test func ranksDoNotMatter() throws {
    let one = try step([Scene(images: [0, 1, 2])])
    let three = try step([Scene(images: [0, 1]), Scene(images: []), Scene(images: [2])])
    for (a, b) in zip(one.losses, three.losses) { #expect(abs(a - b) <= 1e-12 * abs(a) && a > 0) }
    for (name, whole) in one.gradients[0] {
      let parts = three.gradients.flatMap { $0[name] ?? [] }
      #expect(parts == whole, "\(name)")
    }
    // Nothing but an image without objects: a loss of objectness alone.
    let empty = try step([Scene(images: [1]), Scene(images: [])])
    #expect(empty.losses[0] > 0 && empty.losses[1] == 0 && empty.losses[2] == 0)
    let nothing = try step([Scene(images: [])])
    #expect(nothing.losses == [0, 0, 0])
  }

  @Test func numbersThatAreNoneClearTheGradient() throws {
    let scene = Scene(images: [0])
    let place = try #require(scene.anchors.entries.first)
    let port = try #require(scene.ports["objectness.\(place.place.level)"])
    port.values.rows.set(.nan, image: 0, row: place.place.row, class: place.place.anchor)
    let (losses, gradients) = try step([scene])
    #expect(losses[0].isNaN && losses[1].isFinite)
    for level in 0..<2 { #expect(gradients[0]["objectness.\(level)"]?.allSatisfy { $0 == 0 } == true) }
  }
}
