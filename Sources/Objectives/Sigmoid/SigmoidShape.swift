/// What makes one sigmoid loss different from another, besides what is added to the logits.
struct SigmoidShape {
  /// What the terms of each class are multiplied by.
  struct Weights {
    /// On rows of the class.
    var positive: [Double]
    /// On rows of other classes.
    var negative: [Double]
    /// On rows of background.
    var background: [Double]

    /// Multiplies all three by a number a class.
    mutating func multiply(by columns: [Double]) {
      for k in columns.indices {
        positive[k] *= columns[k]
        negative[k] *= columns[k]
        background[k] *= columns[k]
      }
    }
  }

  /// Weights that stay; nil for 1.
  var weights: Weights?
  /// Focal's exponent; nil for the cross-entropy itself.
  var gamma: Double?
  /// Whether rows of background have the offsets, too.
  var shiftsBackground = false
  /// Whether the loss is divided by the rows of classes alone, one at least, instead of by all.
  var countsForeground = false

  /// The weights of this many classes.
  func weights(classes: Int) -> Weights {
    let ones = Array(repeating: 1.0, count: classes)
    return weights ?? Weights(positive: ones, negative: ones, background: ones)
  }
}
