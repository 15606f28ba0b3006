import Foundation
import Tensors
import Testing

@testable import Objectives

@Suite struct DenseTests {
  private let labels: [Int32] = [2, 0, 4, 1, 3, 0]

  private func loss(_ logits: DenseRows) -> Double { logits.crossEntropies(labels).reduce(0, +) / 6 }

  @Test func productsAreThoseOfTheirDefinitions() {
    let (a, b) = (DenseRows.pattern(3, 19, seed: 1), DenseRows.pattern(4, 19, seed: 2))
    let products = a.products(with: b)
    for row in 0..<3 {
      for column in 0..<4 {
        let expected = (0..<19).reduce(0.0) { $0 + Double(a[row, $1]) * Double(b[column, $1]) }
        #expect(abs(Double(products[row, column]) - expected) < 1e-5)
      }
    }
    #expect(agree(products.combining(b).products(with: a), products.products(with: a.products(with: b))))
    #expect(agree(products.collecting(a).products(with: a), b.products(with: a).combining(a.products(with: a))))
    #expect(DenseRows(count: 2, width: 3).units.rows.values.allSatisfy { $0 == 0 })
  }

  @Test(arguments: NormalizedClassifier.Kind.allCases) func classifiersFollowTheirDifferences(kind: NormalizedClassifier.Kind) {
    let classifier = NormalizedClassifier(kind, scale: 3)
    let (features, weights) = (DenseRows.pattern(6, 7, seed: 3), DenseRows.pattern(5, 7, seed: 4))
    let forward = classifier.forward(features, weights: weights)
    let gradients = classifier.backward(forward.logits.crossEntropyGradient(labels, divisor: 6), forward)
    #expect(agree(gradients.features, features.differences { loss(classifier.forward($0, weights: weights).logits) }, 2e-3))
    #expect(agree(gradients.weights, weights.differences { loss(classifier.forward(features, weights: $0).logits) }, 2e-3))
    let scale = DenseRows(count: 1, width: 1, values: [3]).differences {
      loss(NormalizedClassifier(kind, scale: $0[0, 0]).forward(features, weights: weights).logits)
    }
    #expect(agree([Double(gradients.scale)], [Double(scale[0, 0])], 2e-3))
    // A class whose weights are ten times as long is not favoured.
    let longer = weights.scaled(by: [10, 1, 1, 1, 1])
    #expect(agree(classifier.forward(features, weights: longer).logits, forward.logits))
  }

