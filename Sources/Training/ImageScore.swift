import Metrics

/// How well a network saw one image of an evaluated split: what finds the best and the worst of them.
public struct ImageScore: Sendable, Equatable {
  /// The image's place in the split.
  public var index: Int
  /// Labelled pixels.
  public var pixels: Int
  /// Those that are right.
  public var correctPixels: Int
  /// The mean of the IoU of the classes that occur in the image, each taken over this image alone; nil without a labelled pixel. Classes
  /// that are seen where there are none lower it through the unions that they enter, and through nothing else: a single pixel of
  /// an absent class would otherwise count as much as a class that was missed.
  public var meanIntersectionOverUnion: Double?

  /// Puts the numbers together.
  public init(index: Int, pixels: Int, correctPixels: Int, meanIntersectionOverUnion: Double?) {
    (self.index, self.pixels, self.correctPixels) = (index, pixels, correctPixels)
    self.meanIntersectionOverUnion = meanIntersectionOverUnion
  }

  /// Judges an image by its own counts.
  public init(index: Int, _ matrix: ConfusionMatrix) {
    let (truth, iou) = (matrix.pixelsPerClass, matrix.intersectionOverUnion)
    self.init(
      index: index, pixels: Int(truth.reduce(0, +)), correctPixels: Int(matrix.correctPerClass.reduce(0, +)),
      meanIntersectionOverUnion: ClassMean(zip(truth, iou).map { $0 > 0 ? $1 : nil }).value)
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
    numbers[place] = Double(score.pixels)
    numbers[place + 1] = Double(score.correctPixels)
    numbers[place + 2] = score.meanIntersectionOverUnion ?? 0
  }

  var scores: [ImageScore] {
    (0..<numbers.count / 3).map { index in
      let pixels = Int(numbers[3 * index])
      return ImageScore(
        index: index, pixels: pixels, correctPixels: Int(numbers[3 * index + 1]),
        meanIntersectionOverUnion: pixels > 0 ? numbers[3 * index + 2] : nil)
    }
  }
}
