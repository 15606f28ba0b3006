import Images
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

  /// Samples that cannot be used, in their order; they are counted nowhere else.
  package var badFiles: [BadFile]

  /// The first image, and the first one of another size if there is one: two where the images are not all of one size.
  public var sizes: [SizedSource]

  /// What the image files are, beside their pixels.
  package var files: ImageFacts
  /// The palettes of the label files, compared.
  package var palettes: LabelPalettes
  /// Whether it was read from a file of version 0.1, which did not look at what files are: reports can use it, training counts anew.
  public internal(set) var isEarly = false

  /// The pixels of each class in each sample, one that cannot be used included as one without any; nil where they were not asked for.
  public var samples: SampleClasses?

  /// An image's size and what error messages call the image.
  public struct SizedSource: Sendable, Codable, Equatable {
    /// Width and height in pixels.
    public var size: ImageSize
    /// The path of its label file.
    public var source: String
  }

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
    badFiles = []
    sizes = []
    files = ImageFacts()
    palettes = LabelPalettes()
    samples = nil
  }

  /// Pixels that belong to a class.
  public var labelledPixels: Int { pixels.reduce(0, +) }

  /// Returns when all images have one size.
  /// - Throws: `.badData` naming two that differ.
  public func requireOneSize() throws {
    guard sizes.count == 2 else { return }
    throw LongtailError(
      .badData, "the images are not of one size: \(sizes[0].source) has \(sizes[0].size) pixels, \(sizes[1].source) has \(sizes[1].size)",
      advice: "Set data.size, to which all are resized; or for training alone data.augmentation.crop.")
  }

  /// Each class's share of the labelled pixels; zeros where there are none.
  public var shares: [Double] {
    let total = labelledPixels
    return pixels.map { total == 0 ? 0 : Double($0) / Double(total) }
  }

  /// Counts one image by the histogram of its file's numbers.
  public mutating func add(histogram: [Int], size: ImageSize, map: LabelMap, source: String) {
    imageCount += 1
    note(SizedSource(size: size, source: source))
    var present = Set<Int>()
    for number in 0..<min(256, histogram.count) where histogram[number] > 0 {
      switch map.meanings[number] {
      case .classIndex(let index) where index < pixels.count:
        pixels[index] += histogram[number]
        present.insert(index)
      case .ignored:
        ignoredPixels += histogram[number]
      default:
        add(UnknownLabel(source: source, label: number, pixels: histogram[number]))
      }
    }
    for index in present { images[index] += 1 }
  }

  /// Counts one sample whose annotation is not a label map: an image with a class, an image with instances.
  /// - Parameters:
  ///   - counts: how many of each class it shows, in the task's unit; classes may repeat. A number that is no class is noted, and refused by
  ///     `validate`.
  ///   - size: of the image.
  ///   - source: what error messages call it.
  public mutating func add(counts: [(class: Int, count: Int)], ignored: Int = 0, size: ImageSize, source: String) {
    imageCount += 1
    note(SizedSource(size: size, source: source))
    ignoredPixels += ignored
    let sums = Dictionary(counts.map { ($0.class, $0.count) }, uniquingKeysWith: +).sorted { $0.key < $1.key }
    for (index, count) in sums {
      guard pixels.indices.contains(index) else {
        add(UnknownLabel(source: source, label: index, pixels: count))
        continue
      }
      pixels[index] += count
      if count > 0 { images[index] += 1 }
    }
    samples?.append(sums.filter { pixels.indices.contains($0.key) }.map { .init(classIndex: $0.key, count: $0.value) })
  }

  /// Counts one sample.
  mutating func add(_ sample: Examination, map: LabelMap, source: String, index: Int) {
    let histogram = sample.labels.histogram()
    add(histogram: histogram, size: sample.size, map: map, source: source)
    samples?.append(map.entries(of: histogram, classCount: pixels.count))
    if let file = sample.file { files.add(file.content, range: file.range, source: file.source, index: index) }
    if sample.labelOrientation != .upright { files.turnedLabels.add(source) }
    if let palette = sample.palette {
      palettes.add(palette: palette, used: histogram.indices.filter { histogram[$0] > 0 }, source: source)
    }
    for label in sample.unknown {
      // Where a colour means nothing, the pixel was counted as ignored.
      ignoredPixels -= label.pixels
      add(label)
    }
  }

  private mutating func add(_ label: UnknownLabel) {
    unknownCount += 1
    if unknown.count < LabelStatistics.listedProblems { unknown.append(label) }
  }

  private mutating func note(_ image: SizedSource) {
    if sizes.isEmpty || sizes.count == 1 && sizes[0].size != image.size { sizes.append(image) }
  }

  /// Adds the counts of other images of the same split, which come after those that are counted.
  public mutating func merge(_ other: LabelStatistics) {
    for index in pixels.indices where index < other.pixels.count {
      pixels[index] += other.pixels[index]
      images[index] += other.images[index]
    }
    ignoredPixels += other.ignoredPixels
    imageCount += other.imageCount
    unknown = Array((unknown + other.unknown).prefix(LabelStatistics.listedProblems))
    unknownCount += other.unknownCount
    badFiles += other.badFiles
    other.sizes.forEach { note($0) }
    files.merge(other.files)
    palettes.merge(other.palettes)
    if let others = other.samples { samples?.append(contentsOf: others) } else { samples = nil }
  }

  /// Warnings before training: what is unusual, though it need not be wrong.
  public var remarks: [String] { files.remarks + (palettes.remark.map { [$0] } ?? []) }

  /// Returns when every file can be used and every label has a meaning.
  /// - Throws: `.badData` or `.missingInput` naming the files that cannot be used; `.badData` with two label files whose palettes
  ///   contradict each other, or with the first file, number and count of a label without a meaning, and how many more there are.
  public func validate() throws {
    if let error = BadFile.error(badFiles) { throw error }
    if let error = palettes.error { throw error }
    guard unknownCount > 0 else { return }
    let first = unknown.first ?? UnknownLabel(source: "another rank's share", label: 0, pixels: 0)
    throw LabelMap.unknownLabel(first, others: unknownCount - 1)
  }
}