  @Test func distillationFollowsItsDifferences() throws {
    let (student, teacher) = (DenseRows.pattern(6, 5, seed: 5), DenseRows.pattern(6, 5, seed: 6))
    let soft = try Distillation.logits(student: student, teacher: teacher, temperature: 2, divisor: 6)
    #expect(
      agree(
        soft.gradient,
        try student.differences {
          try Distillation.logits(student: $0, teacher: teacher, temperature: 2, divisor: 6).rows.reduce(0, +) / 6
        }, 2e-3))
    #expect(soft.rows.allSatisfy { $0 > 0 })
    #expect(try Distillation.logits(student: teacher, teacher: teacher, temperature: 2, divisor: 6).rows.allSatisfy { abs($0) < 1e-12 })
    let target = try Distillation.target(teachers: [DenseRows.pattern(6, 3, seed: 7), DenseRows.pattern(6, 2, seed: 8)])
    #expect(target.norms.allSatisfy { abs($0 - 1) < 1e-6 })
    let drawn = try Distillation.features(student: student, target: target, divisor: 6)
    #expect(
      agree(
        drawn.gradient,
        try student.differences { try Distillation.features(student: $0, target: target, divisor: 6).rows.reduce(0, +) / 6 }, 2e-3))
  }

  /// What people may hand over by mistake is refused in words.
  @Test func tablesThatDoNotFitAreRefused() throws {
    #expect(try DenseRows([1, 2, 3, 4, 5, 6], width: 3)[1, 2] == 6)
    for (values, width) in [([Float](repeating: 0, count: 7), 3), ([1], 0), ([1], -1)] {
      let refused = #expect(throws: LongtailError.self) { try DenseRows(values, width: width) }
      #expect(refused?.code == .usage && refused?.message == "\(values.count) numbers do not fill rows of \(width)")
    }
    let (student, other) = (DenseRows.pattern(6, 5, seed: 5), DenseRows.pattern(6, 4, seed: 6))
    let logits = #expect(throws: LongtailError.self) {
      try Distillation.logits(student: student, teacher: other, temperature: 2, divisor: 6)
    }
    #expect(logits?.message == "the teacher is 6 rows of 4, the student 6 rows of 5")
    let features = #expect(throws: LongtailError.self) { try Distillation.features(student: student, target: other, divisor: 6) }
    #expect(features?.message == "the target is 6 rows of 4, the student 6 rows of 5")
    for teachers in [[], [student, DenseRows.pattern(5, 5, seed: 7)]] {
      #expect(throws: LongtailError.self) { try Distillation.target(teachers: teachers) }
    }
  }

  @Test(arguments: [true, false]) func contrastFollowsItsDifferences(removes: Bool) {
    let queue = KeyQueue(keys: DenseRows.pattern(9, 4, seed: 9).units.rows, labels: [0, 1, 2, 3, 4, 0, 1, 2, -1])
    let own = DenseRows.pattern(6, 4, seed: 10).units.rows
    let queries = DenseRows.pattern(6, 4, seed: 11)
    func result(_ queries: DenseRows) -> KeyQueue.Contrast {
      queue.contrast(queries, own: own, labels: labels, temperature: 0.5, removesOwnClass: removes, divisor: 6)
    }
    #expect(agree(result(queries).atQueries, queries.differences({ result($0).rows.reduce(0, +) / 6 }, step: 3e-3), 5e-3))
  }

  @Test func queuesBeginAsRandomUnitsOfNoClassAndGoRound() {
    var queue = KeyQueue(length: 5, width: 8, seed: 1)
    #expect(queue.keys.norms.allSatisfy { abs($0 - 1) < 1e-5 } && queue.labels == [-1, -1, -1, -1, -1])
    #expect(queue == KeyQueue(length: 5, width: 8, seed: 1) && queue != KeyQueue(length: 5, width: 8, seed: 2))
    let rows = DenseRows.pattern(3, 8, seed: 12).units.rows
    queue.enqueue(rows, labels: [1, 2, 3])
    queue.enqueue(rows, labels: [4, 5, 6])
    #expect(queue.labels == [6, 2, 3, 4, 5] && queue.pointer == 1 && Array(queue.keys[0]) == Array(rows[2]))
  }

  /// Against the loss itself: a head takes a step on rows whose weights follow theta, and is judged on the meta batch.
  @Test func theMetaGradientIsThatOfTheOuterProblem() {
    let classes: [Int32] = [0, 0, 0, 0, 1, 1, 2]
    let pool = DenseRows.pattern(7, 4, seed: 13)
    let meta = DenseRows.pattern(6, 4, seed: 14)
    let metaLabels: [Int32] = [0, 1, 2, 0, 1, 2]
    let head = DenseRows.pattern(3, 4, seed: 15)
    let theta = [0.3, -0.2, 0.5]
    let sampler = MetaSampler(theta: theta)
    let (rate, slots) = (0.7, 5)
    let draws = (0..<slots).map { sampler.draw(labels: classes, seed: 4, step: 2, slot: $0) }
    let rows = pool.selecting(draws.map(\.index))
    let errors = rows.products(with: head).crossEntropyGradient(draws.map(\.label), divisor: 1)
    func metaLoss(_ weights: [Double]) -> (loss: Double, head: DenseRows) {
      let step = errors.scaled(by: weights.map { Float($0 * rate / Double(slots)) }).collecting(rows)
      var next = head
      for index in next.values.indices { next.values[index] -= step.values[index] }
      return (meta.products(with: next).crossEntropies(metaLabels).reduce(0, +) / 6, next)
    }
    // The weight of a slot is 1 plus the change of its soft sample.
    func outer(_ theta: [Double]) -> Double {
      let moved = MetaSampler(theta: theta)
      let random = (0..<slots).map { moved.draw(labels: classes, seed: 4, step: 2, slot: $0) }
      guard zip(random, draws).allSatisfy({ $0.index == $1.index }) else { return .nan }
      return metaLoss(zip(random, draws).map { 1 + $0.share - $1.share }).loss
    }
    let newHead = metaLoss([Double](repeating: 1, count: slots)).head
    let metaGradient = meta.products(with: newHead).crossEntropyGradient(metaLabels, divisor: 6).collecting(meta)
    let a = MetaSampler.slotGradients(errors: errors, features: rows, metaGradient: metaGradient, rate: rate, batch: slots)
    let found = sampler.gradient(draws: draws, slotGradients: a)
    let expected = theta.indices.map { index -> Double in
      var (above, below) = (theta, theta)
      above[index] += 0.02
      below[index] -= 0.02
      return (outer(above) - outer(below)) / 0.04
    }
    #expect(agree(found, expected, 5e-3), "\(found) \(expected)")
    #expect(abs(draws[0].classShares.reduce(0, +) - 1) < 1e-12)
  }

  @Test func drawsFollowTheRatesOfClasses() {
    let labels = (0..<60).map { Int32($0 < 40 ? 0 : $0 < 55 ? 1 : 2) }
    let sampler = MetaSampler(counts: [40, 15, 5], rho: 1)
    let expected = sampler.classProbabilities(counts: [40, 15, 5])
    #expect(agree(expected, [1.0 / 3, 1.0 / 3, 1.0 / 3], 1e-9))
    var counts = [0.0, 0, 0]
    let draws = (0..<6000).map { sampler.draw(labels: labels, seed: 1, step: $0 / 100, slot: $0 % 100) }
    for draw in draws { counts[Int(draw.label)] += 1 / 6000 }
    #expect(zip(counts, expected).allSatisfy { abs($0 - $1) < 0.025 }, "\(counts)")
    #expect(Set(draws.map(\.index)).count == 60)
    #expect(agree(MetaSampler(counts: [9, 3, 1], rho: 0).rates, [0.5, 0.5, 0.5], 1e-12))
  }

  @Test func calibrationFollowsItsDifferencesAtAFixedMap() {
    var calibration = CalibratedActivation()
    calibration.scale = 4
    let maps = (0..<6).map { DenseRows.pattern(4, 7, seed: 20 + $0) }
    let weights = DenseRows.pattern(5, 7, seed: 30)
    let forward = calibration.forward(maps, weights: weights)
    let gradients = calibration.backward(forward.logits.crossEntropyGradient(labels, divisor: 6), forward)
    #expect(forward.map.values.allSatisfy { $0 > 0 && $0 < 1 })
    let cosine = NormalizedClassifier(.cosine, scale: 4)
    func value(_ map: DenseRows) -> Double {
      var features = forward.features
      for column in 0..<7 {
        features[2, column] = (0..<4).reduce(Float(0)) { $0 + (1 + 4 * forward.map[2, $1]) / 8 * map[$1, column] }
      }
      return loss(cosine.forward(features, weights: weights).logits)
    }
    #expect(agree(gradients.maps[2], maps[2].differences(value), 3e-3))
    #expect(agree(gradients.weights, weights.differences { loss(cosine.forward(forward.features, weights: $0).logits) }, 3e-3))
  }

  @Test func smoothingFollowsItsDifferences() {
    let logits = DenseRows.pattern(6, 5, seed: 40)
    let shares = LabelAwareSmoothing.shares(counts: [500, 200, 90, 20, 3])
    #expect(abs(shares[0] - 0.4) < 1e-12 && abs(shares[4] - 0.1) < 1e-12 && shares == shares.sorted(by: >))
    let found = LabelAwareSmoothing.loss(logits, labels: labels, shares: shares, divisor: 6)
    let expected = logits.differences {
      LabelAwareSmoothing.loss($0, labels: labels, shares: shares, divisor: 6).rows.reduce(0, +) / 6
    }
    #expect(agree(found.gradient, expected, 2e-3))
    // Without smoothing it is cross-entropy.
    let plain = LabelAwareSmoothing.loss(logits, labels: labels, shares: [0, 0, 0, 0, 0], divisor: 6)
    #expect(agree(plain.rows, logits.crossEntropies(labels), 1e-6))
  }
}
