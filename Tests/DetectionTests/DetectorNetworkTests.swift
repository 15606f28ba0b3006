import Foundation
import Kernels
import Models
import Networks
import Objectives
import Tensors
import TestSupport
import Testing
import Threading

@testable import Detection

/// Whole detectors against torchvision: weights and images follow from a hash of tensor name and place, so that nothing is shipped.
@Suite(.serialized, .computePool) struct DetectorNetworkTests {
  /// Numbers in 0..<1 that a name stands for.
  private static func numbers(_ name: String, _ count: Int) -> [Double] {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in name.utf8 {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    crc = ~crc
    return (0..<count).map { place in
      var z = UInt32(truncatingIfNeeded: place) &+ crc
      z ^= z >> 16
      z = z &* 0x7FEB_352D
      z ^= z >> 15
      z = z &* 0x846C_A68B
      z ^= z >> 16
      return Double(z) / 4_294_967_296
    }
  }

  private static func tensor(_ name: String, _ shape: [Int], _ golden: [String: Any]) -> NamedTensor {
    let count = shape.reduce(1, *)
    let s = numbers(name, count).map { 2 * $0 - 1 }
    let gains = golden["gains"] as? [String: Double] ?? [:]
    let values: [Double]
    if shape.count > 1 {
      let fan = Double(count / shape[0])
      let gain = gains[name] ?? (name.contains(".body.") ? 0.8 : 1)
      values = s.map { $0 * gain * (3 / fan).squareRoot() }
    } else if name.contains(".bn") || name.contains("downsample.1") {
      let isScale = name.hasSuffix("weight") || name.hasSuffix("running_var")
      values = s.map { isScale ? 1 + 0.2 * $0 : 0.1 * $0 }
    } else {
      values = s.map { 0.05 * $0 }
    }
    return NamedTensor(name: name, shape: shape, values: values.map(Float.init))
  }

  /// Sum, root mean square, and products with the numbers of the name "probe".
  private static func summary(_ values: [Float]) -> [Double] {
    let probe = numbers("probe", values.count)
    var (sum, square, product) = (0.0, 0.0, 0.0)
    for (value, p) in zip(values, probe) {
      sum += Double(value)
      square += Double(value) * Double(value)
      product += Double(value) * (2 * p - 1)
    }
    return [sum, (square / Double(max(1, values.count))).squareRoot(), product]
  }

  /// Whether numbers have the summary that is told, for differences of so much of the root mean square in each.
  private func expectSummary(_ values: [Float], _ expected: [Double], _ tolerance: Double, _ hint: String) {
    let own = Self.summary(values)
    let scale = expected[1] * tolerance
    // Differences of single numbers add up as their square root does at best; rounding has a bias, too.
    let room = scale * Double(values.count).squareRoot() * 8
    #expect(abs(own[1] - expected[1]) <= scale, "\(hint): \(own), expected \(expected)")
    #expect(abs(own[0] - expected[0]) <= room && abs(own[2] - expected[2]) <= room, "\(hint): \(own), expected \(expected)")
  }

  private struct Detector {
    let golden: [String: Any]
    let first: Network
    let second: Network
    let pictures: HostBuffer
    let grid: AnchorGrid
    let sizes = [(width: 96, height: 64), (width: 80, height: 64)]
    static let levels = [
      (height: 16, width: 24), (height: 8, width: 12), (height: 4, width: 6), (height: 2, width: 3), (height: 1, width: 2),
    ]

    init(_ golden: [String: Any], rows: Int) throws {
      self.golden = golden
      var options = PlanOptions(algorithms: .fixed(.direct), allowsReferenceKernels: true)
      options.channelBlock = 8
      let frozen = Graph.fasterRCNN(.eighteen).freezingBatchNormalization()
      first = try Network(
        graph: frozen, images: 2, height: 64, width: 96, seed: 1, options: options, trained: .only(Detector.trained(golden)))
      second = try Network(
        graph: .regionHead(classColumns: 5, codeColumns: 20), images: rows, height: 7, width: 7, seed: 1, options: options)
      for network in [first, second] {
        let named = network.parameterNames.map { DetectorNetworkTests.tensor($0.name, $0.shape, golden) }
        try network.load(named, into: network.parameters)
        try network.loadRunningStatistics(
          network.runningStatistics.map { DetectorNetworkTests.tensor($0.name, $0.shape, golden) })
      }
      pictures = HostBuffer(floatCount: 2 * 3 * 64 * 96)
      let (mean, deviation) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
      for (image, size) in sizes.enumerated() {
        let pixels = DetectorNetworkTests.numbers("image\(image)", 3 * size.width * size.height)
        pictures.withFloats { floats in
          for (place, pixel) in pixels.enumerated() {
            let (line, x) = place.quotientAndRemainder(dividingBy: size.width)
            let (channel, y) = line.quotientAndRemainder(dividingBy: size.height)
            floats[((image * 3 + channel) * 64 + y) * 96 + x] = Float((pixel - mean[channel]) / deviation[channel])
          }
        }
      }
      grid = AnchorGenerator.regionProposals.grid(width: 96, height: 64, levels: Detector.levels, isPacked: true)
    }

    private static func trained(_ golden: [String: Any]) -> Set<String> {
      let part = golden["fasterrcnn"] as? [String: Any]
      return Set((part?["gradients_sum_rms_probe"] as? [String: Any] ?? [:]).keys)
    }

    func proposals(_ plan: Plan) throws -> [[ScoredBox]] {
      let selector = ProposalSelector()
      return try sizes.enumerated().map { image, size in
        var found: [ScoredBox] = []
        try selector.select(
          scores: [plan.rows(.objectness).values], codes: [plan.rows(.anchorCodes).values], grid: grid, image: image, size: size,
          settings: .init(perLevel: 100, count: 40), into: &found)
        return found
      }
    }
  }

  /// Numbers of an activation in the order image, channel, position; of a level of a packed one.
  private func values(_ rows: RowsView, positions: [Int]? = nil) -> [Float] {
    let positions = positions ?? Array(0..<rows.rowsPerImage)
    return (0..<rows.images).flatMap { image in
      (0..<rows.classes).flatMap { channel in positions.map { rows.number(image: image, row: $0, class: channel) } }
    }
  }

  private func golden() throws -> (all: [String: Any], part: [String: Any]) {
    let path = "\(try #require(TestFiles.shared))/golden/detection_network_golden.json"
    let all = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
    expectClose(
      Self.numbers("backbone.body.conv1.weight", 3).map { Float(2 * $0 - 1) }, try all.flat("check_value_conv1_first_3"), 1e-6)
    return (all, try #require(all["fasterrcnn"] as? [String: Any]))
  }

  @Test(.enabled(if: TestFiles.hasShared, "there is no ../shared")) func prediction() throws {
    ComputePool.configure(threadCount: 2)
    defer { ComputePool.configure(threadCount: 1) }
    let (all, part) = try golden()
    let detector = try Detector(all, rows: 80)
    let ports: Set<Networks.Port> = [.pyramid(2), .pyramid(3), .pyramid(4), .pyramid(5), .objectness, .anchorCodes]
    let plan = try detector.first.inferencePlan(images: 2, height: 64, width: 96, ports: ports)
    try plan.forward(detector.first.parameterSet, images: BatchImages(detector.pictures))

    let levels = try #require(part["levels"] as? [String: [String: Any]])
    for level in 0..<4 {
      let expected = try #require(levels["\(level)"]).numbers("sum_rms_probe")
      expectSummary(values(try plan.rows(.pyramid(level + 2)).values), expected, 1e-5, "level \(level)")
    }
    let scores: [[Double]] = try part.value("objectness")
    let codes: [[Double]] = try part.value("deltas")
    for (level, place) in detector.grid.levels.enumerated() {
      let positions = (0..<place.height * place.width).map { place.row(ofCell: $0) }
      expectSummary(values(try plan.rows(.objectness).values, positions: positions), scores[level], 1e-5, "scores \(level)")
      expectSummary(values(try plan.rows(.anchorCodes).values, positions: positions), codes[level], 1e-5, "codes \(level)")
    }

    let found = try detector.proposals(plan)
    let proposals: [[[Double]]] = try part.value("proposals")
    for image in 0..<2 {
      #expect(found[image].count == proposals[image].count)
      expectClose(found[image].flatMap(\.box.numbers), proposals[image].flatMap { $0.map { Float($0) } }, 1e-4, "proposals \(image)")
    }

    // The second stage on these proposals.
    let regions = found.enumerated().flatMap { image, boxes in boxes.map { PyramidLevels.fasterRCNN.region($0.box, image: image) } }
    let pyramid = try (2...5).map { try plan.rows(.pyramid($0)).values }
    let pooling = try RegionPooling(
      levels: zip(pyramid, Detector.levels).map { (rows: $0, height: $1.height, width: $1.width) }, pyramid: .fasterRCNN, rows: 80)
    let input = HostBuffer(floatCount: pooling.output.floatCount)
    let region = try FloatRegion(input, offset: 0, count: pooling.output.floatCount)
    try regions.withUnsafeBufferPointer { try pooling.forward(pyramid, $0, into: region) }
    let pooled = RowsView.blocked(buffer: input, images: 80, rowsPerImage: 49, classes: 256, blockSize: 8)
    expectSummary(values(pooled), try part.numbers("roi"), 1e-5, "regions")
    let head = try detector.second.inferencePlan(images: 80, height: 7, width: 7, ports: [.logits, .features, .regionCodes])
    try head.forward(detector.second.parameterSet, images: BatchImages(input))
    expectSummary(values(try head.rows(.features).values), try part.numbers("fc7"), 1e-5, "features")
    let logits = try head.rows(.logits).values
    expectSummary(values(logits), try part.numbers("class_logits"), 1e-5, "logits")
    expectSummary(values(try head.rows(.regionCodes).values), try part.numbers("box_deltas"), 1e-5, "codes of regions")
    let first = try #require(part["first"] as? [String: Any])
    expectClose(
      (0..<3).flatMap { row in (0..<5).map { logits.number(image: row, row: 0, class: $0) } }, try first.flat("class_logits"), 1e-4)

    let detections: [[String: Any]] = try part.value("detections")
    let selector = PredictionSelector()
    for image in 0..<2 {
      var predictions: [Prediction] = []
      try selector.select(
        logits: logits, rule: .softmax(background: 0), codes: try head.rows(.regionCodes).values, columns: .perClass(first: 1),
        proposals: found[image].map(\.box), firstRow: 40 * image, size: detector.sizes[image],
        settings: .init(threshold: 0.3, candidates: nil), into: &predictions)
      expectClose(predictions.flatMap(\.box.numbers), try detections[image].flat("boxes"), 1e-4, "boxes \(image)")
      expectClose(predictions.map(\.score), try detections[image].flat("scores"), 1e-4)
      #expect(predictions.map { $0.label + 1 } == (try detections[image].integers("labels")))
    }
  }

  /// Losses and every parameter's gradient, with all anchors and proposals drawn.
  @Test(.enabled(if: TestFiles.hasShared, "there is no ../shared")) func training() throws {
    ComputePool.configure(threadCount: 2)
    defer { ComputePool.configure(threadCount: 1) }
    let (all, part) = try golden()
    // 40 proposals and up to 3 objects an image.
    let capacity = 43
    let detector = try Detector(all, rows: 2 * capacity)
    var ports: [Networks.Port: PortUse] = [.objectness: .gradient, .anchorCodes: .gradient]
    for level in 2...5 { ports[.pyramid(level)] = .gradient }
    let plan = try detector.first.trainingPlan(images: 2, height: 64, width: 96, ports: ports)
    try plan.forward(detector.first.parameterSet, images: BatchImages(detector.pictures))

    let told: [[String: Any]] = try all.value("targets")
    let truth = try told.map { target in
      // Labels are columns there; ours count the classes from 0.
      zip(try target.boxes("boxes"), try target.integers("labels")).map { TargetBox(box: $0, label: Int32($1) - 1) }
    }
    let anchors = AnchorTargets(sampler: BalancedSampler(size: 1_000_000, fraction: 0.5))
    let regions = RegionTargets(sampler: BalancedSampler(size: capacity, fraction: 1))
    anchors.begin(detector.grid)
    regions.begin(images: 2)
    let found = try detector.proposals(plan)
    for image in 0..<2 {
      let random = CounterRandom(seed: 1, purpose: .regions, sample: image)
      anchors.add(image: image, targets: truth[image], random: random)
      regions.add(image: image, proposals: found[image], targets: truth[image], random: random)
    }

    let pyramid = try (2...5).map { try plan.rows(.pyramid($0)) }
    let pooling = try RegionPooling(
      levels: zip(pyramid, Detector.levels).map { (rows: $0.values, height: $1.height, width: $1.width) }, pyramid: .fasterRCNN,
      rows: 2 * capacity)
    let input = HostBuffer(floatCount: pooling.output.floatCount)
    let region = try FloatRegion(input, offset: 0, count: pooling.output.floatCount)
    try regions.regions.withUnsafeBufferPointer { try pooling.forward(pyramid.map(\.values), $0, into: region) }
    let head = try detector.second.trainingPlan(
      images: 2 * capacity, height: 7, width: 7, ports: [.logits: .gradient, .regionCodes: .gradient], inputGradient: true)
    try head.forward(detector.second.parameterSet, images: BatchImages(input))

    // Labels of the softmax head are columns; background is column 0.
    let labels = regions.labels.map { $0 >= 0 && $0 != RowLabel.background ? $0 + 1 : $0 }
    let objective = try ObjectiveRegistry.make("crossEntropy", settings: ["background": 0], context: ObjectiveContext(classes: 5))
    let terms = try TermList([
      ObjectnessTerm(at: [PortPlace(port: "objectness")], targets: anchors),
      AnchorBoxTerm(at: [PortPlace(port: "anchorCodes")], targets: anchors),
      RowTerm("classes", objective, at: PortPlace(network: "head", port: "logits")),
      RegionBoxTerm(at: PortPlace(network: "head", port: "regionCodes"), targets: regions, columns: .perClass(first: 1)),
    ])
    let step = StepContext(epoch: 0, samples: [0, 1])
    let losses = try labels.withUnsafeBufferPointer { labels in
      let inputs = StepInputs(targets: RowTargets(labels: labels)) { place in
        let rows = try (place.network == "head" ? head : plan).rows(Networks.Port(place.port))
        return StepInputs.Rows(values: rows.values, gradient: rows.gradient)
      }
      var sums = terms.noSums
      for round in terms.rounds.indices {
        var packed = [Double](repeating: 0, count: terms.rounds[round])
        try terms.measure(round: round, inputs, sums: sums, into: &packed, step: step)
        terms.take(round: round, packed, into: &sums)
      }
      let results = try terms.results(sums, step: step)
      try terms.complete(inputs, sums, results, step: step)
      return results.map(\.loss)
    }
    let expected = try #require(part["losses"] as? [String: Double])
    for (loss, name) in zip(losses, ["loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"]) {
      let value = try #require(expected[name])
      #expect(abs(loss - value) <= 5e-6 * max(1, value), "\(name): \(loss), expected \(value)")
    }

    try head.backward(into: detector.second.gradients)
    let gradient = try #require(try head.inputGradient())
    try regions.regions.withUnsafeBufferPointer { regions in
      try pooling.backward(gradient: gradient, regions, into: pyramid.map { try #require($0.gradient) })
    }
    try plan.backward(into: detector.first.gradients)
    let summaries = try #require(part["gradients_sum_rms_probe"] as? [String: [Double]])
    var count = 0
    for network in [detector.first, detector.second] {
      for tensor in network.trainedTensors {
        guard let summary = summaries[tensor.name] else { continue }
        expectSummary(try tensor.read(network.gradients), summary, 1e-5, tensor.name)
        count += 1
      }
    }
    #expect(count == summaries.count)
  }
}
