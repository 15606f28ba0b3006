import Foundation
import Tensors
import TestSupport
import Testing
import Threading

@testable import Detection

/// What becomes an image's objects.
@Suite(.serialized, .computePool) struct PredictionTests {
  private func scores(_ rule: ClassScores, _ logits: [Float], threshold: Float = 0) -> [Float] {
    var (logits, result) = (logits, [Float](repeating: 9, count: rule.classes(columns: logits.count)))
    logits.withUnsafeMutableBufferPointer { logits in
      result.withUnsafeMutableBufferPointer { result in
        guard let from = logits.baseAddress, let to = result.baseAddress else { return }
        rule.write(from, columns: logits.count, threshold: threshold, into: to)
      }
    }
    return result
  }

  @Test func scoresOfHeads() throws {
    let z: [Float] = [1, -2, 0.5, 3, -1]
    func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
    expectClose(scores(.sigmoid, z), z.map(sigmoid))
    let sum = z.map { exp($0) }.reduce(0, +)
    expectClose(scores(.softmax(background: 0), z), z.dropFirst().map { exp($0) / sum })
    expectClose(scores(.softmax(background: 2), z), [0, 1, 3, 4].map { exp(z[$0]) / sum })
    expectClose(scores(.sigmoidWithBackground(column: 4), z), z.dropLast().map { sigmoid($0) * (1 - sigmoid(-1)) })
    expectClose(scores(.sigmoidWithBackground(column: 0), z), z.dropFirst().map { sigmoid($0) * (1 - sigmoid(1)) })
    let total: Float = exp(1) + exp(-2) + exp(0.5)
    let object: Float = exp(3) / (exp(3) + exp(-1))
    let classes: [Float] = z.prefix(3).map { exp($0) / total * object }
    expectClose(scores(.softmaxWithObjectness, z), classes)
    // What is below the threshold may be left out, what is above never.
    for threshold: Float in [0.05, 0.5, 0.9] {
      for (whole, cut) in zip(scores(.sigmoid, z), scores(.sigmoid, z, threshold: threshold)) {
        #expect(cut == whole || (cut == 0 && whole <= threshold))
      }
    }
    guard let shared = RegionValues.all.first(where: { $0.name == "shared" }) else {
      return print("SKIPPED scores of ../shared/golden: there is no ../shared")
    }
    let part = try shared.dictionary("classification")
    let rows = try part.matrix("logits").map { $0.map(Float.init) }
    let pairs = try shared.dictionary("classification", "seesaw").matrix("objectness_logits_object_background").map { $0.map(Float.init) }
    let seesaw = zip(rows, pairs).flatMap { scores(.softmaxWithObjectness, $0 + $1) }
    expectClose(seesaw, try shared.dictionary("classification", "seesaw").flat("score"), 1e-6)
    let wide = try shared.dictionary("classification", "balanced_softmax_background_shift_0").matrix("logits_with_background_last")
    let equalized = wide.flatMap { scores(.sigmoidWithBackground(column: 4), $0.map(Float.init)) }
    expectClose(equalized, try shared.dictionary("classification", "eqlv2").flat("test_score_with_objectness"), 1e-6)
  }

  /// Rows of a head with many classes: what is selected is what its definition says, pair by pair.
  private struct Head {
    let logits: TestFeatures
    let codes: TestFeatures
    let proposals: [CornerBox]
    let classes: Int

    init(rows: Int, classes: Int, seed: UInt64, block: Int = 8, isShared: Bool = false) {
      var random = TestRandom(seed)
      let width = isShared ? 4 : 4 * (classes + 1)
      proposals = (0..<rows).map { _ in
        let (x, y) = (Float.random(in: 0...80, using: &random), Float.random(in: 0...50, using: &random))
        return CornerBox(x, y, x + Float.random(in: 4...30, using: &random), y + Float.random(in: 4...30, using: &random))
      }
      logits = TestFeatures(
        images: rows, channels: classes, height: 1, width: 1, block: block,
        values: (0..<rows * classes).map { _ in Float(Int.random(in: -60...12, using: &random)) / 10 })
      codes = TestFeatures(
        images: rows, channels: width, height: 1, width: 1, block: block,
        values: (0..<rows * width).map { _ in Float.random(in: -1...1, using: &random) })
      self.classes = classes
    }

