import Tensors

/// Weights of classes over proposals that are learned: the meta re-weighter of Balanced Activation's detectors, with the gradient of its
/// outer problem in closed form.
///
/// A row of class k weighs w = psi_k F / P, with psi_k = sigmoid(theta_k), F the rows of the step that show an object, and P the sum of
/// their psi: the mean weight of objects is 1. Rows of background weigh 1. The step of the class layer is the inner problem; M is the
/// gradient of the meta rows' loss at the layer that it has left, and e_i the gradient of the step's loss at the scores of row i, its
/// weight included. Then
///
///     dL/dw_i = -(eta / w_i) e_i.(M x_i),    dw_i/dtheta_c = F / P ([y_i = c] - psi_{y_i} n_c / P) psi_c (1 - psi_c)
///
/// with n_c rows of class c. F, P, n and the sums over rows are those of all ranks. Adam moves theta; state is theta and Adam's moments.
/// Source: Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020, arXiv:2007.10740, and the authors' code.
package struct ProposalReweighter: Sendable, Equatable {
  private var rates: MetaSampler

  /// All classes weigh the same at first.
  package init(classes: Int) { rates = MetaSampler(theta: [Double](repeating: 0, count: classes)) }

  /// theta, one a class.
  package var theta: [Double] { rates.theta }
  /// psi, one a class.
  package var weights: [Double] { rates.rates }

  /// The weight of each row.
  /// - Parameters:
  ///   - labels: classes, `RowLabel.background`, or ignored, which weigh 1.
  ///   - counts: rows of each class over all ranks.
  package func rowWeights(_ labels: [Int32], counts: [Double]) -> [Float] {
    let psi = weights
    let factor = self.factor(psi, counts)
    return labels.map { $0 >= 0 && $0 != RowLabel.background ? Float(psi[Int($0)] * factor) : 1 }
  }

  /// F / P; 1 where no row shows an object.
  private func factor(_ psi: [Double], _ counts: [Double]) -> Double {
    let sum = zip(psi, counts).reduce(0) { $0 + $1.0 * $1.1 }
    return sum > 0 ? counts.reduce(0, +) / sum : 1
  }

  /// This rank's part of the gradient by theta: parts of all ranks add up.
  /// - Parameters:
  ///   - labels: of this rank's rows.
  ///   - counts: rows of each class over all ranks.
  ///   - products: e_i.(M x_i), one a row.
  ///   - rate: eta.
  package func gradient(_ labels: [Int32], counts: [Double], products: [Double], rate: Double) -> [Double] {
    let psi = weights
    let factor = self.factor(psi, counts)
    let sum = zip(psi, counts).reduce(0) { $0 + $1.0 * $1.1 }
    var result = [Double](repeating: 0, count: psi.count)
    var total = 0.0
    for (label, product) in zip(labels, products) where label >= 0 && label != RowLabel.background {
      let slope = -rate * product / (psi[Int(label)] * factor)
      result[Int(label)] += slope
      total += slope * psi[Int(label)]
    }
    guard sum > 0 else { return result.map { _ in 0 } }
    return result.indices.map { factor * (result[$0] - total * counts[$0] / sum) * psi[$0] * (1 - psi[$0]) }
  }

  /// Adam's step.
  package mutating func step(gradient: [Double], rate: Double) { rates.step(gradient: gradient, rate: rate) }
}
