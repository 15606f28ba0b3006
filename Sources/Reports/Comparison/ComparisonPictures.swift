import Images
import Tasks
import Tensors

/// The same evaluated images with their labels and with what every run predicts, small enough for a page.
package struct ComparisonPictures: Sendable {
  /// One image.
  package struct Row: Sendable {
    /// Its name in the data set.
    package var identifier: String
    /// The image as a PNG file.
    package var input: [UInt8]
    /// Its labels in the classes' colours, as a PNG file.
    package var truth: [UInt8]
    /// What each run predicts, likewise, with the run's label.
    package var predictions: [(run: String, png: [UInt8])]
  }

  /// The images.
  package private(set) var rows: [Row] = []
  /// The classes with their colours.
  package let legend: [(name: String, colour: RGBColour)]

  /// Whether some annotation or prediction is shown in the classes' colours, and not in words.
  public private(set) var hasColours = false

  /// Larger images are reduced to this width.
  static let widest = 320

  private let palette: [RGBColour]

  /// Begins without images.
  /// - Parameter legend: the classes with their colours.
  package init(legend: [(name: String, colour: RGBColour)]) { (self.legend, palette) = (legend, legend.map(\.colour)) }

  /// Adds what a run predicts; the first run brings the images and their annotations.
  /// - Parameter figures: the same images for every run, in the same order.
  /// - Throws: what drawing and encoding throw.
  package mutating func add(run: String, _ figures: [ImageFigure]) throws {
    for (place, figure) in figures.enumerated() {
      for layer in [figure.truth, figure.prediction] { if case .text = layer { continue } else { hasColours = true } }
      let size = ComparisonPictures.size(of: figure.input)
      if place == rows.count {
        rows.append(
          Row(
            identifier: figure.name,
            input: try figure.input.resized(width: size.width, height: size.height).pngData(compressionLevel: 9),
            truth: try figure.truth.png(palette, size: size), predictions: []))
      }
      rows[place].predictions.append((run, try figure.prediction.png(palette, size: size)))
    }
  }

  static func size(of image: RGBImage) -> ImageSize {
    let width = min(widest, image.width)
    return ImageSize(width: width, height: max(1, (image.height * width + image.width / 2) / image.width))
  }
}