    func expected(_ settings: PredictionSelector.Settings, size: (width: Int, height: Int)) -> [Prediction] {
      var candidates: [Prediction] = []
      for (row, proposal) in proposals.enumerated() {
        for label in 0..<classes {
          let score = 1 / (1 + expf(-logits.rows.number(image: row, row: 0, class: label)))
          if Double(score) <= settings.threshold { continue }
          let code = codes.rows.code(image: row, row: 0, first: codes.blocks.channels == 4 ? 0 : 4 * (label + 1))
          let box = BoxCoder.proposals.decode(code, against: proposal).clipped(width: Float(size.width), height: Float(size.height))
          candidates.append(Prediction(box: box, score: score, label: label))
        }
      }
      let order = candidates.indices.sorted {
        candidates[$0].score != candidates[$1].score ? candidates[$0].score > candidates[$1].score : $0 < $1
      }
      var kept: [Prediction] = []
      for place in order.prefix(settings.candidates ?? order.count) {
        let own = candidates[place]
        if min(own.box.width, own.box.height) < settings.minimumSide { continue }
        let isFree = kept.allSatisfy {
          $0.label != own.label || !(Double($0.box.intersectionOverUnion(with: own.box)) > settings.suppression)
        }
        if isFree { kept.append(own) }
      }
      return Array(kept.prefix(settings.count))
    }

    func selected(_ settings: PredictionSelector.Settings, size: (width: Int, height: Int), by selector: PredictionSelector)
      throws -> [Prediction]
    {
      var found: [Prediction] = []
      try selector.select(
        logits: logits.rows, rule: .sigmoid, codes: codes.rows, columns: codes.blocks.channels == 4 ? .shared : .perClass(first: 1),
        proposals: proposals, size: size, settings: settings, into: &found)
      return found
    }
  }

  @Test func selectionIsItsDefinition() throws {
    let selector = PredictionSelector()
    let size = (width: 90, height: 64)
    for (rows, classes, isShared) in [(40, 7, false), (25, 60, true), (1, 1, false), (90, 203, false)] {
      let head = Head(rows: rows, classes: classes, seed: UInt64(rows), isShared: isShared)
      for settings in [
        PredictionSelector.Settings.coco, .lvis, .init(threshold: 0.3, count: 12), .init(threshold: 0.01, count: 50, candidates: 30),
        .init(threshold: 0.05, candidates: nil), .init(threshold: 0.99),
      ] {
        let expected = head.expected(settings, size: size)
        for threads in [1, 3] {
          ComputePool.configure(threadCount: threads)
          #expect(try head.selected(settings, size: size, by: selector) == expected, "\(rows) rows, \(settings)")
        }
        ComputePool.configure(threadCount: 1)
      }
    }
  }

  @Test func layoutsAndRowsOfOtherImages() throws {
    let selector = PredictionSelector()
    let size = (width: 90, height: 64)
    let (one, other) = (Head(rows: 30, classes: 9, seed: 3), Head(rows: 30, classes: 9, seed: 3, block: 1))
    let expected = try one.selected(.coco, size: size, by: selector)
    #expect(!expected.isEmpty)
    #expect(try other.selected(.coco, size: size, by: selector) == expected)
    // Rows 10 to 29 are another image's.
    var found: [Prediction] = []
    try selector.select(
      logits: one.logits.rows, rule: .sigmoid, codes: one.codes.rows, columns: .perClass(first: 1),
      proposals: Array(one.proposals[10...]), firstRow: 10, size: size, settings: .coco, into: &found)
    let tail = (10..<30).flatMap { row in (0..<9).map { one.logits.rows.number(image: row, row: 0, class: $0) } }.max() ?? 0
    #expect(found.first?.score == 1 / (1 + expf(-tail)))
    try selector.select(
      logits: one.logits.rows, rule: .sigmoid, codes: one.codes.rows, columns: .perClass(first: 1), proposals: [], size: size,
      settings: .coco, into: &found)
    #expect(found.isEmpty)
    #expect(throws: LongtailError.self) {
      try selector.select(
        logits: one.logits.rows, rule: .sigmoid, codes: one.codes.rows, columns: .perClass(first: 2), proposals: one.proposals,
        size: size, settings: .coco, into: &found)
    }
  }
}
