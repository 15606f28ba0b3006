import Images
import Tasks
import Tensors

extension ImageFigure.Layer {
  /// The layer as a PNG file for a page, no wider than pages show.
  /// - Parameter palette: the classes' colours; what has none is black, as in the pictures of runs.
  /// - Throws: what encoding throws.
  func png(_ palette: [RGBColour], size: ImageSize) throws -> [UInt8] {
    switch self {
    case .labels(let labels):
      var colours = Array(palette.prefix(256))
      while colours.count < 256 { colours.append(Panel.ignoredColour) }
      return try labels.resized(width: size.width, height: size.height).pngData(palette: colours, compressionLevel: 9)
    case .drawing(let image): return try image.resized(width: size.width, height: size.height).pngData(compressionLevel: 9)
    case .text(let text): return try ImageFigure.Layer.picture(of: text, size: size).pngData(compressionLevel: 9)
    }
  }

  /// The layer as a picture, where it is no label map.
  func picture(size: ImageSize) -> RGBImage? {
    switch self {
    case .labels: nil
    case .drawing(let image): image
    case .text(let text): ImageFigure.Layer.picture(of: text, size: size)
    }
  }

  /// Words in the middle of an empty picture, cut off where they are too long.
  private static func picture(of text: String, size: ImageSize) -> RGBImage {
    var picture = RGBImage(width: size.width, height: size.height, fill: RGBColour(24, 24, 24))
    let fitted = BitmapFont.fitted(text, width: size.width, scale: 1)
    let (x, y) = ((size.width - BitmapFont.width(of: fitted, scale: 1)) / 2, (size.height - BitmapFont.glyphHeight) / 2)
    picture.draw(fitted, x: max(0, x), y: max(0, y), colour: RGBColour(230, 230, 230), scale: 1)
    return picture
  }
}

extension Panel.Row {
  /// An image of a task side by side with its annotation and its prediction.
  public init(_ figure: ImageFigure) {
    let size = ImageSize(width: figure.input.width, height: figure.input.height)
    func labels(_ layer: ImageFigure.Layer) -> LabelImage {
      if case .labels(let labels) = layer { return labels }
      return LabelImage(width: size.width, height: size.height)
    }
    self.init(input: figure.input, truth: labels(figure.truth), prediction: labels(figure.prediction))
    drawnTruth = figure.truth.picture(size: size)
    overlay = figure.prediction.picture(size: size)
  }
}
