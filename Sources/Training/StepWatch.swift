import Foundation

/// The last values of a number that changes from step to step, and how far a new one lies above them.
///
/// The score of x is (x - m) / s with the mean m and the standard deviation s of the window: that of the `OutlierDetector` in llm.c.
/// Below a full window there is no score, since the first steps of a run fall steeply.
package struct OutlierWindow: Sendable, Equatable {
  /// Values in the window.
  package static let length = 128

  /// The values, the oldest first.
  package private(set) var values: [Double] = []

  /// Takes up values from a checkpoint.
  package init(_ values: [Double] = []) {
    self.values = Array(values.suffix(OutlierWindow.length))
    self.values.reserveCapacity(OutlierWindow.length + 1)
  }

  /// How many standard deviations a value lies above the mean; nil before the window is full, or where all values are equal.
  package func score(of value: Double) -> Double? {
    guard values.count == OutlierWindow.length else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    guard variance > 0 else { return nil }
    return (value - mean) / variance.squareRoot()
  }

  /// Takes a value in, in place of the oldest.
  package mutating func add(_ value: Double) {
    guard value.isFinite else { return }
    values.append(value)
    if values.count > OutlierWindow.length { values.removeFirst() }
  }
}

/// A value that is far above those of the steps before.
package struct Spike: Sendable, Equatable {
  /// What a spike can be of: the loss of the global batch, or the norm of the gradient of all parameters.
  package enum Quantity: String, Sendable { case loss, gradientNorm }
  /// Steps that a value is compared with.
  package static let window = OutlierWindow.length
  /// What it is of.
  package var quantity: Quantity
  /// The value.
  package var value: Double
  /// Standard deviations above the mean of the last 128 steps.
  package var score: Double
}

/// What went wrong in steps so far, over all starts of a run: part of every checkpoint, equal on all ranks.
package struct StepHistory: Sendable, Equatable, Codable {
  /// Steps in a row, up to now, that were left out because a number was not finite.
  package var nonFiniteInARow = 0
  /// Steps of the whole run that were left out so.
  package var nonFiniteTotal = 0
  /// Spikes of the whole run, left out or not.
  package var spikeTotal = 0
  /// The last losses.
  package var losses: [Double] = []
  /// The last norms of the gradient.
  package var gradientNorms: [Double] = []

  /// Nothing yet.
  package init() {}
}

/// Looks for spikes of loss and gradient norm, and counts what went wrong. The same on every rank, because its numbers are.
package struct StepWatch {
  private(set) var nonFiniteInARow = 0
  private(set) var nonFiniteTotal = 0
  private(set) var spikeTotal = 0
  private var losses = OutlierWindow()
  private var gradientNorms = OutlierWindow()
  private let threshold: Double
  private let looksForSpikes: Bool

  /// - Parameter threshold: the score from which on a value is a spike.
  package init(threshold: Double, looksForSpikes: Bool) {
    self.threshold = threshold
    self.looksForSpikes = looksForSpikes
  }

  /// The spikes among the numbers of a step.
  package func spikes(loss: Double, gradientNorm: Double) -> [Spike] {
    guard looksForSpikes else { return [] }
    var found: [Spike] = []
    if let score = losses.score(of: loss), score > threshold { found.append(Spike(quantity: .loss, value: loss, score: score)) }
    if let score = gradientNorms.score(of: gradientNorm), score > threshold {
      found.append(Spike(quantity: .gradientNorm, value: gradientNorm, score: score))
    }
    return found
  }

  /// Notes a step whose numbers were finite.
  ///
  /// A spike counts into what the next steps are measured by, left out or not: should the loss stay that high, it soon is not a spike any
  /// more.
  package mutating func didMeasure(loss: Double, gradientNorm: Double, spikes: Int) {
    nonFiniteInARow = 0
    spikeTotal += spikes
    guard looksForSpikes else { return }
    losses.add(loss)
    gradientNorms.add(gradientNorm)
  }

  /// Notes a step that was left out because a number was not finite.
  package mutating func didLeaveOutNonFinite() {
    nonFiniteInARow += 1
    nonFiniteTotal += 1
  }

  /// What checkpoints keep.
  package var history: StepHistory {
    get {
      var history = StepHistory()
      history.nonFiniteInARow = nonFiniteInARow
      history.nonFiniteTotal = nonFiniteTotal
      history.spikeTotal = spikeTotal
      history.losses = losses.values
      history.gradientNorms = gradientNorms.values
      return history
    }
    set {
      nonFiniteInARow = newValue.nonFiniteInARow
      nonFiniteTotal = newValue.nonFiniteTotal
      spikeTotal = newValue.spikeTotal
      losses = OutlierWindow(newValue.losses)
      gradientNorms = OutlierWindow(newValue.gradientNorms)
    }
  }
}
