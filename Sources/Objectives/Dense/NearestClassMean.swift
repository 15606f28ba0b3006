import Tensors

/// The classifier that takes a feature for the class whose mean lies nearest (Kang et al., ICLR 2020).
///
/// Sums and counts add up over ranks; means are taken from the sums of all.
package struct NearestClassMean: Sendable {
  /// What is done to features first.
  package enum Form: String, Sendable, CaseIterable {
    /// Nothing.
    case raw
    /// They are brought to length 1.
    case unit
    /// The mean of all training features is taken away, and the rest brought to length 1.
    case centredUnit
  }

  /// What is added up over training features, class by class.
  package struct Sums: Sendable, Equatable {
    /// The sum of each class's features, C x d, in double precision.
    package var sums: [Double]
    /// How many features each class has.
    package var counts: [Int64]

    /// Nothing yet.
    package init(classCount: Int, width: Int) {
      sums = [Double](repeating: 0, count: classCount * width)
      counts = [Int64](repeating: 0, count: classCount)
    }

    /// Adds features.
    package mutating func add(_ features: DenseRows, labels: [Int32]) {
      for row in 0..<features.count {
        let label = Int(labels[row])
        counts[label] += 1
        for column in 0..<features.width { sums[label * features.width + column] += Double(features[row, column]) }
      }
    }

    /// Adds the sums of other features.
    package mutating func merge(_ other: Sums) {
      for index in sums.indices { sums[index] += other.sums[index] }
      for index in counts.indices { counts[index] += other.counts[index] }
    }

    /// The mean of all features.
    package var mean: [Float] {
      let width = sums.count / max(1, counts.count)
      let total = Double(max(1, counts.reduce(0, +)))
      return (0..<width).map { column in
        Float(counts.indices.reduce(0.0) { $0 + sums[$1 * width + column] } / total)
      }
    }
  }

  /// C x d.
  package let means: DenseRows
  private let form: Form
  private let centre: [Float]
  private let isKnown: [Bool]

  /// - Parameters:
  ///   - sums: over `prepared` features of all ranks.
  ///   - form: what was done to them.
  ///   - centre: the mean of all raw features; used by `centredUnit` alone.
  package init(_ sums: Sums, form: Form, centre: [Float] = []) {
    (self.form, self.centre) = (form, centre)
    let width = sums.sums.count / max(1, sums.counts.count)
    var means = DenseRows(count: sums.counts.count, width: width)
    for (index, sum) in sums.sums.enumerated() { means.values[index] = Float(sum / Double(max(1, sums.counts[index / width]))) }
    self.means = means
    isKnown = sums.counts.map { $0 > 0 }
  }

  /// Features as they are compared.
  package static func prepared(_ features: DenseRows, form: Form, centre: [Float]) -> DenseRows {
    switch form {
    case .raw: return features
    case .unit: return features.units.rows
    case .centredUnit:
      var moved = features
      for row in 0..<features.count { for column in 0..<features.width { moved[row, column] -= centre[column] } }
      return moved.units.rows
    }
  }

  /// The squared distances to the means, N x C; those of classes without a training feature are infinite.
  package func squaredDistances(_ features: DenseRows) -> DenseRows {
    let features = NearestClassMean.prepared(features, form: form, centre: centre)
    var result = DenseRows(count: features.count, width: means.count)
    for row in 0..<features.count {
      for k in 0..<means.count {
        result[row, k] = isKnown[k] ? zip(features[row], means[k]).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } : .infinity
      }
    }
    return result
  }

  /// The nearest class of each feature; of equally near ones the lowest.
  package func predictions(_ features: DenseRows) -> [Int32] {
    let distances = squaredDistances(features)
    return (0..<distances.count).map { row in
      let line = Array(distances[row])
      return Int32(line.firstIndex(of: line.min() ?? 0) ?? 0)
    }
  }
}
