import Images
import Tensors

/// A class of a data set.
public struct ClassInfo: Sendable, Codable, Hashable {
  /// The name, as reports show it.
  public var name: String
  /// The colour, as pictures show it.
  public var colour: RGBColour

  /// Names a class.
  public init(name: String, colour: RGBColour) {
    self.name = name
    self.colour = colour
  }
}

/// A picture with its classes.
public struct Sample: Sendable {
  /// The picture.
  public var image: RGBImage
  /// A class for each of its pixels, 255 where it is ignored. Of the picture's size.
  public var labels: LabelImage

  /// Puts the two together.
  public init(image: RGBImage, labels: LabelImage) {
    self.image = image
    self.labels = labels
  }
}

/// Pictures with a class for every pixel, in numbered order. Samples can be asked for from several threads at a time.
public protocol SegmentationDataset: Sendable {
  /// The name in the registry.
  var name: String { get }
  /// The classes; a label `k` means `classes[k]`.
  var classes: [ClassInfo] { get }
  /// What the numbers in label files mean.
  var labelMap: LabelMap { get }
  /// How many samples a split has.
  func count(of split: Split) -> Int
  /// A short name of a sample, unique in its split: in files on disk the name without folder and extension.
  func identifier(split: Split, index: Int) -> String
  /// What error messages call the labels of a sample: the path of their file.
  func labelSource(split: Split, index: Int) -> String
  /// The labels as the file holds them, before the label map.
  /// - Throws: `.missingInput`, `.badData`.
  func fileLabels(split: Split, index: Int) throws -> LabelImage
  /// A sample, with the label map applied.
  /// - Throws: `.missingInput`, `.badData` with the name of the file; also for numbers that the label map does not know.
  func sample(split: Split, index: Int) throws -> Sample
  /// The size of a sample's picture, where possible without decoding it.
  /// - Throws: `.missingInput`, `.badData`.
  func imageSize(split: Split, index: Int) throws -> ImageSize
  /// Reads a sample's files to the end, to count its labels and to find what is wrong with them.
  /// - Throws: `.missingInput`, `.badData` for files that cannot be decoded, and for sizes that differ. Labels without a meaning are no error
  ///   here.
  func examine(split: Split, index: Int) throws -> Examination
  /// A line for each thing that the content of a split depends on, for its digest: files with sizes and times, or parameters.
  func fingerprint(of split: Split) throws -> [String]
  /// A line for each sample that must be the same on all hosts, wherever they keep their copy: names and sizes of its files, or parameters.
  func listing(of split: Split) throws -> [String]
}

extension SegmentationDataset {
  /// Labels and size, for pictures that are not files.
  public func examine(split: Split, index: Int) throws -> Examination {
    let labels = try fileLabels(split: split, index: index)
    let size = try imageSize(split: split, index: index)
    try PairedFiles.requireEqualSizes(image: size, labels: labels, source: labelSource(split: split, index: index))
    return Examination(size: size, labels: labels)
  }

  /// The fingerprint, for data without files.
  public func listing(of split: Split) throws -> [String] { try fingerprint(of: split) }

  /// A SHA-256 over name, classes, label map and everything that the content of a split depends on, in hexadecimal.
  ///
  /// Files count with path, size and time of change, not with their content: cheap enough for every start. One that is missing counts as such.
  public func digest(of split: Split) throws -> String {
    var lines = [name, split.rawValue]
    lines += classes.map { "\($0.name) \($0.colour.hexadecimal)" }
    lines.append(labelMap.description)
    lines += try fingerprint(of: split)
    return try SHA256Digest(of: lines.joined(separator: "\n")).description
  }
}
