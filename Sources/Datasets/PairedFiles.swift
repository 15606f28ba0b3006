import Foundation
import Images
import Tensors

/// A data set of picture files, each with a label file.
public struct PairedFiles: SegmentationDataset {
  /// A picture and its labels.
  public struct Pair: Sendable, Equatable {
    /// The name of both, without what differs.
    public var identifier: String
    /// Path of the picture.
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

  /// Puts a data set together from pairs that are known.
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

  private func read(_ pair: Pair) throws -> (labels: LabelImage, unknown: [UnknownLabel]) {
    switch coding {
    case .numbers:
      var labels = try LabelImage(contentsOf: pair.labels, limits: limits)
      if !pair.replacing.isEmpty { labels.map((0...255).map { pair.replacing[$0] ?? $0 }) }
      return (labels, [])
    case .colours(let code):
      let (labels, unknown) = try LabelImage.decoded(contentsOf: pair.labels, by: code, limits: limits)
      let list = unknown.sorted { ($1.value, $0.key.hexadecimal) < ($0.value, $1.key.hexadecimal) }
      return (labels, list.map { UnknownLabel(source: pair.labels, label: -1, pixels: $0.value, colour: $0.key) })
    }
  }

  private func known(_ read: (labels: LabelImage, unknown: [UnknownLabel])) throws -> LabelImage {
    if let first = read.unknown.first { throw LabelMap.unknownLabel(first, others: read.unknown.count - 1) }
    return read.labels
  }

  /// Decodes picture and labels.
  public func examine(split: Split, index: Int) throws -> Examination {
    let pair = try pair(split, index)
    let (labels, unknown) = try read(pair)
    let image = try RGBImage(contentsOf: pair.image, limits: limits)
    let size = ImageSize(width: image.width, height: image.height)
    try PairedFiles.requireEqualSizes(image: size, labels: labels, source: pair.labels)
    return Examination(size: size, image: image, labels: labels, unknown: unknown)
  }

  /// The picture with its classes.
  public func sample(split: Split, index: Int) throws -> Sample {
    let pair = try pair(split, index)
    let image = try RGBImage(contentsOf: pair.image, limits: limits)
    let labels = try known(read(pair))
    try PairedFiles.requireEqualSizes(
      image: ImageSize(width: image.width, height: image.height), labels: labels, source: pair.labels)
    return Sample(image: image, labels: try labelMap.apply(to: labels, source: pair.labels))
  }

  /// The size in the picture's header.
  public func imageSize(split: Split, index: Int) throws -> ImageSize {
    try ImageSize(contentsOf: pair(split, index).image, limits: limits)
  }

  /// Paths, sizes and times of change of all files, and how their labels are coded.
  public func fingerprint(of split: Split) throws -> [String] {
    var lines: [String] = []
    if case .colours(let code) = coding { lines = code.numbers.map { "\($0.key.hexadecimal) \($0.value)" }.sorted() }
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

  static func requireEqualSizes(image: ImageSize, labels: LabelImage, source: String) throws {
    guard image.width == labels.width, image.height == labels.height else {
      throw LongtailError(
        .badData, "\(source): \(labels.width) x \(labels.height) labels for a picture of \(image)",
        advice: "Picture and labels must have the same size.")
    }
  }
}
