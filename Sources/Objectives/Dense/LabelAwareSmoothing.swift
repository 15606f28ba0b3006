import Foundation

/// Labels softened more for frequent classes than for rare ones (MiSLAS, Zhong et al., CVPR 2021).
///
/// Class c is smoothed by e_c = tail + (head - tail) sin(pi (n_c - n_min) / (2 (n_max - n_min))), and a row's loss is
/// -(1 - e_y) log p_y - e_y mean_k log p_k.
package enum LabelAwareSmoothing {
  /// e, one a class.
  /// - Parameters:
  ///   - counts: n, training images of each class.
  ///   - head: e of the most frequent class.
  ///   - tail: e of the rarest.
  package static func shares(counts: [Double], head: Double = 0.4, tail: Double = 0.1) -> [Double] {
    let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
    return counts.map { most == least ? head : tail + (head - tail) * sin(Double.pi * ($0 - least) / (2 * (most - least))) }
  }

  /// The loss of each row, and the gradient of their sum over a divisor.
  package static func loss(
    _ logits: DenseRows, labels: [Int32], shares: [Double], divisor: Float
  ) -> (rows: [Double], gradient: DenseRows) {
    var gradient = logits.softmax()
    let classCount = Double(logits.width)
    let rows = logits.crossEntropies(labels).enumerated().map { row, loss -> Double in
      let share = shares[Int(labels[row])]
      // The mean over classes of -log p_k is the label's, plus how far its logit lies over the mean of logits.
      let mean = logits[row].reduce(0.0) { $0 + Double($1) } / classCount
      return loss + share * (Double(logits[row, Int(labels[row])]) - mean)
    }
    for row in 0..<logits.count {
      let share = Float(shares[Int(labels[row])])
      for k in 0..<logits.width { gradient[row, k] -= share / Float(logits.width) + (k == Int(labels[row]) ? 1 - share : 0) }
    }
    return (rows, gradient.scaled(by: [Float](repeating: 1 / divisor, count: logits.count)))
  }
}
