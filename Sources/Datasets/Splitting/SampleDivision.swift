import Foundation
import Tensors

/// Samples that come as one, divided into those for training and those for validation.
package struct SampleDivision: Sendable, Equatable {
  /// Indices of the samples for training, in order.
  package let train: [Int]
  /// Indices of the samples for validation, in order.
  package let validation: [Int]

  /// How samples are divided.
  package enum Rule: Sendable, Equatable {
    /// A share of them is for validation, above 0 and below 1.
    case share(Double)
    /// They are dealt out into folds of one size, of which one is for validation and the others for training.
    case fold(Int, of: Int)
  }

  /// Divides samples: a function of their names, classes and seed.
  /// - Parameters:
  ///   - samples: names of the samples, each another one.
  ///   - rule: into which parts.
  ///   - groupBy: which of them stay together, as ``SampleGroups``.
  ///   - classes: of each sample, to give both parts the same share of every class as far as possible; nil does not look at them.
  ///   - seed: which of the many such divisions it is.
  /// - Throws: `.usage` for a rule out of range, and for one that leaves a part empty; as ``SampleGroups``.
  package init(samples: [String], rule: Rule, groupBy: String?, classes: SampleClasses?, seed: UInt64) throws {
    let (shares, held): ([Double], Int)
    switch rule {
    case .share(let share):
      guard share > 0, share < 1 else { throw LongtailError(.usage, "data.split.validation is \(share), but must be above 0 and below 1") }
      (shares, held) = ([1 - share, share], 1)
    case .fold(let index, let count):
      guard count >= 2, (0..<count).contains(index) else {
        throw LongtailError(
          .usage, "data.split.fold is \(index) of \(count) folds", advice: "There are two folds or more, counted from 0.")
      }
      (shares, held) = ([Double](repeating: 1 / Double(count), count: count), index)
    }
    let groups = try SampleGroups(samples: samples, rule: groupBy)
    let parts = StratifiedAssignment.parts(of: groups, classes: classes, shares: shares, seed: seed)
    var isHeld = [Bool](repeating: false, count: samples.count)
    for (group, members) in groups.members.enumerated() where parts[group] == held { for sample in members { isHeld[sample] = true } }
    train = samples.indices.filter { !isHeld[$0] }
    validation = samples.indices.filter { isHeld[$0] }
    guard !train.isEmpty, !validation.isEmpty else {
      let unit = groupBy == nil ? "samples" : "groups of samples"
      throw LongtailError(
        .usage,
        "data.split leaves no samples for \(train.isEmpty ? "training" : "validation"): there are \(groups.names.count) \(unit) to divide",
        advice: "Hold out another share, use fewer folds, or add data.")
    }
  }

  /// Takes the division that two lists name, a sample a line.
  /// - Parameters:
  ///   - samples: names of all samples.
  ///   - trainList: the path of the list of training samples.
  ///   - validationList: the path of the other; samples that neither names are left out.
  /// - Throws: `.missingInput` for a list that is not there or a sample that is not; `.badData` for one that stands in both or twice.
  package init(samples: [String], trainList: String, validationList: String) throws {
    let places = Dictionary(samples.enumerated().map { ($1, $0) }) { first, _ in first }
    var seen: [Int: String] = [:]
    func read(_ path: String) throws -> [Int] {
      let list = try SampleList(contentsOf: path)
      var indices: [Int] = []
      for line in list.lines {
        guard let place = line.columns.lazy.filter(\.isMarked).compactMap({ places[$0.name] }).first else {
          if line.mayBeRemark { continue }
          throw list.error(
            line, .missingInput, "there is no sample '\(line.text)'",
            advice: nearest(line.text, among: samples).map { "Did you mean '\($0)'?" })
        }
        if let other = seen.updateValue("\(path), line \(line.number)", forKey: place) {
          throw list.error(line, .badData, "\(samples[place]) stands in \(other) too")
        }
        indices.append(place)
      }
      if indices.isEmpty { throw LongtailError(.badData, "\(path): no samples in it", advice: "Name a sample in each line.") }
      return indices.sorted()
    }
    train = try read(trainList)
    validation = try read(validationList)
  }

  /// The text of a list of samples, as the reading of lists takes it: a name a line.
  ///
  /// A name that begins with a mark that lists give a meaning to is put in quotes.
  package static func list(_ names: [String]) -> String {
    names.map { name in name.hasPrefix("#") || name.hasPrefix("'") ? "\"\(name)\"\n" : "\(name)\n" }.joined()
  }
}
