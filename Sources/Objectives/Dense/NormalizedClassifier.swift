import Tensors

/// A linear classifier without bias whose weights, and perhaps features, are brought to one length.
///
/// With w_k a class's weights and ^ for the unit vector, the logits of a feature x are
/// - weightNormalized: s w_k^ . x
/// - cosine: s w_k^ . x^
/// - squashed: s w_k^ . x / (1 + |x|)  (Liu et al., CVPR 2019)
///
/// The length of a class's weights, which grows with its frequency, then cannot favour it.
package struct NormalizedClassifier: Sendable {
  /// What is brought to one length.
  package enum Kind: String, Sendable, CaseIterable {
    case weightNormalized, cosine, squashed
  }

  /// What is brought to one length.
  package var kind: Kind
  /// s.
  package var scale: Float

  /// - Parameters:
  ///   - kind: what is brought to one length.
  ///   - scale: s.
  package init(_ kind: Kind, scale: Float) {
    (self.kind, self.scale) = (kind, scale)
  }

  /// What the forward pass leaves for the backward one.
  package struct Forward: Sendable {
    /// B x C.
    package let logits: DenseRows
    let features: (rows: DenseRows, norms: [Float])
    let weights: (rows: DenseRows, norms: [Float])
    let inputs: DenseRows
    let cosines: DenseRows
  }

  /// The gradients of a loss.
  package struct Gradients: Sendable {
    /// B x d.
    package var features: DenseRows
    /// C x d; at right angles to the weights.
    package var weights: DenseRows
    /// For s.
    package var scale: Float
  }

  /// The logits of features. Costs B C d products.
  /// - Parameters:
  ///   - features: B x d.
  ///   - weights: C x d, one row a class.
  package func forward(_ features: DenseRows, weights: DenseRows) -> Forward {
    let units = features.units
    let inputs: DenseRows =
      switch kind {
      case .weightNormalized: features
      case .cosine: units.rows
      case .squashed: features.scaled(by: features.norms.map { 1 / (1 + $0) })
      }
    let classes = weights.units
    let cosines = inputs.products(with: classes.rows)
    let logits = cosines.scaled(by: [Float](repeating: scale, count: features.count))
    return Forward(logits: logits, features: units, weights: classes, inputs: inputs, cosines: cosines)
  }

  /// The gradients from those at the logits. Costs 2 B C d products.
  package func backward(_ gradient: DenseRows, _ forward: Forward) -> Gradients {
    let scaled = gradient.scaled(by: [Float](repeating: scale, count: gradient.count))
    let atInputs = scaled.combining(forward.weights.rows)
    let atFeatures: DenseRows
    switch kind {
    case .weightNormalized: atFeatures = atInputs
    case .cosine: atFeatures = DenseRows.gradient(atUnits: atInputs, units: forward.features)
    case .squashed:
      // x / (1 + |x|): along x the derivative is 1 / (1 + |x|)^2, across it 1 / (1 + |x|).
      var result = atInputs
      for row in 0..<result.count {
        let norm = forward.features.norms[row]
        let along = zip(atInputs[row], forward.features.rows[row]).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        for column in 0..<result.width {
          result[row, column] =
            atInputs[row, column] / (1 + norm) - along * forward.features.rows[row, column] * norm / ((1 + norm) * (1 + norm))
        }
      }
      atFeatures = result
    }
    let atWeights = DenseRows.gradient(atUnits: scaled.collecting(forward.inputs), units: forward.weights)
    let atScale = zip(gradient.values, forward.cosines.values).reduce(Float(0)) { $0 + $1.0 * $1.1 }
    return Gradients(features: atFeatures, weights: atWeights, scale: atScale)
  }
}
