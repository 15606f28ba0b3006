import Tensors

/// What makes one softmax loss different from another, for eight pixels at a time.
///
/// With q = softmax(z')_y the loss of a pixel is `weight` * (-log q) and its gradient `factor` * (softmax(z') - onehot(y)) * `logitScale`,
/// where z' are the logits after `adjust`. Cross-entropy has weight and factor 1.
///
/// With smoothed labels t = (1 - e) onehot(y) + e / C the loss of a pixel is `weight` * -sum t log softmax(z') and its gradient `factor` *
/// (softmax(z') - t) * `logitScale`; weight and factor have to be constants then.
protocol SoftmaxTerm {
  /// Whether labels are smoothed; known when the pass is compiled, so that others pay nothing.
  static var smoothsLabels: Bool { get }
  /// Whether pixels whose class does not have the largest logit are counted, in C further sums.
  static var countsMisses: Bool { get }
  /// e, the share of a label that all classes have together.
  var smoothing: Float { get }
  /// dz'/dz: the inverse temperature.
  var logitScale: Float { get }
  /// Changes the logits of a tile in place; the derivative by z must be `logitScale`.
  func adjust(_ tile: Tile, step: TermStep)
  /// Weight and factor from log q and q.
  func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes)
}

/// The parts of `StepContext` that a term needs, without reference counting.
struct TermStep {
  var epoch: Int
  var samples: UnsafeBufferPointer<Int>
  /// A number a class that changes from step to step, if the term has any.
  var classValues: UnsafePointer<Float>?
  /// Pixels with log q from here on are left out, by terms that choose.
  var limit: Float
}

extension SoftmaxTerm {
  @inline(__always) static var smoothsLabels: Bool { false }
  @inline(__always) static var countsMisses: Bool { false }
  var smoothing: Float { 0 }
  var logitScale: Float { 1 }
  @inline(__always)
  func adjust(_ tile: Tile, step: TermStep) {}
}

/// Softmax, loss, gradient and class sums of eight rows.
struct SoftmaxKernel<Term: SoftmaxTerm>: TileKernel {
  let term: Term
  let step: TermStep
  let classes: Int
  /// C x C, row-major, if norms are taken at the classifier's input.
  let gram: UnsafePointer<Float>?

  /// Sums of losses, pixels and squared gradient norms of each class, and of missed pixels if the term counts them.
  var slots: Int { (Term.countsMisses ? 4 : 3) * classes }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    let values = tile.values
    let numbers = LaneNumbers(values)
    let room = LaneNumbers(tile.room)
    term.adjust(tile, step: step)

    var largest = values[0]
    for k in 1..<max(1, classes) { largest = largest.maximum(values[k]) }
    for lane in 0..<8 { room[lane] = numbers[Int(max(0, tile.labels[lane])) &* 8 &+ lane] }
    let atLabel = tile.room[0]

    var mean = Lanes(repeating: 0)
    if Term.smoothsLabels {
      for k in 0..<classes { mean += values[k] }
      mean *= Lanes(repeating: 1 / Float(classes))
    }

    var sum = Lanes(repeating: 0)
    for k in 0..<classes {
      let power = (values[k] - largest).exponentialOfNonPositive()
      values[k] = power
      sum += power
    }
    let logProbability = atLabel - largest - sum.naturalLogarithm()
    let (weight, factor) = term.evaluate(
      logProbability: logProbability, probability: logProbability.exponentialOfNonPositive(), step: step)
    // sum t log p is log q less e times how far the label's logit lies over the mean of the logits.
    let logLikelihood = Term.smoothsLabels ? logProbability - Lanes(repeating: term.smoothing) * (atLabel - mean) : logProbability
    let ignored = tile.validity .== Lanes(repeating: 0)
    let validFactor = (factor * Lanes(repeating: term.logitScale)).replacing(with: Lanes(repeating: 0), where: ignored) * tile.rowWeight

    // p - onehot(y), first without the division by the sum.
    tile.room[0] = sum
    for lane in 0..<8 where tile.labels[lane] >= 0 { numbers[Int(tile.labels[lane]) &* 8 &+ lane] -= room[lane] }
    if Term.smoothsLabels {
      for lane in 0..<8 where tile.labels[lane] >= 0 { numbers[Int(tile.labels[lane]) &* 8 &+ lane] += term.smoothing * room[lane] }
    }
    let share = Term.smoothsLabels ? Lanes(repeating: term.smoothing / Float(classes)) : Lanes(repeating: 0)
    let inverse = Lanes(repeating: 1) / sum
    var squared = Lanes(repeating: 0)
    if let gram {
      for k in 0..<classes { values[k] *= inverse }
      if Term.smoothsLabels { for k in 0..<classes { values[k] -= share } }
      squared = quadraticForm(values, gram, classes: classes)
      for k in 0..<classes { values[k] *= validFactor }
    } else {
      for k in 0..<classes {
        let difference = Term.smoothsLabels ? values[k] * inverse - share : values[k] * inverse
        squared.addProduct(difference, difference)
        values[k] = difference * validFactor
      }
    }

    // Weights may be as large as 0.5 e^K: products are formed in float64.
    tile.room[0] = logLikelihood
    tile.room[1] = weight
    tile.room[2] = squared
    tile.room[3] = validFactor
    if Term.countsMisses { tile.room[4] = Lanes(repeating: 0).replacing(with: Lanes(repeating: 1), where: atLabel .< largest) }
    for lane in 0..<8 {
      let label = Int(tile.labels[lane])
      if label < 0 { continue }
      if Term.countsMisses, room[32 &+ lane] > 0 {
        sums[3 &* classes &+ label] += Double(tile.weights[8 &+ lane])
      }
      let factor = Double(room[24 &+ lane])
      sums[label] -= Double(room[8 &+ lane]) * Double(room[lane]) * Double(tile.weights[lane])
      sums[classes &+ label] += Double(tile.weights[8 &+ lane])
      sums[2 &* classes &+ label] += factor * factor * Double(room[16 &+ lane])
    }
  }
}
