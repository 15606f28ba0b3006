import Foundation
import Tensors
import Threading

/// A table of numbers, row after row: features of samples, weights of classes, logits.
///
/// For what is done to heads on given features, not for networks' layers: products are plain loops over vectors of eight. Rows of large
/// ones are spread over the compute threads, each computed by one, so that the numbers are the same on any number of them.
public struct DenseRows: Sendable, Equatable {
  /// Rows.
  public let count: Int
  /// Numbers in a row.
  public let width: Int
  /// All numbers; row r begins at `r * width`.
  public package(set) var values: [Float]

  /// A table from its numbers, row after row.
  /// - Parameters:
  ///   - values: the numbers: of whole rows.
  ///   - width: numbers in a row, at least one.
  /// - Throws: `LongtailError(.usage)` where the numbers do not fill rows of that width.
  public init(_ values: [Float], width: Int) throws {
    guard width > 0, values.count % width == 0 else {
      throw LongtailError(
        .usage, "\(values.count) numbers do not fill rows of \(width)", advice: "Give a whole number of rows, each of one width.")
    }
    (count, self.width, self.values) = (values.count / width, width, values)
  }

  /// A table of zeros.
  package init(count: Int, width: Int) {
    (self.count, self.width) = (count, width)
    values = [Float](repeating: 0, count: count * width)
  }

  /// A table from its numbers, row after row: `count * width` of them.
  package init(count: Int, width: Int, values: [Float]) {
    precondition(values.count == count * width, "count times width numbers")
    (self.count, self.width, self.values) = (count, width, values)
  }

  /// The numbers of a row, which has to be there, as with an array.
  public subscript(row: Int) -> ArraySlice<Float> { values[row * width..<(row + 1) * width] }

  /// One number, which has to be there, as with an array.
  public package(set) subscript(row: Int, column: Int) -> Float {
    get { values[row * width + column] }
    set { values[row * width + column] = newValue }
  }

  /// Some rows, in the order given.
  package func selecting(_ rows: [Int]) -> DenseRows {
    DenseRows(count: rows.count, width: width, values: rows.flatMap { self[$0] })
  }

  /// Each row times a number of its own.
  package func scaled(by factors: [Float]) -> DenseRows {
    precondition(factors.count == count, "a factor for each row")
    var result = self
    for row in 0..<count { for column in 0..<width { result[row, column] *= factors[row] } }
    return result
  }

  /// The products of every row with every row of another table of the same width: this times the other transposed, count x other.count.
  package func products(with other: DenseRows) -> DenseRows {
    precondition(width == other.width, "rows of one width")
    var result = DenseRows(count: count, width: other.count)
    let columns = other.count
    values.withUnsafeBufferPointer { a in
      other.values.withUnsafeBufferPointer { b in
        result.values.withUnsafeMutableBufferPointer { output in
          nonisolated(unsafe) let (a, b, output) = (a, b, output)
          DenseRows.forEachRow(count, cost: columns * width) { row in
            for column in 0..<columns { output[row * columns + column] = DenseRows.dot(a, row * width, b, column * width, width) }
          }
        }
      }
    }
    return result
  }

  /// The rows of another table added up with the weights that each row of this one has: this times the other, count x other.width.
  package func combining(_ other: DenseRows) -> DenseRows {
    precondition(width == other.count, "a weight for each row")
    var result = DenseRows(count: count, width: other.width)
    let (rows, columns) = (width, other.width)
    values.withUnsafeBufferPointer { weights in
      other.values.withUnsafeBufferPointer { input in
        result.values.withUnsafeMutableBufferPointer { output in
          nonisolated(unsafe) let (weights, input, output) = (weights, input, output)
          DenseRows.forEachRow(count, cost: rows * columns) { row in
            for k in 0..<rows {
              let factor = weights[row * rows + k]
              if factor == 0 { continue }
              for index in 0..<columns { output[row * columns + index] += factor * input[k * columns + index] }
            }
          }
        }
      }
    }
    return result
  }

  /// The rows of another table added up with the weights that each column of this one has: this transposed times the other, width x
  /// other.width.
  package func collecting(_ other: DenseRows) -> DenseRows {
    precondition(count == other.count, "as many rows")
    var result = DenseRows(count: width, width: other.width)
    for k in 0..<count { for column in 0..<width { result.add(other, row: k, times: self[k, column], to: column) } }
    return result
  }

