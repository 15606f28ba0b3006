import Images
import Tensors

/// A class of a data set.
public struct ClassInfo: Sendable, Codable, Hashable {
  /// The name, as reports show it.
  public var name: String
  /// The colour, as pictures show it.
  public var colour: RGBColour
  /// The number that the data set's own files give it, as COCO numbers its categories; nil where they give none.
  public var number: Int?

  /// Names a class.
  public init(name: String, colour: RGBColour, number: Int? = nil) {
    self.name = name
    self.colour = colour
    self.number = number
  }
}

/// An image with its classes.
public struct Sample: Sendable {
  /// The image.
  public var image: RGBImage
  /// A class for each of its pixels, 255 where it is ignored. Of the image's size.
  public var labels: LabelImage

  /// Creates a sample.
  public init(image: RGBImage, labels: LabelImage) {
    self.image = image
    self.labels = labels
  }
}

/// Images with a class for every pixel.
public protocol SegmentationDataset: ImageDataset {
  /// What the numbers in label files mean.
  var labelMap: LabelMap { get }
  /// What error messages call the labels of a sample: the path of their file.
  func labelSource(split: Split, index: Int) -> String
  /// The labels as the file holds them, before the label map.
  /// - Throws: `.missingInput`, `.badData`.
  func fileLabels(split: Split, index: Int) throws -> LabelImage
  /// A sample, with the label map applied.
  /// - Throws: `.missingInput`, `.badData` with the name of the file; also for numbers that the label map does not know.
  func sample(split: Split, index: Int) throws -> Sample
  /// Reads a sample's files to the end, to count its labels and to find what is wrong with them.
  /// - Throws: `.missingInput`, `.badData` for files that cannot be decoded, and for sizes that differ. Labels without a meaning are no
  ///   error here.
  func examine(split: Split, index: Int) throws -> Examination
}

extension SegmentationDataset {
  /// The label map.
  public var labelRule: String { labelMap.description }

  /// A sample as loaders take it.
  public func annotatedImage(split: Split, index: Int) throws -> AnnotatedImage {
    let sample = try sample(split: split, index: index)
    return AnnotatedImage(image: sample.image, annotation: sample.labels)
  }

  /// Counts the pixels of each class.
  public func count(split: Split, index: Int, into statistics: inout LabelStatistics) throws {
    statistics.add(
      try examine(split: split, index: index), map: labelMap, source: labelSource(split: split, index: index), index: index)
  }

  /// Labels and size, for images that are not files.
  public func examine(split: Split, index: Int) throws -> Examination {
    let labels = try fileLabels(split: split, index: index)
    let size = try imageSize(split: split, index: index)
    try PairedFiles.requireEqualSizes(image: size, labels: labels, source: labelSource(split: split, index: index))
    return Examination(size: size, labels: labels)
  }
}
