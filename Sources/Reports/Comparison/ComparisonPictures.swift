import Images
import Tasks
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
  /// Begins without images.
  /// - Parameter indices: of the images in the evaluated split.
  public init(_ experiment: Experiment, indices: [Int]) {
    self.indices = indices
    legend = zip(experiment.classNames, experiment.palette).map { ($0, $1) }
  }

  /// Adds what a run predicts for all images; the first run brings the images and their annotations.
  /// - Throws: `LongtailError` for files that cannot be read, or when the network cannot take an image.
  public mutating func add(run: String, _ experiment: Experiment, _ network: InferenceNetwork) throws {
    for (place, index) in indices.enumerated() {
      let figure = try experiment.task.figure(experiment.evaluationSplit, index: index, network)
      let size = ComparisonPictures.size(of: figure.input)
      if place == rows.count {
        rows.append(
          Row(
            identifier: figure.name,
            input: try figure.input.resized(width: size.width, height: size.height).pngData(compressionLevel: 9),
            truth: try figure.truth.png(experiment.palette, size: size), predictions: []))
      }
      rows[place].predictions.append((run, try figure.prediction.png(experiment.palette, size: size)))
    }
  }

  static func size(of image: RGBImage) -> ImageSize {
    let width = min(widest, image.width)
    return ImageSize(width: width, height: max(1, (image.height * width + image.width / 2) / image.width))
  }
}
