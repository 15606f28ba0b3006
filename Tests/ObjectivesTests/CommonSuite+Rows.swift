import Objectives
import Tensors
import TestSupport
import Testing
import Threading

extension Subject {
  /// Whether norms of class gradients enter the gradient.
  var usesNorms: Bool { description.contains("homogenization") || description.contains("pat") }
  /// Whether the loss depends on the place of a row in its image.
  var dependsOnPlaces: Bool { description.contains("balancingLogitVariation") }
  /// Whether rows of background without a column have a meaning.
  var takesBackground: Bool { Subject.sigmoids.contains(name) || settings["background"] != nil }
}

extension Batch {
  /// Random rows with weights from 0 to 2 and second labels of random shares; every case that the rules name is among them.
  static func mixed(images: Int, rows: Int, classes: Int, seed: UInt64 = 1) -> Batch {
    var batch = random(images: images, rows: rows, classes: classes, seed: seed)
    let random = CounterRandom(seed: seed &+ 1000, purpose: .testing)
    let count = images * rows
    batch.weights = (0..<count).map { $0 % 11 == 5 ? 0 : Float(random.uniform($0, in: 0...2)) }
    batch.shares = (0..<count).map { $0 % 5 == 1 ? 0 : $0 % 13 == 4 ? 1 : Float(random.uniform(100_000 + $0)) }
    batch.seconds = (0..<count).map { i in
      let label = Int32(min(classes - 1, Int(random.uniform(200_000 + i) * Double(classes))))
      return i % 9 == 2 ? -1 : i % 8 == 6 ? batch.labels[i] : label
    }
    return batch
  }

  /// The same without second labels: every row twice, with the weights that `LabelledRows` tells.
  /// - Parameter byImage: copies are images of their own, otherwise further rows of the image.
  func doubled(byImage: Bool) -> Batch {
    let (seconds, shares, weights) = (seconds ?? labels.map { _ in -1 }, shares ?? labels.map { _ in 0 }, weights ?? labels.map { _ in 1 })
    func share(_ i: Int) -> Float { seconds[i] < 0 || seconds[i] == labels[i] ? 0 : shares[i] }
    var result = Batch(
      images: byImage ? 2 * images : images, rows: byImage ? rows : 2 * rows, classes: classes, logits: [], labels: [],
      samples: byImage ? samples.flatMap { [$0, $0] } : samples, weights: [])
    for image in 0..<images {
      for copy in 0..<2 {
        for i in (image * rows)..<((image + 1) * rows) {
          result.logits += logits[(i * classes)..<((i + 1) * classes)]
          result.labels.append(copy == 0 || labels[i] < 0 ? labels[i] : share(i) > 0 ? seconds[i] : -1)
          result.weights?.append(weights[i] * (copy == 0 ? 1 - share(i) : share(i)))
        }
      }
    }
    return result
  }
}

