import Foundation
import Tensors

/// Sampling rates of classes that are learned: the Meta Sampler of Balanced Meta-Softmax (Ren et al., NeurIPS 2020), with the gradient of
/// its outer problem in closed form.
///
/// Each class has a rate psi_c = sigmoid(theta_c). A slot of the global batch draws an image i with probability psi_{y_i} / sum_j psi_{y_j}
/// by the largest of psi_{y_i} / E_i, with E_i exponential numbers: that is the Gumbel-softmax's draw, and its soft sample is s_i =
/// (psi_{y_i} / E_i) / sum. The head's step on the drawn rows is virtual only in name: the ordinary step gives the same head, at which the
/// meta batch is judged.
///
/// State is theta and Adam's moments, replicated: all sums over slots and meta rows are over all ranks.
package struct MetaSampler: Sendable, Equatable {
  /// theta, one a class.
  package private(set) var theta: [Double]
  /// Adam's first moments.
  package private(set) var firstMoments: [Double]
  /// Adam's second moments.
  package private(set) var secondMoments: [Double]
  /// Steps taken.
  package private(set) var steps = 0

  /// Rates from class counts: psi = share^(-rho) / (least + greatest of these); rho = 0 gives all classes one half.
  package init(counts: [Double], rho: Double) {
    let total = counts.reduce(0, +)
    let powers = counts.map { pow($0 / total, -rho) }
    let sum = (powers.min() ?? 1) + (powers.max() ?? 1)
    self.init(theta: powers.map { log($0 / sum / (1 - $0 / sum)) })
  }

  /// Rates from theta.
  package init(theta: [Double]) {
    self.theta = theta
    firstMoments = [Double](repeating: 0, count: theta.count)
    secondMoments = firstMoments
  }

  /// Rates and Adam's moments as they were once: rows of one length.
  package init(theta: [Double], firstMoments: [Double], secondMoments: [Double], steps: Int) {
    precondition(firstMoments.count == theta.count && secondMoments.count == theta.count, "moments for each class")
    (self.theta, self.firstMoments, self.secondMoments, self.steps) = (theta, firstMoments, secondMoments, steps)
  }

  /// psi, one a class.
  package var rates: [Double] { theta.map { 1 / (1 + exp(-$0)) } }

  /// How likely each class is to be drawn: n_c psi_c over the sum of these.
  package func classProbabilities(counts: [Double]) -> [Double] {
    let products = zip(counts, rates).map { $0 * $1 }
    let sum = products.reduce(0, +)
    return products.map { $0 / sum }
  }

  /// What a slot drew, and what its gradient needs.
  package struct Draw: Sendable, Equatable {
    /// The drawn image.
    package var index: Int
    /// Its class.
    package var label: Int32
    /// Its soft sample s_i.
    package var share: Double
    /// The soft samples of each class's images, added up.
    package var classShares: [Double]
  }

  /// Draws for one slot. Costs one logarithm an image; nothing is kept of them.
  /// - Parameters:
  ///   - labels: the class of every training image.
  ///   - uniform: a number in (0, 1) for each image.
  package func draw(labels: [Int32], uniform: (Int) -> Double) -> Draw {
    let rates = rates
    var shares = [Double](repeating: 0, count: theta.count)
    var best = (index: 0, value: -1.0)
    for index in labels.indices {
      let value = rates[Int(labels[index])] / -log(uniform(index))
      shares[Int(labels[index])] += value
      if value > best.value { best = (index, value) }
    }
    let sum = shares.reduce(0, +)
    return Draw(index: best.index, label: labels[best.index], share: best.value / sum, classShares: shares.map { $0 / sum })
  }

  /// Draws for one slot, by numbers that are a function of (seed, step, slot, image): the same on any number of ranks.
  package func draw(labels: [Int32], seed: UInt64, step: Int, slot: Int) -> Draw {
    let random = CounterRandom(seed: seed, purpose: .order, epoch: step, sample: slot)
    // Halves of a unit are added: neither 0 nor 1 occurs. Orders of samples use numbers far below 2^50.
    return draw(labels: labels) { (Double(random.bits(1 << 50 + $0) >> 12) + 0.5) * 0x1p-52 }
  }

  /// How much the meta loss grows with the weight of each slot: a_b = -(eta / B) e_b . (M x_b).
  /// - Parameters:
  ///   - errors: e, the gradient of each slot's own loss at its logits, B x C.
  ///   - features: x, with a 1 behind where the head has a bias, B x (d + 1).
  ///   - metaGradient: M, the gradient of the meta batch's mean loss at the new head, C x (d + 1), over all ranks.
  ///   - rate: eta, that of the head's step.
  ///   - batch: B, slots of the global batch.
  package static func slotGradients(
    errors: DenseRows, features: DenseRows, metaGradient: DenseRows, rate: Double, batch: Int
  ) -> [Double] {
    let scores = features.products(with: metaGradient)
    return (0..<errors.count).map { slot in
      -rate / Double(batch) * zip(errors[slot], scores[slot]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
  }

  /// The gradient of theta: d_c = sum_b a_b s_b ([y_b = c] - S_bc) (1 - psi_c). Sums over parts of the slots add up.
  package func gradient(draws: [Draw], slotGradients: [Double]) -> [Double] {
    let rates = rates
    var result = [Double](repeating: 0, count: theta.count)
    for (draw, a) in zip(draws, slotGradients) {
      for label in result.indices {
        result[label] += a * draw.share * ((Int(draw.label) == label ? 1 : 0) - draw.classShares[label])
      }
    }
    return result.indices.map { result[$0] * (1 - rates[$0]) }
  }

  /// Adam's step on theta, without decay.
  /// - Parameters:
  ///   - gradient: over all ranks.
  ///   - rate: Adam's rate.
  package mutating func step(gradient: [Double], rate: Double, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8) {
    steps += 1
    for index in theta.indices {
      firstMoments[index] = betas.0 * firstMoments[index] + (1 - betas.0) * gradient[index]
      secondMoments[index] = betas.1 * secondMoments[index] + (1 - betas.1) * gradient[index] * gradient[index]
      let first = firstMoments[index] / (1 - pow(betas.0, Double(steps)))
      let second = secondMoments[index] / (1 - pow(betas.1, Double(steps)))
      theta[index] -= rate * first / (second.squareRoot() + epsilon)
    }
  }
}
