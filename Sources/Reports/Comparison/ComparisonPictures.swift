import Images
import Tensors
import Training

/// The same evaluated images with their labels and with what every run predicts, small enough for a page.
public struct ComparisonPictures: Sendable {
  /// One image.
  public struct Row: Sendable {
    /// Its name in the data set.
    public var identifier: String
    /// The image as a PNG file.
    public var input: [UInt8]
    /// Its labels in the classes' colours, as a PNG file.
    public var truth: [UInt8]
    /// What each run predicts, likewise, with the run's label.
    public var predictions: [(run: String, png: [UInt8])]
  }

  /// The images.
  public private(set) var rows: [Row] = []
  /// The classes with their colours.
  public let legend: [(name: String, colour: RGBColour)]

  /// Larger images are reduced to this width.
  static let widest = 320

  private let indices: [Int]
  private let palette: [RGBColour]

  /// Begins with images and labels.
  /// - Parameter indices: of the images in the evaluated split.
  /// - Throws: `LongtailError` for files that cannot be read.
  public init(_ experiment: Experiment, indices: [Int]) throws {
    self.indices = indices
    // Ignored pixels are black, as in the pictures of runs.
    var palette = experiment.palette
    while palette.count < 256 { palette.append(Panel.ignoredColour) }
    self.palette = palette
    legend = zip(experiment.classNames, experiment.palette).map { ($0, $1) }
    let split = experiment.evaluationSplit
    for index in indices {
      let sample = try experiment.dataset.sample(split: split, index: index)
      let size = ComparisonPictures.size(of: sample.image)
      rows.append(
        Row(
          identifier: experiment.dataset.identifier(split: split, index: index),
          input: try sample.image.resized(width: size.width, height: size.height).pngData(compressionLevel: 9),
          truth: try sample.labels.resized(width: size.width, height: size.height).pngData(palette: palette, compressionLevel: 9),
          predictions: []))
    }
  }

  /// Adds what a run predicts for all images.
  /// - Throws: `LongtailError` when the network cannot take an image.
  public mutating func add(run: String, _ experiment: Experiment, _ predictor: Predictor) throws {
    for (row, index) in indices.enumerated() {
      let image = try experiment.dataset.sample(split: experiment.evaluationSplit, index: index).image
      let size = ComparisonPictures.size(of: image)
      let labels = try predictor.predict(image).resized(width: size.width, height: size.height)
      rows[row].predictions.append((run, try labels.pngData(palette: palette, compressionLevel: 9)))
    }
  }

  static func size(of image: RGBImage) -> ImageSize {
    let width = min(widest, image.width)
    return ImageSize(width: width, height: max(1, (image.height * width + image.width / 2) / image.width))
  }
}
