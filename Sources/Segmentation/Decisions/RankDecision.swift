import Configuration
import Tensors
import Threading

/// Chooses classes so that the expected overlap of each class with the truth is largest, image by image.
///
/// With p the probabilities of a class over an image, E = sum p, and S the sum of p over the m most probable pixels, the expected overlap
/// of these pixels is about
///
///     Dice: 2 S / (m + E + 1)        IoU: S / (m + E - S)
///
/// where the mean of a reciprocal is taken as the reciprocal of a mean (reciprocal moment approximation). Each class takes the m that
/// maximizes its own. A pixel that one class takes is that class's; where several take it, or none, the class whose overlap rises the
/// most by it has it, beside the pixels that are its own alone. The largest probability decides nothing by itself: a small class may take
/// pixels with 0.3, a large one leaves those with 0.6 to others.
///
/// Only classes take part that are the most probable somewhere in the image: an absent class has its best expected overlap where it covers
/// everything. (The published program leaves out classes without a probability above 0.5.)
///
/// m is found from a histogram of 65,536 equal bins in place of a sort, whole bins at a time; equal probabilities are never told apart,
/// which costs nothing, since between such pixels the overlap has no maximum. Nothing depends on the number of threads.
/// Cost: three passes over the probabilities.
///
/// Sources: Dai and Li, RankSEG, JMLR 2023, vol. 24, 224; Wang and Dai, RankSEG-RMA, NeurIPS 2025, arXiv:2510.15362.
package struct RankDecision: Sendable {
  /// What is maximized.
  package let score: Configuration.Decision.Score

  private static let bins = 1 << 16
  /// Pixels of a part whose sums are added in order.
  private static let partPixels = 4096

  package init(_ score: Configuration.Decision.Score) { self.score = score }

  /// The class of each pixel.
  package func predictions(of map: ProbabilityMap) -> [Int32] {
    var labels = map.predictions()
    let plane = labels.count
    guard plane > 0, map.classes > 1 else { return labels }
    var takesPart = [Bool](repeating: false, count: map.classes)
    for label in labels { takesPart[Int(label)] = true }
    let active = takesPart.indices.filter { takesPart[$0] }
    if active.count == 1 { return labels }
    map.values.withUnsafeBufferPointer { values in
      var choices = [Choice](repeating: Choice(), count: active.count)
      choices.withUnsafeMutableBufferPointer { choices in
        let room = choices
        ComputePool.forEach(parts: active.count) { place in
          room[place] = choice(UnsafeBufferPointer(rebasing: values[(active[place] * plane)..<((active[place] + 1) * plane)]))
        }
      }
      assign(values, active, choices, to: &labels)
    }
    return labels
  }

  /// Whether each pixel is among those that a class takes for itself, whatever other classes take.
  package func choice(of probabilities: [Float]) -> [Bool] {
    let bin = probabilities.withUnsafeBufferPointer { choice($0).bin }
    return probabilities.map { RankDecision.bin($0) >= bin }
  }

  /// What a class takes of an image.
  private struct Choice {
    /// E.
    var expected = 0.0
    /// The lowest bin whose pixels it takes.
    var bin = RankDecision.bins
    /// How many pixels are its own alone, and their probabilities' sum.
    var own = (count: 0.0, sum: 0.0)
  }

  private static func bin(_ probability: Float) -> Int { min(bins - 1, max(0, Int(probability * Float(bins)))) }

  /// E and the lowest bin of one class.
  private func choice(_ probabilities: UnsafeBufferPointer<Float>) -> Choice {
    var histogram = [(count: Int32, sum: Double)](repeating: (0, 0), count: RankDecision.bins)
    var choice = Choice()
    histogram.withUnsafeMutableBufferPointer { histogram in
      for probability in probabilities {
        let bin = RankDecision.bin(probability)
        histogram[bin].count += 1
        histogram[bin].sum += Double(probability)
        choice.expected += Double(probability)
      }
      var (count, sum, best) = (0.0, 0.0, 0.0)
      for bin in (0..<RankDecision.bins).reversed() where histogram[bin].count > 0 {
        count += Double(histogram[bin].count)
        sum += histogram[bin].sum
        let value = overlap(sum, count, choice.expected)
        if value > best { (best, choice.bin) = (value, bin) }
      }
    }
    return choice
  }

  /// The expected overlap of `count` pixels whose probabilities add up to `sum`.
  package func overlap(_ sum: Double, _ count: Double, _ expected: Double) -> Double {
    switch score {
    case .dice: 2 * sum / (count + expected + 1)
    case .iou: count + expected - sum > 0 ? sum / (count + expected - sum) : 0
    }
  }

  /// Gives every pixel to a class.
  private func assign(
    _ values: UnsafeBufferPointer<Float>, _ active: [Int], _ choices: [Choice], to labels: inout [Int32]
  ) {
    let plane = labels.count
    let parts = (plane + RankDecision.partPixels - 1) / RankDecision.partPixels
    var choices = choices
    var sums = [(count: Double, sum: Double)](repeating: (0, 0), count: parts * active.count)
    func taking(_ pixel: Int) -> (first: Int, several: Bool)? {
      var first: Int?
      for (place, k) in active.enumerated() where RankDecision.bin(values[k * plane + pixel]) >= choices[place].bin {
        if let first { return (first, true) }
        first = place
      }
      return first.map { ($0, false) }
    }
    labels.withUnsafeMutableBufferPointer { labels in
      let result = labels
      sums.withUnsafeMutableBufferPointer { sums in
        let room = sums
        ComputePool.forEach(parts: parts) { part in
          for pixel in (part * RankDecision.partPixels)..<min(plane, (part + 1) * RankDecision.partPixels) {
            result[pixel] = -1
            guard let (place, several) = taking(pixel), !several else { continue }
            result[pixel] = Int32(active[place])
            room[part * active.count + place].count += 1
            room[part * active.count + place].sum += Double(values[active[place] * plane + pixel])
          }
        }
      }
      for part in 0..<parts {
        for place in active.indices {
          choices[place].own.count += sums[part * active.count + place].count
          choices[place].own.sum += sums[part * active.count + place].sum
        }
      }
      ComputePool.forEach(parts: parts) { part in
        for pixel in (part * RankDecision.partPixels)..<min(plane, (part + 1) * RankDecision.partPixels) where result[pixel] < 0 {
          let isTaken = taking(pixel) != nil
          var (best, chosen) = (-Double.infinity, active[0])
          for (place, k) in active.enumerated() {
            let probability = values[k * plane + pixel]
            if isTaken, RankDecision.bin(probability) < choices[place].bin { continue }
            let (own, expected) = (choices[place].own, choices[place].expected)
            let rise = overlap(own.sum + Double(probability), own.count + 1, expected) - overlap(own.sum, own.count, expected)
            if rise > best { (best, chosen) = (rise, k) }
          }
          result[pixel] = Int32(chosen)
        }
      }
    }
  }
}

extension ProbabilityMap {
  /// The class of each pixel, as a decision has it.
  func predictions(_ decision: Configuration.Decision) -> [Int32] {
    decision.rule == .rank ? RankDecision(decision.score).predictions(of: self) : predictions()
  }
}
