import Foundation
import Images
import Tensors

/// A data set of image files, each with a label file.
public struct PairedFiles: SegmentationDataset {
  /// An image and its labels.
  public struct Pair: Sendable, Equatable {
    /// The name of both, without what differs.
    public var identifier: String
    /// Path of the image.
    public var image: String
    /// Path of the labels.
    public var labels: String
    /// Numbers that stand for others in this label file: there, a number means what the one beside it means elsewhere.
    public var replacing: [UInt8: UInt8] = [:]
  }

  /// How label files hold their numbers.
  public enum LabelCoding: Sendable, Equatable {
    /// Grey values or palette indices.
    case numbers
    /// Colours.
    case colours(ColourCode)
  }

  /// The name in the registry.
  public let name: String
  /// The classes.
  public let classes: [ClassInfo]
  /// What the numbers in label files mean.
  public let labelMap: LabelMap
  /// The pairs of each split.
  public let pairs: [Split: [Pair]]
  /// How label files hold their numbers.
  public let coding: LabelCoding
  /// How much a file may ask for.
  public let limits: ImageLimits
  /// Which values of image files of 16 bits become black and white; without it they are refused.
  public var range: SampleRange?
  /// Whether a number must have one colour in the palettes of all label files.
  public var checksPalettes = true

  /// Creates a data set of pairs that are known.
  public init(
    name: String, classes: [ClassInfo], labelMap: LabelMap, pairs: [Split: [Pair]], coding: LabelCoding = .numbers,
    limits: ImageLimits = .standard
  ) {
    self.name = name
    self.classes = classes
    self.labelMap = labelMap
    self.pairs = pairs
    self.coding = coding
    self.limits = limits
  }

  /// How many pairs a split has.
  public func count(of split: Split) -> Int { pairs[split]?.count ?? 0 }

  /// The name of a pair.
  public func identifier(split: Split, index: Int) -> String { (try? pair(split, index).identifier) ?? "\(split.rawValue) \(index)" }

  /// The path of the label file.
  public func labelSource(split: Split, index: Int) -> String { (try? pair(split, index).labels) ?? "\(split.rawValue) \(index)" }

  /// The label file's numbers.
  public func fileLabels(split: Split, index: Int) throws -> LabelImage { try known(read(pair(split, index))) }

  /// A label file's numbers, and all else that was found in it.
  private struct Read {
    var labels: LabelImage
    var unknown: [UnknownLabel] = []
    var palette: [RGBColour]?
    var orientation: ImageOrientation
  }

  private func read(_ pair: Pair) throws -> Read {
    switch coding {
    case .numbers:
      let file = try LabelFile(contentsOf: pair.labels, limits: limits)
      var labels = file.labels
      if !pair.replacing.isEmpty { labels.map((0...255).map { pair.replacing[$0] ?? $0 }) }
      let isCompared = checksPalettes && pair.replacing.isEmpty
      return Read(labels: labels, palette: isCompared ? file.palette : nil, orientation: file.orientation)
    case .colours(let code):
      let read = try LabelImage.decoded(contentsOf: pair.labels, by: code, limits: limits)
      let list = read.unknown.sorted { ($1.value, $0.key.hexadecimal) < ($0.value, $1.key.hexadecimal) }
      return Read(
        labels: read.labels, unknown: list.map { UnknownLabel(source: pair.labels, label: -1, pixels: $0.value, colour: $0.key) },
        orientation: read.orientation)
    }
  }

  private func known(_ read: Read) throws -> LabelImage {
    if let first = read.unknown.first { throw LabelMap.unknownLabel(first, others: read.unknown.count - 1) }
    return read.labels
  }

