import Foundation
import Tensors

/// Keys of past steps that queries are told apart from: momentum contrast (He et al., CVPR 2020) with labels, in which keys of the query's
/// own class do not count (SSD-LT, Li et al., ICCV 2021).
///
/// Keys are units. Rows that were never filled are random units with label -1, which is no query's.
package struct KeyQueue: Sendable, Equatable {
  /// The keys, K x d.
  package private(set) var keys: DenseRows
  /// Their classes.
  package private(set) var labels: [Int32]
  /// Where the next keys go.
  package private(set) var pointer: Int

  /// A queue of random units.
  package init(length: Int, width: Int, seed: UInt64) {
    let random = CounterRandom(seed: seed, purpose: .initialization, epoch: 0x4B51)
    let values = (0..<length * width).map { index -> Float in
      // Normal numbers point in all directions alike (Box and Muller).
      let radius = (-2 * log(1 - random.uniform(2 * index))).squareRoot()
      return Float(radius * cos(2 * Double.pi * random.uniform(2 * index + 1)))
    }
    self.init(keys: DenseRows(count: length, width: width, values: values).units.rows, labels: [Int32](repeating: -1, count: length))
  }

  /// A queue of given units.
  package init(keys: DenseRows, labels: [Int32], pointer: Int = 0) {
    (self.keys, self.labels, self.pointer) = (keys, labels, pointer)
  }

  /// Replaces the oldest keys by those of the global batch, in its order; all ranks add the same ones.
  package mutating func enqueue(_ rows: DenseRows, labels added: [Int32]) {
    for row in 0..<rows.count {
      for column in 0..<rows.width { keys[pointer, column] = rows[row, column] }
      labels[pointer] = added[row]
      pointer = (pointer + 1) % max(1, keys.count)
    }
  }

  /// The loss of queries and its gradient.
  package struct Contrast: Sendable {
    /// The loss of each query, before the divisor.
    package var rows: [Double]
    /// At the units of the queries, B x d.
    package var atUnits: DenseRows
    /// At the queries before they were brought to length 1.
    package var atQueries: DenseRows
  }

  /// Row: -log(exp(q . k / T) / (exp(q . k / T) + sum over kept keys of exp(q . key / T))), q the query's unit and k its own key.
  ///
  /// Gradient at q: ((p_own - 1) k + sum p_key key) / T / divisor. Costs 2 B K d products.
  /// - Parameters:
  ///   - queries: B x d, of any length.
  ///   - own: each query's key, units, B x d; constants.
  ///   - queryLabels: the queries' classes.
  ///   - temperature: T.
  ///   - removesOwnClass: whether keys of the query's class are left out.
  ///   - divisor: rows of the global batch.
  package func contrast(
    _ queries: DenseRows, own: DenseRows, labels queryLabels: [Int32], temperature: Float, removesOwnClass: Bool = true, divisor: Float
  ) -> Contrast {
    let units = queries.units
    var weights = units.rows.products(with: keys)
    var rows = [Double](repeating: 0, count: queries.count)
    var atUnits = DenseRows(count: queries.count, width: queries.width)
    let (keyCount, width) = (keys.count, queries.width)
    weights.values.withUnsafeMutableBufferPointer { weights in
      rows.withUnsafeMutableBufferPointer { rows in
        atUnits.values.withUnsafeMutableBufferPointer { atUnits in
          nonisolated(unsafe) let (weights, rows, atUnits) = (weights, rows, atUnits)
          DenseRows.forEachRow(queries.count, cost: 64 * keyCount) { row in
            let scores = UnsafeMutableBufferPointer(rebasing: weights[row * keyCount..<(row + 1) * keyCount])
            let positive = zip(units.rows[row], own[row]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / Double(temperature)
            let (loss, towardOwn) = contrast(
              scores, positive: positive, label: queryLabels[row], temperature: temperature, removesOwnClass: removesOwnClass,
              factor: 1 / (temperature * divisor))
            rows[row] = loss
            for column in 0..<width { atUnits[row * width + column] = towardOwn * own[row, column] }
          }
        }
      }
    }
    let away = weights.combining(keys)
    for index in atUnits.values.indices { atUnits.values[index] += away.values[index] }
    return Contrast(rows: rows, atUnits: atUnits, atQueries: DenseRows.gradient(atUnits: atUnits, units: units))
  }

  /// The loss of one query.
  /// - Parameters:
  ///   - scores: its products with all keys; overwritten by what each key counts in the gradient.
  ///   - positive: its product with its own key, over the temperature.
  ///   - factor: what gradients are multiplied by.
  /// - Returns: the loss, and what its own key counts in the gradient.
  private func contrast(
    _ scores: UnsafeMutableBufferPointer<Float>, positive: Double, label: Int32, temperature: Float, removesOwnClass: Bool, factor: Float
  ) -> (loss: Double, towardOwn: Float) {
    func isLeftOut(_ key: Int) -> Bool { removesOwnClass && labels[key] == label }
    var most = positive
    for key in scores.indices where !isLeftOut(key) { most = max(most, Double(scores[key]) / Double(temperature)) }
    let own = exp(positive - most)
    var others = 0.0
    for key in scores.indices where !isLeftOut(key) { others += exp(Double(scores[key]) / Double(temperature) - most) }
    let sum = own + others
    for key in scores.indices {
      scores[key] = isLeftOut(key) ? 0 : Float(exp(Double(scores[key]) / Double(temperature) - most) / sum) * factor
    }
    return (log(sum) + most - positive, Float(own / sum - 1) * factor)
  }
}
