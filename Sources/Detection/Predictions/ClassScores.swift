import Foundation

/// How the numbers of a row become a score for each class, by the loss that the head was trained with.
package enum ClassScores: Sendable, Equatable {
  /// A sigmoid a class.
  case sigmoid
  /// Sigmoids, one of them for background: sigmoid(z_k) (1 - sigmoid(z_background)), of EQLv2.
  case sigmoidWithBackground(column: Int)
  /// A softmax over classes and background.
  case softmax(background: Int)
  /// A softmax over the classes, times that of the first of two more columns: object and background, of Seesaw.
  case softmaxWithObjectness

  /// Classes of a head with this many columns.
  package func classes(columns: Int) -> Int {
    switch self {
    case .sigmoid: columns
    case .sigmoidWithBackground, .softmax: columns - 1
    case .softmaxWithObjectness: columns - 2
    }
  }

  /// The column of a class: background's is left out.
  package func column(of label: Int) -> Int {
    switch self {
    case .sigmoid, .softmaxWithObjectness: label
    case .sigmoidWithBackground(let background), .softmax(let background): label < background ? label : label + 1
    }
  }

  /// Writes the scores of a row.
  /// - Parameters:
  ///   - logits: one number a column.
  ///   - threshold: scores at or below it may be written as 0; sigmoids are not worked out for them.
  ///   - scores: one number a class, overwritten.
  package func write(
    _ logits: UnsafeMutablePointer<Float>, columns: Int, threshold: Float, into scores: UnsafeMutablePointer<Float>
  ) {
    let classes = classes(columns: columns)
    switch self {
    case .sigmoid: ClassScores.sigmoids(logits, 0..<classes, shift: 0, threshold: threshold, factor: 1, into: scores)
    case .sigmoidWithBackground(let background):
      let factor = 1 / (1 + expf(logits[background]))
      ClassScores.sigmoids(logits, 0..<background, shift: 0, threshold: threshold, factor: factor, into: scores)
      ClassScores.sigmoids(logits, background..<classes, shift: 1, threshold: threshold, factor: factor, into: scores)
    case .softmax(let background):
      let normalizer = ClassScores.exponentials(logits, columns)
      for k in 0..<classes { scores[k] = logits[k < background ? k : k + 1] / normalizer }
    case .softmaxWithObjectness:
      let object = 1 / (1 + expf(logits[classes + 1] - logits[classes]))
      let normalizer = ClassScores.exponentials(logits, classes)
      for k in 0..<classes { scores[k] = logits[k] / normalizer * object }
    }
  }

  private static func sigmoids(
    _ logits: UnsafeMutablePointer<Float>, _ classes: Range<Int>, shift: Int, threshold: Float, factor: Float,
    into scores: UnsafeMutablePointer<Float>
  ) {
    // Below, no score is above the threshold, whatever the factor; a margin leaves room for rounding.
    let least = threshold > 0 && threshold < 1 ? logf(threshold / (1 - threshold)) - 1e-3 : threshold > 0 ? Float.infinity : -.infinity
    for k in classes {
      let z = logits[k + shift]
      scores[k] = z < least ? 0 : 1 / (1 + expf(-z)) * factor
    }
  }

  /// Replaces numbers by the exponentials of their distances from the largest, and adds them up.
  private static func exponentials(_ numbers: UnsafeMutablePointer<Float>, _ count: Int) -> Float {
    var largest = -Float.infinity
    for k in 0..<count { largest = max(largest, numbers[k]) }
    var sum: Float = 0
    for k in 0..<count {
      numbers[k] = expf(numbers[k] - largest)
      sum += numbers[k]
    }
    return sum
  }
}
