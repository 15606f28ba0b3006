import Foundation

/// Features weighted by where the likeliest classes are seen, and classified once more: our reading of calibrated class activation maps
/// (Zhang et al., arXiv:2108.12757, of which no code is published).
///
/// z1 = s w^ . x^ with x the mean of the map F over its H W places. Of the m likeliest classes, q are the probabilities, brought to sum 1;
/// the map's score is c(u) = sum_k q_k cos(F(u), w_k), and a = softmax over places of c / T. The calibrated feature is
/// x~ = sum_u (1 + g H W a(u)) F(u) / (H W (1 + g)), and z2 = s w^ . x~^. The loss is that of z2; a is a constant in the backward pass.
/// With g = 0 it is the plain cosine classifier. Nothing depends on other images.
package struct CalibratedActivation: Sendable {
  /// s.
  package var scale: Float = 16
  /// m.
  package var classesUsed = 5
  /// T.
  package var temperature: Float = 0.2
  /// g.
  package var gain: Float = 1

  /// The usual values.
  package init() {}

  /// What the forward pass leaves for the backward one.
  package struct Forward: Sendable {
    /// z1, B x C.
    package let firstLogits: DenseRows
    /// a, B x H W.
    package let map: DenseRows
    /// x~, B x d.
    package let features: DenseRows
    /// z2, B x C.
    package let logits: DenseRows
    let classifier: NormalizedClassifier.Forward
  }

  /// Both passes. Costs 2 B H W m d products, and those of two classifiers.
  /// - Parameters:
  ///   - maps: F of each image, H W x d.
  ///   - weights: C x d.
  package func forward(_ maps: [DenseRows], weights: DenseRows) -> Forward {
    let cosine = NormalizedClassifier(.cosine, scale: scale)
    let width = weights.width
    let places = maps.first?.count ?? 0
    var means = DenseRows(count: maps.count, width: width)
    for (image, map) in maps.enumerated() {
      for u in 0..<places { for column in 0..<width { means[image, column] += map[u, column] / Float(places) } }
    }
    let first = cosine.forward(means, weights: weights)
    let probabilities = first.logits.softmax()
    let classes = weights.units.rows
    var activation = DenseRows(count: maps.count, width: places)
    for (image, map) in maps.enumerated() {
      let row = Array(probabilities[image])
      let likeliest = row.indices.sorted { (-row[$0], $0) < (-row[$1], $1) }.prefix(classesUsed)
      let sum = likeliest.reduce(Float(0)) { $0 + row[$1] }
      // The cosines are linear in the classes' units: one mixed direction serves all places.
      var direction = DenseRows(count: 1, width: width)
      for k in likeliest { for column in 0..<width { direction[0, column] += row[k] / sum * classes[k, column] } }
      let scores = map.units.rows.products(with: direction)
      let softened = DenseRows(count: 1, width: places, values: scores.values).softmax(temperature: temperature)
      for u in 0..<places { activation[image, u] = softened[0, u] }
    }
    var features = DenseRows(count: maps.count, width: width)
    for (image, map) in maps.enumerated() {
      for u in 0..<places {
        let share = self.share(activation[image, u], places: places)
        for column in 0..<width { features[image, column] += share * map[u, column] }
      }
    }
    let second = cosine.forward(features, weights: weights)
    return Forward(firstLogits: first.logits, map: activation, features: features, logits: second.logits, classifier: second)
  }

  /// The gradients of the maps and of the weights, from that at z2.
  package func backward(_ gradient: DenseRows, _ forward: Forward) -> (maps: [DenseRows], weights: DenseRows) {
    let gradients = NormalizedClassifier(.cosine, scale: scale).backward(gradient, forward.classifier)
    let places = forward.map.width
    let maps = (0..<gradient.count).map { image in
      var map = DenseRows(count: places, width: gradients.features.width)
      for u in 0..<places {
        let share = self.share(forward.map[image, u], places: places)
        for column in 0..<map.width { map[u, column] = share * gradients.features[image, column] }
      }
      return map
    }
    return (maps, gradients.weights)
  }

  /// How much a place counts in x~.
  private func share(_ activation: Float, places: Int) -> Float {
    (1 + gain * Float(places) * activation) / (Float(places) * (1 + gain))
  }
}
