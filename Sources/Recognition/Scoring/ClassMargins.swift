import Foundation

/// What the class counts say before anything is trained: how far Balanced Softmax moves the scores of each class, and with what margins the bound
/// of the balanced error is least.
///
/// Balanced Softmax adds log pi_k to score k in training, pi_k the share of class k. The bound sums 1 / (gamma_k sqrt(n_k)) over the classes, gamma_k
/// the margin by which images of class k win; among margins of one sum it is least for gamma_k in proportion to n_k^(-1/4).
/// Sources: Ren et al., NeurIPS 2020, arXiv:2007.10740, section 3.2; Cao et al., NeurIPS 2019, arXiv:1906.07413, section 3.1.
package struct ClassMargins: Sendable, Equatable {
  /// log pi_k; nil for a class without an image.
  package let shifts: [Double?]
  /// n_k^(-1/4) in units of that of the rarest class that has an image: at most 1; nil for a class without an image.
  package let margins: [Double?]
  /// The bound with these margins over the bound with equal ones of the same sum: (sum n^(-1/4))^2 / (C sum n^(-1/2)), at most 1.
  package let boundShare: Double

  /// - Parameter counts: training images of each class.
  package init(counts: [Int]) {
    let present = counts.filter { $0 > 0 }.map(Double.init)
    let total = present.reduce(0, +)
    let largest = pow(present.min() ?? 1, -0.25)
    shifts = counts.map { $0 > 0 ? log(Double($0) / total) : nil }
    margins = counts.map { $0 > 0 ? pow(Double($0), -0.25) / largest : nil }
    let sum = present.reduce(0) { $0 + pow($1, -0.25) }
    let equal = Double(present.count) * present.reduce(0) { $0 + pow($1, -0.5) }
    boundShare = equal > 0 ? sum * sum / equal : 1
  }
}
