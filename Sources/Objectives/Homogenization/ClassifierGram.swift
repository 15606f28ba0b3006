import Tensors

/// W W' of a 1x1 classifier: what turns a gradient at the logits into its squared norm at the classifier's input.
///
/// With logits z = W x + b the gradient by x is W'g, so |W'g|^2 = g' (W W') g needs only C x C numbers, and no backward pass.
public enum ClassifierGram {
  /// The products of all pairs of weight vectors, row-major C x C, in float64. Cost: C^2/2 times `features` products.
  /// - Parameters:
  ///   - weights: C x features, row-major: a 1x1 convolution's O,I,1,1.
  ///   - classes: C.
  ///   - features: channels at the classifier's input.
  /// - Throws: `LongtailError` if the numbers do not fit.
  public static func products(weights: [Float], classes: Int, features: Int) throws -> [Double] {
    guard weights.count == classes * features else {
      throw LongtailError(.internalError, "\(weights.count) classifier weights for \(classes) classes of \(features) features")
    }
    var gram = Array(repeating: 0.0, count: classes * classes)
    for i in 0..<classes {
      for j in 0...i {
        var sum = 0.0
        for c in 0..<features { sum += Double(weights[i * features + c]) * Double(weights[j * features + c]) }
        gram[i * classes + j] = sum
        gram[j * classes + i] = sum
      }
    }
    return gram
  }

  /// The error for a network whose pixels still mix after the rows of features, so that g' (W W') g is not the norm.
  public static func unavailable(network: String) -> LongtailError {
    LongtailError(
      .usage, "objective: statistic is 'features', but the head of \(network) is not a 1x1 convolution at label resolution",
      advice: "Set the statistic to 'logits'.")
  }

  static func missing(objective: String) -> LongtailError {
    LongtailError(
      .usage,
      "objective \(objective): statistic is 'features', but no classifier was given; it has to be a 1x1 convolution at label resolution",
      advice: "Set the statistic to 'logits'.")
  }

  /// (I - 11'/C) A (I - 11'/C): the same for gradients that add up to 0, as softmax's do, and without cancellation in float32.
  static func centred(_ gram: [Double], classes: Int) -> [Double] {
    let count = Double(classes)
    let rowMeans = (0..<classes).map { i in gram[(i * classes)..<((i + 1) * classes)].reduce(0, +) / count }
    let columnMeans = (0..<classes).map { j in (0..<classes).reduce(0) { $0 + gram[$1 * classes + j] } / count }
    let mean = rowMeans.reduce(0, +) / count
    return gram.indices.map { gram[$0] - rowMeans[$0 / classes] - columnMeans[$0 % classes] + mean }
  }
}
