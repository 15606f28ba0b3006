import Tasks

extension ImageScore {
  /// Judges an image by its own counts: the mean of the IoU of the classes that occur in it, each taken over this image alone.
  ///
  /// Classes that are seen where there are none lower it through the unions that they enter, and through nothing else: a single pixel of
  /// an absent class would otherwise count as much as a class that was missed.
  package init(index: Int, _ matrix: ConfusionMatrix) {
    let (truth, overlaps) = (matrix.pixelsPerClass, matrix.intersectionOverUnion)
    self.init(
      index: index, count: Int(truth.reduce(0, +)), correctCount: Int(matrix.correctPerClass.reduce(0, +)),
      value: ClassMean(zip(truth, overlaps).map { $0 > 0 ? $1 : nil }).value)
  }
}

/// The scores of a split as numbers that are summed over ranks: each image is counted by one of them, so that every sum has one part.
struct PackedImageScores {
  private(set) var numbers: [Double]

  init(count: Int) { numbers = Array(repeating: 0, count: 3 * count) }

  init(numbers: [Double]) { self.numbers = numbers }

  mutating func note(_ score: ImageScore) {
    let place = 3 * score.index
    guard numbers.indices.contains(place + 2) else { return }
    numbers[place] = Double(score.count)
    numbers[place + 1] = Double(score.correctCount)
    numbers[place + 2] = score.value ?? 0
  }

  var scores: [ImageScore] {
    (0..<numbers.count / 3).map { index in
      let count = Int(numbers[3 * index])
      return ImageScore(
        index: index, count: count, correctCount: Int(numbers[3 * index + 1]), value: count > 0 ? numbers[3 * index + 2] : nil)
    }
  }
}
