import Images
import Tensors

/// A sample that cannot be used, because one of its files cannot be read or the two do not fit.
public struct BadFile: Sendable, Codable, Equatable {
  /// The sample's index in its split.
  public var index: Int
  /// What is wrong, with the file's name.
  public var message: String
  /// What to do about it.
  public var advice: String?
  /// The exit code that it ends a run with.
  var code: Int32

  /// Takes over an error, or returns nil for one that is not about the sample's files.
  package init?(index: Int, error: any Error) {
    guard let error = error as? LongtailError, error.code == .badData || error.code == .missingInput else { return nil }
    self.index = index
    (message, advice, code) = (error.message, error.advice, error.code.rawValue)
  }

  /// One error about several of them: all are named, up to `LabelStatistics.listedProblems`.
  package static func error(_ files: [BadFile]) -> LongtailError? {
    guard let first = files.first else { return nil }
    let listed = files.prefix(LabelStatistics.listedProblems).dropFirst().map { "\n  \($0.message)" }.joined()
    let more = files.count - LabelStatistics.listedProblems
    return LongtailError(
      LongtailError.Code(rawValue: first.code) ?? .badData, first.message + listed + (more > 0 ? "\n  and \(more) more" : ""),
      advice: (first.advice.map { "\($0) " } ?? "") + "To train without such samples, set data.badFiles to skip.")
  }
}

/// What was found when a sample was read to be counted.
public struct Examination: Sendable {
  /// The image's size.
  public var size: ImageSize
  /// The image, where it was decoded; without a range of values, one of 16 bits is shown by its own least and greatest.
  public var image: RGBImage?
  /// The numbers in the label file.
  public var labels: LabelImage
  /// Colours of the label file that stand for nothing; their pixels are `LabelImage.ignored` in `labels`.
  public var unknown: [UnknownLabel]
  /// The image's file, where it is one, and what error messages call it.
  public var file: (content: ImageFile, range: SampleRange?, source: String)?
  /// The colours of the label file's palette; empty where it is grey, nil where palettes do not matter.
  public var palette: [RGBColour]?
  /// How the label file is stored.
  public var labelOrientation = ImageOrientation.upright

  /// Creates the result of an examination.
  public init(size: ImageSize, image: RGBImage? = nil, labels: LabelImage, unknown: [UnknownLabel] = []) {
    (self.size, self.image, self.labels, self.unknown) = (size, image, labels, unknown)
  }
}
