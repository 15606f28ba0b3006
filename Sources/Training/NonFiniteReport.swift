import Foundation

/// A step whose loss or gradient was not finite: what and where, gathered from all ranks. Equal on all of them.
package struct NonFiniteReport: Sendable, Equatable {
  /// What was found not to be finite first: the loss, or with a finite loss the gradient of all parameters.
  package enum Quantity: String, Sendable { case loss, gradient }

  /// The step, counted from 1.
  package var step = 0
  /// What was not finite.
  package var quantity = Quantity.loss
  /// The ranks where it began; all of them where parameters are to blame, none where only the sum over the ranks overflowed.
  package var ranks: [Int] = []
  /// The first tensor in forward order with a number that is not finite on these ranks, in words; behind the forward pass the loss,
  /// then the gradients in backward order. Nil where only the sum over the ranks overflowed.
  package var tensor: String?
  /// The samples of these ranks in this step, by their index in the training split: only those whose image is broken, where one is.
  package var samples: [Int] = []
  /// Labelled pixels of the global batch by class.
  package var pixelsPerClass: [Int] = []
  /// Pixels of the global batch that are ignored.
  package var ignoredPixels = 0

  /// What to do about it.
  static let advice = "Lower the learning rate, set gradientClipping, or check the data."

  /// The report in one line.
  /// - Parameters:
  ///   - names: what samples are called.
  ///   - classNames: names of the classes.
  package func text(sampleName names: (Int) -> String, classNames: [String]) -> String {
    let place = tensor.map {
      "first in the \($0)\(ranks.isEmpty ? "" : " of rank\(ranks.count == 1 ? "" : "s") \(ranks.map(String.init).joined(separator: ", "))")"
    }
    let found = place ?? "each rank's numbers are finite, but their sum is not"
    let listed = samples.prefix(8).map(names).joined(separator: ", ") + (samples.count > 8 ? " and \(samples.count - 8) more" : "")
    let labels = zip(classNames, pixelsPerClass).filter { $1 > 0 }.map { "\($0) \($1)" } + ["ignored \(ignoredPixels)"]
    return "the \(quantity.rawValue) of step \(step) is not finite: \(found); "
      + (samples.isEmpty ? "" : "samples \(listed); ") + "pixels of the batch: \(labels.joined(separator: ", "))"
  }
}

/// What one rank found out about a step that is not finite.
package struct NonFiniteFinding: Codable {
  /// Where on the way of a step the first such number lies; the ranks with the least place are where it began.
  package var place = NonFiniteFinding.nowhere
  package var tensor: String?
  package var samples: [Int] = []
  package var pixels: [Int] = []
  package var ignoredPixels = 0

  package init() {}

  /// Behind all places.
  package static let nowhere = Int.max
  /// Before the first layer.
  static let parameters = -2
  static let input = -1
  /// Behind the last layer.
  static let loss = 1 << 30
  static let gradients = 1 << 31

  /// Merges what all ranks found.
  package static func merged(_ all: [NonFiniteFinding]) -> NonFiniteReport {
    var report = NonFiniteReport()
    let first = all.map(\.place).min() ?? nowhere
    if first != nowhere {
      report.ranks = all.indices.filter { all[$0].place == first }
      report.tensor = report.ranks.first.flatMap { all[$0].tensor }
    }
    let involved = report.ranks.isEmpty ? Array(all.indices) : report.ranks
    report.samples = involved.flatMap { all[$0].samples }
    report.pixelsPerClass = Array(repeating: 0, count: all.map(\.pixels.count).max() ?? 0)
    for finding in all {
      for (index, count) in finding.pixels.enumerated() { report.pixelsPerClass[index] += count }
      report.ignoredPixels += finding.ignoredPixels
    }
    return report
  }
}