  /// Decodes image and labels.
  public func examine(split: Split, index: Int) throws -> Examination {
    let pair = try pair(split, index)
    let read = try read(pair)
    let file = try ImageFile(contentsOf: pair.image, range: range, limits: limits)
    let size = ImageSize(width: file.image.width, height: file.image.height)
    try PairedFiles.requireEqualSizes(image: size, labels: read.labels, source: pair.labels, imageSource: pair.image)
    var result = Examination(size: size, image: file.image, labels: read.labels, unknown: read.unknown)
    result.file = (file, range, pair.image)
    result.palette = read.palette
    result.labelOrientation = read.orientation
    return result
  }

  /// The image with its classes.
  public func sample(split: Split, index: Int) throws -> Sample {
    let pair = try pair(split, index)
    let image = try RGBImage(contentsOf: pair.image, range: range, limits: limits)
    let labels = try known(read(pair))
    try PairedFiles.requireEqualSizes(
      image: ImageSize(width: image.width, height: image.height), labels: labels, source: pair.labels, imageSource: pair.image)
    return Sample(image: image, labels: try labelMap.apply(to: labels, source: pair.labels))
  }

  /// The size in the image's header.
  public func imageSize(split: Split, index: Int) throws -> ImageSize {
    try ImageSize(contentsOf: pair(split, index).image, limits: limits)
  }

  /// Paths, sizes and times of change of all files, and how their labels are coded.
  public func fingerprint(of split: Split) throws -> [String] {
    var lines: [String] = []
    if case .colours(let code) = coding { lines = code.numbers.map { "\($0.key.hexadecimal) \($0.value)" }.sorted() }
    if let range { lines.append("range \(range)") }
    if !checksPalettes { lines.append("palettes ignored") }
    return lines
      + (pairs[split] ?? []).flatMap { pair in
        [pair.image, pair.labels].map { path in
          guard let status = PairedFiles.status(path) else { return "\(path) is not there" }
          let replaced = pair.replacing.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
          return "\(path) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)\(replaced)"
        }
      }
  }

  /// Names and sizes of all files, a line for each pair. Folders and times are those of a copy, and do not count.
  public func listing(of split: Split) throws -> [String] {
    (pairs[split] ?? []).map { pair in
      let files = [pair.image, pair.labels].map { path in
        let size = PairedFiles.status(path).map { " of \($0.st_size) bytes" } ?? ", which is not there"
        return URL(fileURLWithPath: path).lastPathComponent + size
      }
      return "\(pair.identifier): \(files.joined(separator: ", "))"
    }
  }

  /// Nil for a file that is not there, or a link to one; reading the sample says so, where it is wanted.
  private static func status(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }

  private func pair(_ split: Split, _ index: Int) throws -> Pair {
    guard let list = pairs[split], list.indices.contains(index) else {
      throw LongtailError(.internalError, "data set \(name): there is no sample \(index) in \(split.rawValue)")
    }
    return list[index]
  }

  /// - Parameter imageSource: the image's file, for its orientation; nil where it is none.
  static func requireEqualSizes(image: ImageSize, labels: LabelImage, source: String, imageSource: String? = nil) throws {
    guard image.width == labels.width, image.height == labels.height else {
      let orientation = imageSource.flatMap(PairedFiles.orientation) ?? .upright
      let stored = orientation.upright(image)
      guard orientation != .upright else {
        throw LongtailError(
          .badData, "\(source): \(labels.width) x \(labels.height) labels for an image of \(image)",
          advice: "Image and labels must have the same size.")
      }
      let isOfStored = stored.width == labels.width && stored.height == labels.height
      throw LongtailError(
        .badData,
        "\(source): \(labels.width) x \(labels.height) labels for an image of \(image), which is stored as \(stored) with EXIF orientation "
          + "\(orientation.rawValue) and read upright, as viewers show it",
        advice: isOfStored
          ? "The labels are those of the image as it is stored: turn them, or remove the tag from the image."
          : "Upright image and labels must have the same size.")
    }
  }

  private static func orientation(_ path: String) -> ImageOrientation? {
    (try? ImageFile(contentsOf: path))?.orientation
  }
}
