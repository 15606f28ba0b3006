import Datasets
import Images

/// An image as its source holds it: a file whose pixels are not read yet, or pixels.
public enum ImageContent: Sendable {
  /// An image file.
  case file(EncodedImage)
  /// Pixels.
  case pixels(RGBImage)

  /// Width and height, upright.
  public var size: ImageSize {
    switch self {
    case .file(let file): file.size
    case .pixels(let image): image.size
    }
  }

  /// The whole image.
  /// - Throws: `.badData` where the file is broken.
  public func decoded(range: SampleRange? = nil) throws -> RGBImage {
    switch self {
    case .file(let file): try file.decoded(range: range)
    case .pixels(let image): image
    }
  }

  /// One view of the image; files are decoded no larger than it needs.
  /// - Throws: `.badData` where the file is broken.
  package func view(
    _ augmentation: ImageAugmentation, range: SampleRange? = nil, epoch: Int, sample: Int, view: Int = 0
  ) throws -> RGBImage {
    switch self {
    case .file(let file): try augmentation.view(of: file, range: range, epoch: epoch, sample: sample, view: view)
    case .pixels(let image): augmentation.view(of: image, epoch: epoch, sample: sample, view: view)
    }
  }
}

/// Where the images of a split come from: files, packed pixels, or a drawing.
public protocol ImageSource: Sendable {
  /// How many there are.
  var count: Int { get }

  /// What error messages call an image: its path, or its place in a file.
  func location(of index: Int) -> String

  /// An image.
  /// - Throws: `.badData` or `.missingInput` that names it.
  func content(of index: Int) throws -> ImageContent

  /// Everything that an image depends on, in a line: for files path, size and time of change.
  func fingerprint(of index: Int) -> String

  /// What has to be the same of an image on every host, wherever its copy of the data lies.
  func listing(of index: Int) -> String

  /// What is known of an image file once it has been read to its end; nil where images are no files.
  /// - Throws: `.badData` or `.missingInput` that names it.
  func examined(_ index: Int, range: SampleRange?) throws -> ImageFile?
}

extension ImageSource {
  /// The fingerprint, for images that are no files of their own.
  public func listing(of index: Int) -> String { fingerprint(of: index) }

  /// Images that are no files.
  public func examined(_ index: Int, range: SampleRange?) throws -> ImageFile? { nil }
}
