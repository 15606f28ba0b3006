import Datasets
import Images
import Tensors

/// What was found when images of a split were read to their end: which of them are bad, and what the files are.
package struct ImageSurvey: Sendable, Codable, Equatable {
  /// Images that could be read, by class.
  package var counts: [Int]
  /// Images that cannot be used, in their order.
  package var badFiles: [BadFile] = []
  /// The image files, beside their pixels.
  package var files = ImageFacts()
  /// The smallest and the largest width and height.
  package var sizes: SizeRange?

  /// The range of widths and heights.
  package struct SizeRange: Sendable, Codable, Equatable {
    /// The least width and the least height.
    package var least: ImageSize
    /// The greatest width and the greatest height.
    package var greatest: ImageSize

    mutating func add(_ size: SizeRange) {
      least = ImageSize(width: min(least.width, size.least.width), height: min(least.height, size.least.height))
      greatest = ImageSize(width: max(greatest.width, size.greatest.width), height: max(greatest.height, size.greatest.height))
    }
  }

  /// Nothing seen yet.
  package init(classCount: Int) { counts = [Int](repeating: 0, count: classCount) }

  /// Reads images of a part.
  /// - Parameters:
  ///   - part: the images of a split.
  ///   - indices: which of them.
  ///   - classCount: how many classes there are.
  ///   - range: which values of 16 bits are black and white.
  /// - Throws: what is not about a file, such as a fault of the program.
  package init(_ part: LabelledImages.Part, indices: Range<Int>, classCount: Int, range: SampleRange? = nil) throws {
    self.init(classCount: classCount)
    for index in indices {
      do {
        let size: ImageSize
        if let file = try part.source.examined(index, range: range) {
          size = file.image.size
          files.add(file, range: range, source: part.source.location(of: index), index: index)
        } else {
          size = try part.source.content(of: index).size
        }
        let found = SizeRange(least: size, greatest: size)
        if sizes == nil { sizes = found } else { sizes?.add(found) }
        counts[Int(part.labels[index])] += 1
      } catch {
        guard let bad = BadFile(index: index, error: error) else { throw error }
        badFiles.append(bad)
      }
    }
  }

  /// Reads all images of a part, on several threads; the result does not depend on their number.
  package static func of(
    _ part: LabelledImages.Part, classCount: Int, range: SampleRange? = nil, threads: Int = 1
  ) throws -> ImageSurvey {
    let threads = max(1, min(threads, part.count))
    let found = LoadingThreads.map(parts: threads) { thread in
      Result {
        try ImageSurvey(
          part, indices: thread * part.count / threads..<(thread + 1) * part.count / threads, classCount: classCount, range: range)
      }
    }
    return try found.reduce(into: ImageSurvey(classCount: classCount)) { $0.merge(try $1.get()) }
  }

  /// Adds what was seen of images further on in the split.
  package mutating func merge(_ other: ImageSurvey) {
    for index in counts.indices where index < other.counts.count { counts[index] += other.counts[index] }
    badFiles += other.badFiles
    files.merge(other.files)
    guard let more = other.sizes else { return }
    if sizes == nil { sizes = more } else { sizes?.add(more) }
  }

  /// Returns when every image can be used.
  /// - Throws: `.badData` or `.missingInput` naming those that cannot.
  package func validate() throws {
    if let error = BadFile.error(badFiles) { throw error }
    try files.requireRange()
  }

  /// Images that show the same, pixel for pixel, but are of different classes: their indices in the split.
  package func contradictions(in part: LabelledImages.Part) -> [(Int, Int)] {
    var first: [Int: Int] = [:]
    var found: [(Int, Int)] = []
    for content in files.contents {
      if let other = first[content.digest] {
        if part.labels[other] != part.labels[content.index] { found.append((other, content.index)) }
      } else {
        first[content.digest] = content.index
      }
    }
    return found
  }
}