  /// Calls `body` for each row, on the compute threads where that is worth it.
  /// - Parameter cost: products of a row.
  static func forEachRow(_ count: Int, cost: Int, _ body: (Int) -> Void) {
    guard count * cost >= 1 << 20 else { return (0..<count).forEach(body) }
    ComputePool.forEachRange(of: count) { for row in $0 { body(row) } }
  }

  private mutating func add(_ other: DenseRows, row: Int, times factor: Float, to target: Int) {
    if factor == 0 { return }
    let width = self.width
    values.withUnsafeMutableBufferPointer { output in
      other.values.withUnsafeBufferPointer { input in
        for index in 0..<width { output[target * width + index] += factor * input[row * width + index] }
      }
    }
  }

  /// The Euclidean norm of each row.
  package var norms: [Float] {
    values.withUnsafeBufferPointer { memory in
      (0..<count).map { DenseRows.dot(memory, $0 * width, memory, $0 * width, width).squareRoot() }
    }
  }

  /// Norms below this count as it, so that a row of zeros stays one.
  package static let leastNorm: Float = 1e-12

  /// Each row at norm 1, and the norms.
  package var units: (rows: DenseRows, norms: [Float]) {
    let norms = norms.map { max($0, DenseRows.leastNorm) }
    return (scaled(by: norms.map { 1 / $0 }), norms)
  }

  /// The gradient for rows whose units have this gradient: (g - (g . u) u) / norm, with u this table's units.
  /// - Parameters:
  ///   - gradient: at the units.
  ///   - units: what `units` gave.
  package static func gradient(atUnits gradient: DenseRows, units: (rows: DenseRows, norms: [Float])) -> DenseRows {
    var result = gradient
    for row in 0..<gradient.count {
      let along = zip(gradient[row], units.rows[row]).reduce(Float(0)) { $0 + $1.0 * $1.1 }
      for column in 0..<gradient.width {
        result[row, column] = (gradient[row, column] - along * units.rows[row, column]) / units.norms[row]
      }
    }
    return result
  }

  @inline(__always)
  private static func load(_ buffer: UnsafeBufferPointer<Float>, _ start: Int) -> SIMD8<Float> {
    UnsafeRawBufferPointer(buffer).loadUnaligned(fromByteOffset: 4 * start, as: SIMD8<Float>.self)
  }

  /// The sum of products, in eight partial sums.
  @inline(__always)
  private static func dot(
    _ a: UnsafeBufferPointer<Float>, _ aStart: Int, _ b: UnsafeBufferPointer<Float>, _ bStart: Int, _ count: Int
  ) -> Float {
    var sums = SIMD8<Float>()
    var index = 0
    while index + 8 <= count {
      sums += load(a, aStart + index) * load(b, bStart + index)
      index += 8
    }
    var sum = sums.sum()
    while index < count {
      sum += a[aStart + index] * b[bStart + index]
      index += 1
    }
    return sum
  }
}

extension DenseRows {
  /// Each row's softmax at a temperature.
  package func softmax(temperature: Float = 1) -> DenseRows {
    var result = self
    for row in 0..<count {
      let most = self[row].max() ?? 0
      let exponentials = self[row].map { exp(Double(($0 - most) / temperature)) }
      let sum = exponentials.reduce(0, +)
      for column in 0..<width { result[row, column] = Float(exponentials[column] / sum) }
    }
    return result
  }

  /// Each row's cross-entropy against its label: log sum exp z - z_label.
  package func crossEntropies(_ labels: [Int32]) -> [Double] {
    (0..<count).map { row in
      let most = self[row].max() ?? 0
      let sum = self[row].reduce(0.0) { $0 + exp(Double($1 - most)) }
      return log(sum) + Double(most) - Double(self[row, Int(labels[row])])
    }
  }

  /// The gradient of the mean cross-entropy: (softmax - onehot) / divisor.
  package func crossEntropyGradient(_ labels: [Int32], divisor: Float) -> DenseRows {
    var result = softmax()
    for row in 0..<count { result[row, Int(labels[row])] -= 1 }
    return result.scaled(by: [Float](repeating: 1 / divisor, count: count))
  }
}
