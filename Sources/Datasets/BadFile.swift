import Images
import Tensors

/// A sample that cannot be used, because one of its files cannot be read or the two do not fit.
package struct BadFile: Sendable, Codable, Equatable {
  /// The sample's index in its split.
  package var index: Int
  /// What is wrong, with the file's name.
  package var message: String
  /// What to do about it.
  package var advice: String?
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
  package var size: ImageSize
  /// The image, where it was decoded; without a range of values, one of 16 bits is shown by its own least and greatest.
  package var image: RGBImage?
  /// The numbers in the label file.
  package var labels: LabelImage
  /// Colours of the label file that stand for nothing; their pixels are `LabelImage.ignored` in `labels`.
  package var unknown: [UnknownLabel]
  /// The image's file, where it is one, and what error messages call it.
  package var file: (content: ImageFile, range: SampleRange?, source: String)?
  /// The colours of the label file's palette; empty where it is grey, nil where palettes do not matter.
  package var palette: [RGBColour]?
  /// How the label file is stored.
  package var labelOrientation = ImageOrientation.upright

  /// Creates the result of an examination.
  package init(size: ImageSize, image: RGBImage? = nil, labels: LabelImage, unknown: [UnknownLabel] = []) {
    (self.size, self.image, self.labels, self.unknown) = (size, image, labels, unknown)
  }
}
