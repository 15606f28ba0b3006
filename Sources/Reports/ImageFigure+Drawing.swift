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

  /// The layer as a picture, where it is not a label map.
  func picture(size: ImageSize) -> RGBImage? {
    switch self {
    case .labels: nil
    case .drawing(let image): image
    case .text(let text): ImageFigure.Layer.picture(of: text, size: size)
    }
  }

  /// Words in the middle of an empty picture, a line each; twice as large where there is room, and cut off where they are too long.
  private static func picture(of text: String, size: ImageSize) -> RGBImage {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let widest = lines.map { BitmapFont.width(of: $0, scale: 2) }.max() ?? 0
    let scale = widest <= size.width - 8 && lines.count * 2 * (BitmapFont.glyphHeight + 4) <= size.height ? 2 : 1
    var picture = RGBImage(width: size.width, height: size.height, fill: RGBColour(24, 24, 24))
    let step = scale * (BitmapFont.glyphHeight + 4)
    var y = max(0, (size.height - lines.count * step) / 2)
    for line in lines {
      let fitted = BitmapFont.fitted(line, width: size.width - 4, scale: scale)
      let x = max(0, (size.width - BitmapFont.width(of: fitted, scale: scale)) / 2)
      picture.draw(fitted, x: x, y: y, colour: RGBColour(230, 230, 230), scale: scale)
      y += step
    }
    return picture
  }
}

extension Panel.Row {
  /// An image of a task side by side with its annotation and its prediction.
  package init(_ figure: ImageFigure) {
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
