import Tensors

/// How often the classes of a split occur, and what is wrong with its labels.
public struct LabelStatistics: Sendable, Codable, Equatable {
  /// Pixels of each class.
  public var pixels: [Int]
  /// Images in which each class occurs.
  public var images: [Int]
  /// Pixels that are ignored.
  public var ignoredPixels: Int
  /// Images that were counted.
  public var imageCount: Int
  /// Numbers without a meaning, in the order of the samples; at most `LabelStatistics.listedProblems` of them.
  public var unknown: [UnknownLabel]
  /// How many cases of such numbers there are in all: one for each number in each file.
  public var unknownCount: Int

  /// How many unknown numbers are listed with their files.
  public static let listedProblems = 20

  /// Nothing counted yet.
  public init(classCount: Int) {
    pixels = [Int](repeating: 0, count: classCount)
    images = [Int](repeating: 0, count: classCount)
    ignoredPixels = 0
    imageCount = 0
    unknown = []
    unknownCount = 0
  }

  /// Pixels that belong to a class.
  public var labelledPixels: Int { pixels.reduce(0, +) }

  /// Each class's share of the labelled pixels; zeros where there are none.
  public var shares: [Double] {
    let total = labelledPixels
    return pixels.map { total == 0 ? 0 : Double($0) / Double(total) }
  }

  /// Counts one image by the histogram of its file's numbers.
  public mutating func add(histogram: [Int], map: LabelMap, source: String) {
    imageCount += 1
    var present = Set<Int>()
    for number in 0..<min(256, histogram.count) where histogram[number] > 0 {
      switch map.meanings[number] {
      case .classIndex(let index) where index < pixels.count:
        pixels[index] += histogram[number]
        present.insert(index)
      case .ignored:
        ignoredPixels += histogram[number]
      default:
        unknownCount += 1
        if unknown.count < LabelStatistics.listedProblems {
          unknown.append(UnknownLabel(source: source, label: number, pixels: histogram[number]))
        }
      }
    }
    for index in present { images[index] += 1 }
  }

  /// Adds the counts of other images of the same split.
  public mutating func merge(_ other: LabelStatistics) {
    for index in pixels.indices where index < other.pixels.count {
      pixels[index] += other.pixels[index]
      images[index] += other.images[index]
    }
    ignoredPixels += other.ignoredPixels
    imageCount += other.imageCount
    unknown = Array((unknown + other.unknown).prefix(LabelStatistics.listedProblems))
    unknownCount += other.unknownCount
  }

  /// Returns when every label has a meaning.
  /// - Throws: `.badData` with the first file, number and count, and how many more there are.
  public func validate() throws {
    guard unknownCount > 0 else { return }
    let first = unknown.first ?? UnknownLabel(source: "another rank's share", label: 0, pixels: 0)
    throw LabelMap.unknownLabel(first, others: unknownCount - 1)
  }

  /// The counts as numbers that can be summed over ranks: pixels, images, ignored pixels, image count, count of unknown numbers.
  ///
  /// Exact up to 2^53. The list of unknown numbers is not part of it: the rank that found them names them.
  public var packed: [Double] {
    (pixels + images + [ignoredPixels, imageCount, unknownCount]).map(Double.init)
  }

  /// Takes the counts back from summed numbers; nil where their number does not fit.
  public init?(packed: [Double], classCount: Int) {
    guard packed.count == 2 * classCount + 3 else { return nil }
    let numbers = packed.map { Int($0) }
    self.init(classCount: classCount)
    pixels = Array(numbers[0..<classCount])
    images = Array(numbers[classCount..<2 * classCount])
    ignoredPixels = numbers[2 * classCount]
    imageCount = numbers[2 * classCount + 1]
    unknownCount = numbers[2 * classCount + 2]
  }
}
