import Foundation
import Tasks
import Tensors

/// How far probabilities can be trusted: pixels by their most probable class and by its probability, in 15 equal bins.
///
/// Where a network says 70 %, it should be right in 70 % of the cases. The expected calibration error is the mean over the pixels of the
/// distance between both, bin by bin; a network that is too sure of a rare class has its curve for that class below the diagonal.
/// Whole numbers are counted (probabilities in units of 2^-24), so that the result depends on no number of ranks.
/// Source: Guo, Pleiss, Sun, Weinberger, ICML 2017, arXiv:1706.04599.
package struct Calibration: Sendable, Equatable {
  /// Bins of each class.
  package static let bins = 15
  private static let unit = Double(1 << 24)
  /// Curves of single classes that a figure holds at most.
  private static let mostCurves = 8

  /// Number of classes.
  package let classes: Int
  /// For each class and bin: pixels, right ones, sum of probabilities.
  package private(set) var numbers: [Int64]

  /// Nothing counted yet.
  package init(classes: Int) {
    self.classes = classes
    numbers = [Int64](repeating: 0, count: 3 * Calibration.bins * classes)
  }

  /// Sums over ranks.
  init(classes: Int, numbers: [Int64]) { (self.classes, self.numbers) = (classes, numbers) }

  /// Adds pixels; those with a negative label are left out.
  /// - Parameters:
  ///   - predictions: the most probable class of each.
  ///   - confidences: its probability.
  ///   - labels: the truth.
  package mutating func add(predictions: [Int32], confidences: [Float], labels: UnsafeBufferPointer<Int32>) {
    for pixel in 0..<min(predictions.count, labels.count) where labels[pixel] >= 0 && confidences[pixel].isFinite {
      let confidence = Double(confidences[pixel])
      let bin = min(Calibration.bins - 1, max(0, Int(confidence * Double(Calibration.bins))))
      let place = 3 * (Int(predictions[pixel]) * Calibration.bins + bin)
      numbers[place] += 1
      numbers[place + 1] += predictions[pixel] == labels[pixel] ? 1 : 0
      numbers[place + 2] += Int64((confidence * Calibration.unit).rounded())
    }
  }

  /// Adds the pixels of an image.
  mutating func add(_ map: ProbabilityMap, labels: [Int32]) {
    let predictions = map.predictions()
    let plane = predictions.count
    let confidences = predictions.indices.map { map.values[Int(predictions[$0]) * plane + $0] }
    labels.withUnsafeBufferPointer { add(predictions: predictions, confidences: confidences, labels: $0) }
  }

  /// What was counted of some classes in one bin.
  struct Bin {
    var count: Double
    /// The share that is right.
    var accuracy: Double
    /// The mean probability.
    var confidence: Double
  }

  /// The bins of some classes together that hold pixels, by rising probability.
  func bins(of members: some Sequence<Int>) -> [Bin] {
    var sums = [Int64](repeating: 0, count: 3 * Calibration.bins)
    for k in members { for slot in sums.indices { sums[slot] += numbers[3 * Calibration.bins * k + slot] } }
    return (0..<Calibration.bins).compactMap { bin in
      let (count, right, sum) = (Double(sums[3 * bin]), Double(sums[3 * bin + 1]), Double(sums[3 * bin + 2]))
      return count > 0 ? Bin(count: count, accuracy: right / count, confidence: sum / Calibration.unit / count) : nil
    }
  }

  /// The expected calibration error over the pixels that are taken for some classes; nil without any.
  package func expectedError(of members: some Sequence<Int>) -> Double? {
    let bins = bins(of: members)
    let count = bins.reduce(0) { $0 + $1.count }
    return count > 0 ? bins.reduce(0) { $0 + $1.count * abs($1.confidence - $1.accuracy) } / count : nil
  }

  /// How much surer the network is of some classes than it is right; negative where it is too modest. Nil without a pixel.
  package func excess(of members: some Sequence<Int>) -> Double? {
    let bins = bins(of: members)
    let count = bins.reduce(0) { $0 + $1.count }
    return count > 0 ? bins.reduce(0) { $0 + $1.count * ($1.confidence - $1.accuracy) } / count : nil
  }
}

extension Calibration {
  /// Curves of all classes together, of each group, and of the rarest classes; none where nothing was counted.
  package func figures(groups: ClassGroups, classNames: [String]) -> [Figure] {
    let all = Array(0..<classes)
    guard let whole = expectedError(of: all) else { return [] }
    let errors = groups.names.compactMap { name in
      expectedError(of: groups.classes(of: name)).map { "\(name) \(Calibration.percent($0))" }
    }
    let curves = [curve("all", all)] + groups.names.map { curve($0, groups.classes(of: $0)) }
    var figures = [
      Figure(
        title: "Calibration",
        text: "How often the most probable class is right, over its probability; on the diagonal the two agree, and below it the network "
          + "is too sure. Expected calibration error: \(Calibration.percent(whole))\(errors.isEmpty ? "" : ", " + errors.joined(separator: ", ")).",
        across: "probability", up: "share that is right", curves: curves.filter { !$0.points.isEmpty } + [Calibration.diagonal])
    ]
    let rare = Array(groups.rarest.prefix(Calibration.mostCurves))
    let gaps = classNames.indices.compactMap { k in excess(of: [k]).map { "\(classNames[k]) \(Calibration.signed($0))" } }
    let own = rare.map { curve(classNames[$0], [$0]) }.filter { !$0.points.isEmpty }
    figures.append(
      Figure(
        title: "Calibration of classes",
        text: "The same for pixels that are taken for one class: those of the rarest ones. Mean probability less share that is right, in "
          + "points: \(gaps.joined(separator: ", ")).",
        across: "probability", up: "share that is right", curves: own + [Calibration.diagonal]))
    return figures
  }

  private func curve(_ name: String, _ members: [Int]) -> Figure.Curve {
    Figure.Curve(name: name, points: bins(of: members).map { Figure.Point($0.confidence, $0.accuracy) })
  }

  private static var diagonal: Figure.Curve { Figure.Curve(name: "agreement", points: [Figure.Point(0, 0), Figure.Point(1, 1)]) }

  private static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }
  private static func signed(_ share: Double) -> String { String(format: "%+.1f", 100 * share) }
}
