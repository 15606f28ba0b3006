import Foundation

/// A class first, then one of its samples, all alike: the pair of class c and sample i has the chance q_c / N_c, N_c the number of samples
/// that show class c.
///
/// For a sample that is there already, whichever sampler drew it, the class is chosen with what follows from that by Bayes' rule:
///
///     P(c | i) = (q_c / N_c) / sum over the classes k of sample i of q_k / N_k
///
/// So behind a class-first sampler of the same q the pairs have the chances of class-first drawing, and the sampler need not say which
/// class it had in mind for a draw.
public struct ClassDraw: Sendable, Equatable {
  /// The chances of the classes, q; they add up to 1, or are all 0 where no class may be drawn.
  public let chances: [Double]
  /// The classes of each sample.
  public let classes: SampleClasses
  /// The samples that show each class.
  package let samplesByClass: [[Int]]

  /// - Parameters:
  ///   - weights: of the classes, at least 0; only what they are to each other counts, and only those of classes that a sample shows.
  ///   - classes: of each sample.
  package init(weights: [Double], classes: SampleClasses) {
    self.classes = classes
    samplesByClass = classes.samplesByClass
    let counted = zip(weights, samplesByClass).map { $1.isEmpty ? 0 : $0 }
    let sum = counted.reduce(0, +)
    chances = counted.map { sum > 0 ? $0 / sum : 0 }
  }

  /// All classes alike.
  package init(alike classes: SampleClasses) { self.init(weights: [Double](repeating: 1, count: classes.classCount), classes: classes) }

  /// Rare classes first, by a temperature T:
  ///
  ///     q_c = exp((1 - f_c) / T) / sum,   f_c = the class's share of all that is labelled
  ///
  /// The larger T, the more all classes are alike. Source: Hoyer, Dai, Van Gool, "DAFormer", CVPR 2022, arXiv:2111.14887.
  /// - Parameters:
  ///   - temperature: T, above 0.
  ///   - classes: of each sample.
  ///   - smallest: a sample can be drawn for a class of which it shows at least so much; for a class of which no sample does, every sample
  ///     that shows it.
  package init(temperature: Double, classes: SampleClasses, smallest: Int = 1) {
    let totals = classes.totals.map(Double.init)
    let all = max(1, totals.reduce(0, +))
    // The rarest class has the exponent 0, so that nothing overflows.
    let least = totals.filter { $0 > 0 }.min() ?? 0
    self.init(
      weights: totals.map { exp((least - $0) / all / temperature) }, classes: smallest > 1 ? classes.keeping(atLeast: smallest) : classes)
  }

  /// The chance of each sample; they add up to 1.
  package var sampleChances: [Double] {
    (0..<classes.count).map { sample in
      classes[sample].reduce(0) { $0 + chances[$1.classIndex] / Double(samplesByClass[$1.classIndex].count) }
    }
  }

  /// The class that a sample was drawn for.
  /// - Parameter uniform: a random number from 0 to below 1.
  /// - Returns: nil for a sample that is drawn for no class.
  package func classIndex(ofSample sample: Int, uniform: Double) -> Int? {
    guard sample < classes.count else { return nil }
    let entries = classes[sample]
    func weight(_ entry: SampleClasses.Entry) -> Double { chances[entry.classIndex] / Double(samplesByClass[entry.classIndex].count) }
    var left = uniform * entries.reduce(0) { $0 + weight($1) }
    var chosen: Int?
    for entry in entries where weight(entry) > 0 {
      chosen = entry.classIndex
      if left < weight(entry) { break }
      left -= weight(entry)
    }
    return chosen
  }

  /// A class, and one of its samples.
  /// - Parameters:
  ///   - uniform: a random number from 0 to below 1, for the class.
  ///   - integer: gives a random whole number below a bound, for the sample.
  /// - Returns: nil where no class may be drawn.
  package func pair(uniform: Double, integer: (Int) -> Int) -> (classIndex: Int, sample: Int)? {
    var left = uniform
    var chosen: Int?
    for (index, chance) in chances.enumerated() where chance > 0 {
      chosen = index
      if left < chance { break }
      left -= chance
    }
    return chosen.map { ($0, samplesByClass[$0][integer(samplesByClass[$0].count)]) }
  }
}

extension SampleClasses {
  /// Without what samples show too little of; a class of which no sample shows enough stays as it is.
  /// - Parameter smallest: the count that suffices.
  package func keeping(atLeast smallest: Int) -> SampleClasses {
    var hasEnough = [Bool](repeating: false, count: classCount)
    for sample in 0..<count { for entry in self[sample] where entry.count >= smallest { hasEnough[entry.classIndex] = true } }
    var result = SampleClasses(classCount: classCount)
    for sample in 0..<count { result.append(self[sample].filter { $0.count >= smallest || !hasEnough[$0.classIndex] }) }
    return result
  }
}
