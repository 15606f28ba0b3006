import Foundation
import Tensors

/// Weights of samples that follow from how often classes occur. N_c is the number of samples that show class c.
enum ClassWeighting {
  /// Class-first: class c with chance N_c^g / sum, then one of its samples, all alike.
  ///
  /// For samples with one label: g = 1 is instance balanced, 1/2 square root, 0 class balanced, -1 reversed.
  /// - Throws: `.badData` where no sample has a class.
  static func classFirst(_ classes: SampleClasses, exponent: Double) throws -> ClassDraw {
    try drawn(classes) { pow(Double($0), exponent) }
  }

  /// Class-first with chances in proportion to N_c (1 - b) / (1 - b^N_c): each sample of a class weighs the inverse of its class's
  /// effective number. Source: Cui et al., "Class-balanced loss based on effective number of samples", CVPR 2019, arXiv:1901.05555.
  /// - Parameter base: b, from 0 to below 1.
  /// - Throws: `.badData` where no sample has a class.
  static func effectiveNumber(_ classes: SampleClasses, base: Double) throws -> ClassDraw {
    try drawn(classes) { count in
      // 1 - b^n without cancellation.
      base > 0 ? Double(count) * (1 - base) / -expm1(Double(count) * log(base)) : Double(count)
    }
  }

  /// Class-first by the chances of classes.
  /// - Parameter chance: of a class with this many samples, which is at least 1; only what they are to each other counts.
  private static func drawn(_ classes: SampleClasses, chance: (Int) -> Double) throws -> ClassDraw {
    let counts = classes.sampleCounts
    try requireClasses(counts)
    return ClassDraw(weights: counts.map { $0 > 0 ? chance($0) : 0 }, classes: classes)
  }

  /// How often samples are repeated by the rarest of their classes.
  ///
  ///     r_c = max(1, sqrt(t / f_c)),   r_i = the largest of its classes; 1 for a sample without any
  ///
  /// f_c is the share of the samples that show class c.
  /// Source: Gupta, Dollar, Girshick, "LVIS: a dataset for large vocabulary instance segmentation", CVPR 2019, arXiv:1908.03195.
  /// - Parameter threshold: t.
  static func repeatFactors(_ classes: SampleClasses, threshold: Double) -> [Double] {
    let factors = classes.sampleCounts.map { $0 > 0 ? max(1, (threshold * Double(classes.count) / Double($0)).squareRoot()) : 1 }
    return (0..<classes.count).map { classes[$0].reduce(1) { max($0, factors[$1.classIndex]) } }
  }

  /// How often samples are repeated so that all classes are drawn equally often: the sum over a sample's classes of N / (C N_c), with
  /// N samples, C classes that occur. 0 for a sample without any.
  /// Source, for one label: Iscen et al., "Class-balanced distillation", BMVC 2021, arXiv:2104.05279.
  static func balancedCopies(_ classes: SampleClasses) throws -> [Double] {
    let weights = try classFirst(classes, exponent: 0).sampleChances
    return weights.map { $0 * Double(classes.count) }
  }

  /// - Throws: `.badData` where no class has a sample.
  static func requireClasses(_ counts: [Int]) throws {
    guard counts.contains(where: { $0 > 0 }) else {
      throw LongtailError(.badData, "no sample has a class, so that none can be drawn by its class", advice: "Check the labels.")
    }
  }
}
