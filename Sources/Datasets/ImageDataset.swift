import Images
import Tensors

/// Images with annotations, in numbered order: what loaders, counts and samplers need of the data of any task.
///
/// Samples can be asked for from several threads at a time.
public protocol ImageDataset: Sendable {
  /// The name in the registry.
  var name: String { get }
  /// The classes; class `k` is `classes[k]`.
  var classes: [ClassInfo] { get }
  /// What the numbers in its label files mean, in words: part of its digest. Empty where there are none.
  var labelRule: String { get }
  /// How many samples a split has.
  func count(of split: Split) -> Int
  /// A short name of a sample, unique in its split: in files on disk the name without folder and extension.
  func identifier(split: Split, index: Int) -> String
  /// An image with its annotation.
  /// - Throws: `.missingInput`, `.badData` with the name of the file.
  func annotatedImage(split: Split, index: Int) throws -> AnnotatedImage
  /// The size of a sample's image, where possible without decoding it.
  /// - Throws: `.missingInput`, `.badData`.
  func imageSize(split: Split, index: Int) throws -> ImageSize
  /// Reads a sample's files to the end, counts what they hold, and notes what is wrong with their labels.
  /// - Throws: `.missingInput`, `.badData` for files that cannot be used.
  func count(split: Split, index: Int, into statistics: inout LabelStatistics) throws
  /// A line for each thing that the content of a split depends on, for its digest: files with sizes and times, or parameters.
  func fingerprint(of split: Split) throws -> [String]
  /// A line for each sample that must be the same on all hosts, wherever they keep their copy: names and sizes of its files, or parameters.
  func listing(of split: Split) throws -> [String]
}

extension ImageDataset {
  /// No label files.
  public var labelRule: String { "" }

  /// The fingerprint, for data without files.
  public func listing(of split: Split) throws -> [String] { try fingerprint(of: split) }

  /// A SHA-256 over name, classes, label rule and everything that the content of a split depends on, in hexadecimal.
  ///
  /// Files count with path, size and time of change, not with their content: cheap enough for every start. One that is missing counts as
  /// such.
  public func digest(of split: Split) throws -> String {
    var lines = [name, split.rawValue]
    lines += classes.map { "\($0.name) \($0.colour.hexadecimal)" }
    lines.append(labelRule)
    lines += try fingerprint(of: split)
    return try SHA256Digest(of: lines.joined(separator: "\n")).description
  }
}
