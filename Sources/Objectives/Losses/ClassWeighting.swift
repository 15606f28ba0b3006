import Foundation
import Settings
import Tensors

/// What the pixels of each class weigh in a mean.
///
/// n_k are the labelled pixels of class k in the training split and m_k the images that show it, both at least 1; N = sum n_k.
/// Only ratios matter, since the mean is divided by the sum of the weights.
package enum ClassWeighting: SettingConvertible {
  /// A rule over counts.
  package enum Rule: String, CaseIterable, Sendable {
    /// N / (C n_k): every class weighs the same in all.
    case inverse
    /// 1 / ln(1.02 + n_k / N): from 1.4 for a class that is everywhere to 50 for one that is nowhere. Paszke et al., 2016,
    /// arXiv:1606.02147.
    case enet
    /// The median of f over the classes that occur, divided by f_k, where f_k is the share of class k in the pixels of the images that
    /// show it. Images count as having the same number of labelled pixels: then f_k is n_k / m_k times a constant.
    /// Eigen and Fergus, ICCV 2015, arXiv:1411.4734.
    case medianFrequency
    /// (1 - b) / (1 - b^m_k), by images: pixels of one image are too much alike to count one by one. Cui et al., CVPR 2019,
    /// arXiv:1901.05555, who count samples.
    case effectiveNumber
  }

  case none
  case rule(Rule)
  case list([Double])

  private static let names = ["none"] + Rule.allCases.map(\.rawValue)

  package static let expectation =
    "one of " + names.joined(separator: ", ") + ", or a list with a number from 0 on for each class, one of them above 0"
  package static let kind = "word, or list of numbers"

  /// Takes a setting over.
  public init?(setting: SettingValue) {
    if setting.isNull || setting.stringValue == "none" {
      self = .none
    } else if let rule = setting.stringValue.flatMap(Rule.init(rawValue:)) {
      self = .rule(rule)
    } else if let numbers = setting.listValue?.map(\.doubleValue) {
      let weights = numbers.compactMap { $0 }
      let areWeights = weights.count == numbers.count && weights.allSatisfy { $0 >= 0 && $0 <= 1e12 } && weights.contains { $0 > 0 }
      guard areWeights else { return nil }
      self = .list(weights)
    } else {
      return nil
    }
  }

  /// The value to write.
  public var setting: SettingValue {
    switch self {
    case .none: "none"
    case .rule(let rule): .string(rule.rawValue)
    case .list(let weights): .list(weights.map { .double($0) })
    }
  }

  /// More help.
  public static func hint(for setting: SettingValue) -> String? {
    setting.stringValue.flatMap { nearest($0, among: names) }.map { "did you mean `\($0)`?" }
  }
}

extension ClassWeighting {
  /// The weight of each class, or nil where all weigh the same.
  /// - Parameters:
  ///   - context: the counts of the training split.
  ///   - beta: b of `effectiveNumber`.
  ///   - objective: its name, for messages.
  /// - Throws: `LongtailError` for a list of another length, and for counts that are missing or do not fit.
  func weights(_ context: ObjectiveContext, beta: Double, of objective: String) throws -> [Double]? {
    switch self {
    case .none: return nil
    case .list(let weights):
      guard weights.count == context.classes else {
        throw LongtailError(
          .usage, "objective \(objective): weights lists \(weights.count) numbers for \(context.classes) classes",
          advice: "Give one number for each class, in the order of the class indices.")
      }
      return weights
    case .rule(.inverse): return ClassWeighting.inverse(try context.flooredCounts(for: objective))
    case .rule(.enet): return ClassWeighting.enet(try context.flooredCounts(for: objective))
    case .rule(.medianFrequency):
      return ClassWeighting.medianFrequency(
        pixels: try context.flooredCounts(for: objective), images: try context.imageCounts(for: objective).perClass)
    case .rule(.effectiveNumber):
      return ClassBalancedLoss.weights(counts: try context.imageCounts(for: objective).perClass.map { max(1, $0) }, beta: beta)
    }
  }

  /// N / (C n_k).
  package static func inverse(_ pixels: [Double]) -> [Double] {
    let mean = pixels.reduce(0, +) / Double(pixels.count)
    return pixels.map { mean / $0 }
  }

  /// 1 / ln(1.02 + n_k / N).
  package static func enet(_ pixels: [Double]) -> [Double] {
    let total = pixels.reduce(0, +)
    return pixels.map { 1 / log(1.02 + $0 / total) }
  }

  /// The median of n / m, divided by n_k / m_k. A class that no image shows takes no part in the median.
  package static func medianFrequency(pixels: [Double], images: [Double]) -> [Double] {
    let shares = zip(pixels, images).map { $0 / max(1, $1) }
    let occurring = zip(shares, images).filter { $0.1 > 0 }.map(\.0).sorted()
    if occurring.isEmpty { return shares.map { _ in 1 } }
    let middle = occurring.count / 2
    let median = occurring.count % 2 == 1 ? occurring[middle] : (occurring[middle - 1] + occurring[middle]) / 2
    return shares.map { median / $0 }
  }
}
