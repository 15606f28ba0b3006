import Foundation
import Objectives
import Tensors
import TestSupport
import Testing

@Suite("Labelled rows", .computePool)
struct RowTests {
  let context = testContext(classes: 4)

  func make(_ name: String, _ settings: [String: SettingValue] = [:]) throws -> any Objective {
    try ObjectiveRegistry.make(name, settings: settings, context: context)
  }

  /// -log softmax(z)_k of a row, in float64.
  func crossEntropy(_ batch: Batch, _ row: Int, _ label: Int32) -> Double {
    let values = batch.logits[(row * batch.classes)..<((row + 1) * batch.classes)].map(Double.init)
    return log(values.map { exp($0) }.reduce(0, +)) - values[Int(label)]
  }

  @Test("cross-entropy with weights and second labels is what its formula says, with either denominator")
  func formula() throws {
    var batch = Batch.mixed(images: 2, rows: 40, classes: 4)
    var (sum, weights, rows) = (0.0, 0.0, 0.0)
    for i in batch.labels.indices where batch.labels[i] >= 0 {
      guard let weight = batch.weights?[i], let second = batch.seconds?[i], let share = batch.shares?[i] else { continue }
      let s = second < 0 ? 0 : Double(share)
      let loss = (1 - s) * crossEntropy(batch, i, batch.labels[i]) + s * crossEntropy(batch, i, max(0, second))
      sum += Double(weight) * loss
      weights += Double(weight)
      rows += 1
    }
    let weighted = try step([make("crossEntropy")], [batch])
    #expect(abs(weighted.result.loss - sum / weights) < 1e-6)
    #expect(weighted.result.validPixels == Int(weights.rounded()))
    batch.denominator = .rows
    let mean = try step([make("crossEntropy")], [batch])
    #expect(abs(mean.result.loss - sum / rows) < 1e-6)
    #expect(mean.result.validPixels == Int(rows))
    let factor = weights / rows
    #expect(relativeError(mean.gradient, weighted.gradient.map { Double($0) * factor }) < 1e-5)
    #expect(isClose(mean.result.gradientNormPerClass, weighted.result.gradientNormPerClass.map { $0 * factor }, 1e-5))
  }

  @Test("one share for all rows is the mix of two losses and of their gradients", arguments: [0.25, 0.5, 1])
  func mixture(_ share: Double) throws {
    // Losses that are means over rows, whose denominators are equal.
    let names = [
      "crossEntropy", "pcla", "focal", "balancedSoftmax", "logitAdjustment", "balancingLogitVariation", "ldam", "balancedSigmoid",
    ]
    for name in names {
      let first = Batch.random(images: 2, rows: 50, classes: 4)
      var second = first
      second.labels = first.labels.enumerated().map { $1 < 0 ? -1 : Int32(($0 * 7) % 4) }
      var mixed = first
      mixed.seconds = second.labels
      mixed.shares = first.labels.map { _ in Float(share) }
      let a = try step([make(name)], [first])
      let b = try step([make(name)], [second])
      let actual = try step([make(name)], [mixed])
      #expect(abs(actual.result.loss - (1 - share) * a.result.loss - share * b.result.loss) < 1e-6 * actual.result.loss, "\(name)")
      let gradient = zip(a.gradient, b.gradient).map { (1 - share) * Double($0) + share * Double($1) }
      #expect(relativeError(actual.gradient, gradient) < 1e-5, "\(name)")
    }
  }

