import Foundation
import Tensors

/// A student drawn toward a teacher; rows are weighted by a divisor that all ranks share.
public enum Distillation {
  /// A loss over rows and its gradient at the student.
  public struct Result: Sendable {
    /// The loss of each row, before the divisor.
    public var rows: [Double]
    /// The gradient of the sum of rows over the divisor.
    public var gradient: DenseRows

    /// Creates a result.
    public init(rows: [Double], gradient: DenseRows) { (self.rows, self.gradient) = (rows, gradient) }
  }

  /// T^2 times the divergence of the student's softened probabilities from the teacher's (Hinton et al., 2015).
  ///
  /// Row: T^2 sum_k p_k (log p_k - log q_k) with p = softmax(teacher / T), q = softmax(student / T). Gradient: T (q - p) / divisor.
  /// - Parameters:
  ///   - student: logits, B x C.
  ///   - teacher: logits, B x C; constants.
  ///   - temperature: T.
  ///   - divisor: rows of the global batch.
  /// - Throws: `LongtailError(.usage)` for tables of different extents.
  public static func logits(student: DenseRows, teacher: DenseRows, temperature: Float, divisor: Float) throws -> Result {
    try student.requireExtents(of: teacher, "teacher", beside: "student")
    let p = teacher.softmax(temperature: temperature)
    let q = student.softmax(temperature: temperature)
    let square = Double(temperature * temperature)
    let rows = (0..<student.count).map { row in
      // Differences of log-probabilities from the logits themselves: small probabilities lose no digits.
      let (a, b) = (logProbabilities(teacher[row], temperature), logProbabilities(student[row], temperature))
      return square * zip(a, b).reduce(0.0) { $0 + exp($1.0) * ($1.0 - $1.1) }
    }
    var gradient = q
    for index in gradient.values.indices { gradient.values[index] = temperature * (q.values[index] - p.values[index]) / divisor }
    return Result(rows: rows, gradient: gradient)
  }

  private static func logProbabilities(_ row: ArraySlice<Float>, _ temperature: Float) -> [Double] {
    let scaled = row.map { Double($0) / Double(temperature) }
    let most = scaled.max() ?? 0
    let sum = log(scaled.reduce(0.0) { $0 + exp($1 - most) }) + most
    return scaled.map { $0 - sum }
  }

  /// What Class-Balanced Distillation (Iscen et al., BMVC 2021) draws features to: each teacher's features at length 1, behind one another,
  /// at length 1 together.
  /// - Parameter teachers: features of each, B x d_m.
  /// - Throws: `LongtailError(.usage)` for teachers with different numbers of rows, and for none.
  public static func target(teachers: [DenseRows]) throws -> DenseRows {
    guard let count = teachers.first?.count, teachers.allSatisfy({ $0.count == count }) else {
      throw LongtailError(
        .usage, "the teachers have \(teachers.map { "\($0.count)" }.joined(separator: ", ")) rows",
        advice: "Name at least one teacher; all of them need a row for each sample.")
    }
    let units = teachers.map { $0.units.rows }
    let width = teachers.reduce(0) { $0 + $1.width }
    let joined = DenseRows(count: count, width: width, values: (0..<count).flatMap { row in units.flatMap { $0[row] } })
    return joined.units.rows
  }

  /// One minus the cosine between features and their targets.
  ///
  /// Gradient: -(t - (f . t) f) / |h| / divisor with f the unit of the student's feature h.
  /// - Parameters:
  ///   - student: features h, B x d.
  ///   - target: units t, B x d; constants.
  ///   - divisor: rows of the global batch, over the weight of the term.
  /// - Throws: `LongtailError(.usage)` for tables of different extents.
  public static func features(student: DenseRows, target: DenseRows, divisor: Float) throws -> Result {
    try student.requireExtents(of: target, "target", beside: "student")
    let units = student.units
    let rows = (0..<student.count).map { row in
      1 - zip(units.rows[row], target[row]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    let atUnits = target.scaled(by: [Float](repeating: -1 / divisor, count: target.count))
    return Result(rows: rows, gradient: DenseRows.gradient(atUnits: atUnits, units: units))
  }
}
