import Foundation
import Tensors

/// How a long-tailed subset is made of a balanced set: counts as published, images by a generator of our own.
///
/// Exponential (Cao et al., NeurIPS 2019, after Cui et al., CVPR 2019): the class at rank i of C keeps n factor^(-i / (C - 1)) of its n
/// images, cut off to a whole number; the last keeps n / factor. Step: the first half of the ranks keeps n, the rest n / factor.
///
/// Published code draws images by generators that cannot be repeated from another copy of the set. Here an image's place is a function of
/// (seed, class, name), so that the subset does not depend on the order of files, and a smaller one of a class is part of a larger one.
package struct LongTail: Sendable, Equatable, Codable {
  /// How counts fall.
  package enum Form: String, Sendable, Codable, CaseIterable {
    /// By an equal ratio from rank to rank.
    case exponential
    /// Once, in the middle.
    case step
  }

  /// Which class has which rank.
  package enum Order: String, Sendable, Codable, CaseIterable {
    /// The first class is the most frequent.
    case index
    /// The last class is the most frequent.
    case reversed
    /// Random, by the seed.
    case seed
  }

  /// Images of the most frequent class over those of the rarest.
  package var factor: Double
  /// What decides which images are kept; not the run's seed.
  package var seed: UInt64
  /// How counts fall.
  package var form: Form
  /// Which class has which rank.
  package var order: Order

  /// - Throws: `.usage` for a factor that is below 1 or not finite.
  package init(factor: Double, seed: UInt64 = 0, form: Form = .exponential, order: Order = .index) throws {
    guard factor >= 1, factor.isFinite else {
      throw LongtailError(.usage, "data.longTail: factor is \(factor), but must be a number of at least 1")
    }
    (self.factor, self.seed, self.form, self.order) = (factor, seed, form, order)
  }

  /// Reads `{factor, seed, form, order}`.
  /// - Throws: `.usage` naming what is wrong.
  package init(settings: [String: SettingValue]) throws {
    let known = ["factor", "seed", "form", "order"]
    if let other = settings.keys.sorted().first(where: { !known.contains($0) }) {
      throw LongtailError.unknownName("setting", other, known: known, at: "data.longTail")
    }
    guard let factor = settings["factor"]?.doubleValue else {
      throw LongtailError(.usage, "data.longTail: factor is missing, or is not a number", advice: "For example: longTail: {factor: 100}")
    }
    func word<Word: RawRepresentable & CaseIterable>(_ key: String, _ usual: Word) throws -> Word where Word.RawValue == String {
      guard let value = settings[key], !value.isNull else { return usual }
      guard let text = value.stringValue, let word = Word(rawValue: text) else {
        throw LongtailError.unknownName(
          key, value.stringValue ?? "\(value)", known: Word.allCases.map(\.rawValue), at: "data.longTail")
      }
      return word
    }
    var seed = 0
    if let value = settings["seed"], !value.isNull {
      guard let number = value.intValue, number >= 0 else {
        throw LongtailError(.usage, "data.longTail: seed is \(value), but must be a whole number that is not negative")
      }
      seed = number
    }
    try self.init(factor: factor, seed: UInt64(seed), form: word("form", .exponential), order: word("order", .index))
  }

  /// How many images each rank keeps, the most frequent first.
  /// - Parameters:
  ///   - largest: images of each class in the balanced set.
  ///   - classCount: C.
  package func countsByRank(largest: Int, classCount: Int) -> [Int] {
    (0..<classCount).map { rank in
      switch form {
      case .step: return rank < classCount / 2 ? largest : max(1, Int(Double(largest) / factor))
      case .exponential:
        // By division: the power may end just below a whole number.
        if rank == classCount - 1 && rank > 0 { return max(1, Int(Double(largest) / factor)) }
        return max(1, Int(Double(largest) * pow(1 / factor, Double(rank) / Double(max(1, classCount - 1)))))
      }
    }
  }

  /// The class at each rank.
  package func classesByRank(classCount: Int) -> [Int] {
    switch order {
    case .index: return Array(0..<classCount)
    case .reversed: return (0..<classCount).reversed()
    case .seed:
      let random = CounterRandom(seed: seed, purpose: .synthesis, epoch: LongTail.stream)
      var classes = Array(0..<classCount)
      for place in stride(from: classCount - 1, to: 0, by: -1) { classes.swapAt(place, random.integer(place, below: place + 1)) }
      return classes
    }
  }

  /// How many images each class keeps.
  package func counts(largest: Int, classCount: Int) -> [Int] {
    let byRank = countsByRank(largest: largest, classCount: classCount)
    return zip(classesByRank(classCount: classCount), byRank).reduce(into: [Int](repeating: 0, count: classCount)) { $0[$1.0] = $1.1 }
  }

  /// The numbers of subsets, apart from those of drawn data sets.
  private static let stream = 0x4C54

  /// The indices that are kept, ascending.
  ///
  /// n is the number of images of the smallest class: of a set that is balanced, that of every class.
  package func selection(labels: [Int32], names: [String], classCount: Int) -> [Int] {
    var byClass = [[Int]](repeating: [], count: classCount)
    for index in labels.indices { byClass[Int(labels[index])].append(index) }
    let counts = counts(largest: byClass.map(\.count).min() ?? 0, classCount: classCount)
    return byClass.indices.flatMap { label -> [Int] in
      let random = CounterRandom(seed: seed, purpose: .synthesis, epoch: LongTail.stream + 1, sample: label)
      let ranked = byClass[label].map { index in
        (place: random.bits(Int(truncatingIfNeeded: LongTail.hash(names[index]))), index: index)
      }
      return ranked.sorted { ($0.place, names[$0.index]) < ($1.place, names[$1.index]) }.prefix(min(counts[label], ranked.count)).map(
        \.index)
    }.sorted()
  }

  /// FNV-1a of 64 bits.
  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