  @Test("a common factor of all weights changes nothing", arguments: Subject.all.filter { $0.settings["extent"] == nil })
  func commonFactor(_ subject: Subject) throws {
    // Areas of Dice are compared with the constant `smooth`; how many rows OHEM keeps is rounded up, or counted by image.
    if subject.description.contains("dice") || subject.description.contains("minimumKept") || subject.name == "weightedSum" { return }
    let batch = Batch.mixed(images: 2, rows: 40, classes: 5)
    var doubled = batch
    doubled.weights = batch.weights?.map { $0 * 4 }
    let one = try step([subject.make(classes: 5)], [batch])
    let four = try step([subject.make(classes: 5)], [doubled])
    let seesaw = subject.name == "seesaw"
    #expect(abs(one.result.loss - four.result.loss) < (seesaw ? 0.2 : 1e-6) * one.result.loss)
    if !seesaw { #expect(relativeError(four.gradient, one.gradient.map(Double.init)) < 1e-5) }
  }

  @Test("background without a column makes all columns negative, keeps its scores, and is told apart")
  func background() throws {
    var batch = Batch.random(images: 2, rows: 20, classes: 4)
    for i in stride(from: 0, to: 40, by: 3) { batch.labels[i] = RowLabel.background }
    batch.labels[1] = -1
    func odds(_ k: Int) -> Double {
      let counts = (context.imageCounts ?? []).map(Double.init)
      return BalancedSigmoid.offsets(counts: counts, total: 1000)[k]
    }
    let outcome = try step([make("balancedSigmoid")], [batch])
    var (loss, background, rows, others) = (0.0, 0.0, 0.0, 0.0)
    var gradient = [Double]()
    for i in 0..<40 {
      for k in 0..<4 {
        let label = batch.labels[i]
        let z = Double(batch.logits[i * 4 + k]) + (label == RowLabel.background ? 0 : odds(k))
        let target = Int(label) == k ? 1.0 : 0
        gradient.append(label < 0 ? 0 : 1 / (1 + exp(-z)) - target)
        if label < 0 { continue }
        let entropy = log(1 + exp(z)) - target * z
        loss += entropy
        if label == RowLabel.background { background += entropy }
      }
      if batch.labels[i] >= 0 { rows += 1 }
      if batch.labels[i] == RowLabel.background { others += 1 }
    }
    #expect(abs(outcome.result.loss - loss / rows) < 1e-6 * loss / rows)
    #expect(outcome.result.validPixels == Int(rows))
    let found = try #require(outcome.result.background)
    #expect(found.rows == Int(others) && abs(found.loss - background / rows) < 1e-6)
    #expect(abs(outcome.result.lossPerClass.reduce(0, +) + found.loss - outcome.result.loss) < 1e-12)
    #expect(relativeError(outcome.gradient, gradient.map { $0 / rows }) < 2e-6)
    let square = zip(batch.labels.flatMap { [$0, $0, $0, $0] }, gradient).reduce(0) { $1.0 == RowLabel.background ? $0 + $1.1 * $1.1 : $0 }
    #expect(abs(found.gradientNorm - square.squareRoot() / rows) < 1e-6)
    // EQLv2 begins with weights of 1.
    let equalized = try step([make("eqlv2")], [batch])
    let plain = try step([make("eqlv2", ["gamma": 0])], [batch])
    #expect(equalized.gradient == plain.gradient)
  }

  @Test("background with a column is the label of that column, to the bit")
  func backgroundColumn() throws {
    for name in ["balancedSigmoid", "eqlv2"] {
      let settings: [String: SettingValue] = ["background": 2]
      var (one, two) = (Batch.mixed(images: 2, rows: 30, classes: 4), Batch.mixed(images: 2, rows: 30, classes: 4))
      for i in stride(from: 0, to: 60, by: 4) { (one.labels[i], two.labels[i]) = (RowLabel.background, 2) }
      one.seconds = nil
      two.seconds = nil
      let objectives = try (make(name, settings), make(name, settings))
      for _ in 0..<2 {
        let (a, b) = try (step([objectives.0], [one]), step([objectives.1], [two]))
        #expect(a.gradient == b.gradient && a.result == b.result)
      }
      #expect(objectives.0.state == objectives.1.state)
    }
  }

  @Test("a sum takes background if its terms do, and adds up")
  func backgroundInSums() throws {
    var batch = Batch.mixed(images: 2, rows: 30, classes: 4)
    for i in stride(from: 0, to: 60, by: 4) { batch.labels[i] = RowLabel.background }
    for i in stride(from: 1, to: 60, by: 5) { batch.seconds?[i] = RowLabel.background }
    let sum = try step([make("weightedSum", ["terms": "balancedSigmoid:1, eqlv2:0.5"])], [batch])
    let a = try step([make("balancedSigmoid")], [batch])
    let b = try step([make("eqlv2")], [batch])
    #expect(abs(sum.result.loss - a.result.loss - 0.5 * b.result.loss) < 1e-9 * sum.result.loss)
    #expect(relativeError(sum.gradient, zip(a.gradient, b.gradient).map { Double($0) + 0.5 * Double($1) }) < 1e-6)
    #expect(sum.result.background?.rows == a.result.background?.rows)
    let error = #expect(throws: LongtailError.self) { try step([make("weightedSum", ["terms": "balancedSigmoid, dice"])], [batch]) }
    #expect(error?.message.contains("background") == true)
  }

  @Test("rows without weight keep numbers out that are not finite")
  func weightless() throws {
    for subject in Subject.all {
      var batch = Batch.mixed(images: 2, rows: 30, classes: 4)
      batch.weights?[7] = 0
      batch.labels[7] = 1
      batch.logits[7 * 4] = .nan
      let outcome = try step([subject.make(classes: 4)], [batch])
      #expect(outcome.result.isFinite && outcome.gradient.allSatisfy(\.isFinite), "\(subject)")
      #expect(outcome.gradient[28..<32].allSatisfy { $0 == 0 }, "\(subject)")
    }
  }

  @Test("a gradient times a number is completed to that")
  func scaledGradient() throws {
    let batch = Batch.mixed(images: 1, rows: 20, classes: 4)
    for terms in ["crossEntropy:1, dice:1"] {
      for objective in try [make("crossEntropy"), make("weightedSum", ["terms": .string(terms)])] {
        let expected = try step([objective], [batch])
        let view = Layout.planes.view(images: 1, rows: 20, classes: 4)
        let gradient = Layout.planes.view(images: 1, rows: 20, classes: 4)
        view.numbers = batch.logits
        try batch.withRows(view) { rows in
          let (result, _) = try allRounds(objective, rows, gradient: gradient, StepContext(epoch: 2, samples: batch.samples))
          try objective.complete(gradient: gradient, rows, result: result.scalingGradient(by: 0.5))
        }
        #expect(gradient.numbers == expected.gradient.map { $0 * 0.5 })
      }
    }
  }
}