extension CommonSuite {
  @Test("the result changes nothing, measuring repeats itself, a step that is not committed leaves no trace", arguments: Subject.all)
  func purity(_ subject: Subject) throws {
    let batches = (0..<4).map { Batch.random(images: 2, rows: 40, classes: 5, seed: UInt64(40 + $0)) }
    let one = try subject.make(classes: 5)
    let other = try subject.make(classes: 5)
    for (i, batch) in batches[..<2].enumerated() {
      _ = try step([one], [batch], epoch: i)
      _ = try step([other], [batch], epoch: i)
    }
    let before = one.state
    let first = try step([one], [batches[2]], commits: false)
    #expect(one.state == before)
    let again = try step([one], [batches[2]], commits: false)
    #expect(first.result == again.result && first.packed == again.packed)
    #expect(first.gradient.map(\.bitPattern) == again.gradient.map(\.bitPattern))
    for _ in 0..<2 { #expect(try one.result(first.sums, step: StepContext(epoch: 2)) == first.result) }
    // Another batch in between is as if it had not been.
    let next = try step([one], [batches[3]])
    let expected = try step([other], [batches[3]])
    #expect(next.result == expected.result && next.packed == expected.packed && next.gradient == expected.gradient)
    #expect(one.state == other.state)
  }

  @Test("weights of 1 and shares of 0 change no bit", arguments: Subject.all)
  func plainExtras(_ subject: Subject) throws {
    for layout in [Layout.planes, .blocks8, .channelsLast] {
      for (rows, classes) in [(37, 11), (2100, 4)] {
        let plain = Batch.random(images: 2, rows: rows, classes: classes)
        let expected = try step([subject.make(classes: classes)], [plain], layout: layout)
        var weighted = plain
        weighted.weights = plain.labels.map { _ in 1 }
        var mixed = weighted
        mixed.seconds = plain.labels.indices.map { Int32($0 % classes) }
        mixed.shares = plain.labels.map { _ in 0 }
        for batch in [weighted, mixed] {
          let actual = try step([subject.make(classes: classes)], [batch], layout: layout)
          #expect(actual.packed == expected.packed && actual.result == expected.result)
          #expect(actual.gradient.map(\.bitPattern) == expected.gradient.map(\.bitPattern))
        }
      }
    }
  }

  @Test("whole weights are repeated rows", arguments: Subject.all.filter { !$0.usesNorms && !$0.dependsOnPlaces })
  func repetition(_ subject: Subject) throws {
    let (classes, rows) = (5, 30)
    var batch = Batch.random(images: 2, rows: rows, classes: classes)
    batch.weights = (0..<(2 * rows)).map { Float($0 % 4) }
    var repeated = Batch(images: 2, rows: 3 * rows, classes: classes, logits: [], labels: [], samples: batch.samples)
    for i in 0..<(2 * rows) {
      for copy in 0..<3 {
        repeated.logits += batch.logits[(i * classes)..<((i + 1) * classes)]
        repeated.labels.append(copy < i % 4 ? batch.labels[i] : -1)
      }
    }
    let one = try subject.make(classes: classes)
    let two = try subject.make(classes: classes)
    for _ in 0..<2 {
      let weighted = try step([one], [batch])
      let expected = try step([two], [repeated])
      #expect(abs(weighted.result.loss - expected.result.loss) < 1e-6 * max(1, abs(expected.result.loss)))
      #expect(weighted.result.pixelsPerClass == expected.result.pixelsPerClass)
      let sums = (0..<(2 * rows * classes)).map { j in
        (0..<3).reduce(0.0) { $0 + Double(expected.gradient[(j / classes * 3 + $1) * classes + j % classes]) }
      }
      #expect(relativeError(weighted.gradient, sums) < 1e-5)
      for (key, values) in two.state { #expect(isClose(one.state[key] ?? [], values, 1e-5), "\(key)") }
    }
  }

  @Test("a row with a second label is two rows with its scores", arguments: Subject.all)
  func secondLabels(_ subject: Subject) throws {
    let classes = 5
    let one = try subject.make(classes: classes)
    let two = try subject.make(classes: classes)
    for i in 0..<2 {
      let batch = Batch.mixed(images: 2, rows: 30, classes: classes, seed: UInt64(3 + i))
      let doubled = batch.doubled(byImage: subject.dependsOnPlaces)
      let mixed = try step([one], [batch])
      let expected = try step([two], [doubled])
      #expect(abs(mixed.result.loss - expected.result.loss) < 1e-6 * max(1, abs(expected.result.loss)))
      #expect(abs(mixed.result.scaledLoss - expected.result.scaledLoss) < 1e-5 * max(1, abs(expected.result.scaledLoss)))
      #expect(isClose(mixed.result.gradientNormPerClass, expected.result.gradientNormPerClass, 1e-5))
      #expect(mixed.result.pixelsPerClass == expected.result.pixelsPerClass)
      let sums = (0..<2).flatMap { image in
        (0..<(30 * classes)).map { j in
          Double(expected.gradient[2 * image * 30 * classes + j]) + Double(expected.gradient[(2 * image + 1) * 30 * classes + j])
        }
      }
      #expect(relativeError(mixed.gradient, sums) < 1e-5)
      for (key, values) in two.state { #expect(isClose(one.state[key] ?? [], values, 1e-5), "\(key)") }
    }
  }

  @Test("mixed rows: the gradient is the derivative of the scaled loss", arguments: Subject.all.filter { $0.hasExactGradient })
  func mixedFiniteDifferences(_ subject: Subject) throws {
    let classes = 5
    let batch = Batch.mixed(images: 1, rows: 9, classes: classes, seed: 4)
    let base = try step([subject.make(classes: classes)], [batch])
    func value(_ outcome: Outcome) -> Double {
      zip(base.result.scalePerClass, outcome.result.lossPerClass).reduce(0) { $0 + $1.0 * $1.1 }
    }
    var numeric = [Double]()
    let h: Float = subject.description.contains("lovasz") ? 1 / 1024 : subject.name == "ldam" ? 1 / 256 : 1 / 64
    for i in batch.logits.indices {
      var (up, down) = (batch, batch)
      up.logits[i] += h
      down.logits[i] -= h
      let above = try value(step([subject.make(classes: classes)], [up]))
      let below = try value(step([subject.make(classes: classes)], [down]))
      numeric.append((above - below) / Double(up.logits[i] - down.logits[i]))
    }
    #expect(relativeError(base.gradient, numeric) < 2e-3)
  }

  @Test("mixed rows: any layout, any number of ranks and threads gives the same", arguments: Subject.all)
  func mixedRanks(_ subject: Subject) throws {
    var batch = Batch.mixed(images: 7, rows: 300, classes: 6)
    if subject.takesBackground {
      for i in stride(from: 0, to: 2100, by: 17) { batch.labels[i] = RowLabel.background }
      for i in stride(from: 3, to: 2100, by: 19) { batch.seconds?[i] = RowLabel.background }
    }
    let one = try step([subject.make(classes: 6)], [batch])
    #expect(one.result.isFinite && one.result.loss > 0)
    for layout in [Layout.channelsLast, .blocks8, .padded] {
      let other = try step([subject.make(classes: 6)], [batch], layout: layout, gradientLayout: .blocks16)
      #expect(other.packed == one.packed && other.gradient == one.gradient)
    }
    ComputePool.configure(threadCount: 2)
    let threads = try step([subject.make(classes: 6)], [batch])
    ComputePool.configure(threadCount: 1)
    #expect(threads.packed == one.packed && threads.gradient == one.gradient)
    for cuts in [[0, 3, 7], [0, 1, 1, 4, 7]] {
      let parts = zip(cuts, cuts.dropFirst()).map { batch[$0..<$1] }
      let split = try step(parts.map { _ in try subject.make(classes: 6) }, parts)
      #expect(abs(split.result.loss - one.result.loss) <= 1e-9 * abs(one.result.loss))
      #expect(isClose(split.result.factorPerClass, one.result.factorPerClass, 1e-9))
      #expect(relativeError(split.gradient, one.gradient.map(Double.init)) < 1e-6)
    }
  }

  @Test("rows of single images may have weights and second labels", arguments: Subject.all)
  func mixedClassification(_ subject: Subject) throws {
    var batch = Batch.mixed(images: 45, rows: 1, classes: 6)
    batch.samples = Array(0..<45)
    let expected = try step([subject.make(classes: 6)], [batch], layout: .channelsLast)
    let one = try step([subject.make(classes: 6), subject.make(classes: 6)], [batch[0..<20], batch[20..<45]])
    #expect(abs(expected.result.loss - one.result.loss) <= 1e-7 * abs(one.result.loss))
    #expect(relativeError(one.gradient, expected.gradient.map(Double.init)) < 1e-6)
  }

  @Test("refuses weights, shares and second labels that make no sense", arguments: Subject.all)
  func rowRefusals(_ subject: Subject) throws {
    let good = Batch.mixed(images: 2, rows: 30, classes: 4)
    var bad = [good, good, good, good]
    let place = 41
    bad[0].weights?[place] = -0.5
    bad[1].weights?[place] = .infinity
    bad[2].shares?[place] = 1.5
    bad[3].seconds?[place] = 4
    for batch in bad {
      let error = #expect(throws: LongtailError.self) { try step([subject.make(classes: 4)], [batch]) }
      #expect(error?.code == .badData)
      #expect(error?.message.contains("image 1 of this rank's batch, pixel 11") == true)
    }
    var short = good
    short.weights?.removeLast()
    #expect(throws: LongtailError.self) { try step([subject.make(classes: 4)], [short]) }
    var background = Batch.random(images: 2, rows: 30, classes: 4)
    background.labels[place] = RowLabel.background
    if subject.takesBackground {
      #expect(try step([subject.make(classes: 4)], [background]).result.isFinite)
    } else if subject.name != "weightedSum" {
      let error = #expect(throws: LongtailError.self) { try step([subject.make(classes: 4)], [background]) }
      #expect(error?.code == .usage && error?.message.contains("background") == true)
    }
  }

  @Test("runs with 8142 classes", arguments: Subject.all)
  func manyClasses(_ subject: Subject) throws {
    let classes = 8142
    // The features' statistic keeps a number for each pair of classes.
    if subject.settings["exponent"] == "classes" || subject.settings["statistic"] != nil || subject.settings["adaptation"] == "classes" {
      return
    }
    var batch = Batch.random(images: 9, rows: 1, classes: classes)
    batch.labels[8] = 8141
    batch.labels[7] = 300
    let planes = try step([subject.make(classes: classes)], [batch])
    #expect(planes.result.isFinite && planes.result.validPixels == batch.labels.filter { $0 >= 0 }.count)
    #expect(planes.result.pixelsPerClass[8141] >= 1 && planes.result.pixelsPerClass[300] == 1)
    #expect(planes.gradient[9 * classes - 1] < 0)
    let blocks = try step([subject.make(classes: classes)], [batch], layout: .blocks8)
    #expect(blocks.gradient == planes.gradient && blocks.packed == planes.packed)
    batch.labels[8] = 8142
    #expect(throws: LongtailError.self) { try step([subject.make(classes: classes)], [batch]) }
  }
}
