import Foundation
import Images
import Tasks
import Tensors

/// The best and the worst images of an evaluation, each with its labels and its prediction, small enough for a page.
package struct ReportPictures: Sendable, Equatable {
  /// An image.
  package struct Entry: Sendable, Equatable {
    /// Its name in the data set.
    package var name: String
    /// Its score.
    package var score: Double
    /// The image, as a PNG file.
    package var input: [UInt8]
    /// Its labels in the classes' colours, as a PNG file.
    package var truth: [UInt8]
    /// What the network says, likewise.
    package var prediction: [UInt8]
  }

  /// The best, the best first.
  package var best: [Entry] = []
  /// The worst, the worst first.
  package var worst: [Entry] = []

  /// None.
  package init() {}

  /// Draws the best and the worst images.
  /// - Parameters:
  ///   - count: of each at most.
  ///   - palette: the classes' colours.
  ///   - figure: gives an image of the split with its annotation and its prediction.
  /// - Throws: what `figure` throws, and what drawing and encoding throw.
  package init(_ details: EvaluationDetails, count: Int, palette: [RGBColour], figure: (_ index: Int) throws -> ImageFigure) throws {
    func entry(_ image: EvaluationDetails.Image) throws -> Entry {
      let figure = try figure(image.score.index)
      let size = ComparisonPictures.size(of: figure.input)
      return Entry(
        name: image.name, score: image.score.value ?? 0,
        input: try figure.input.resized(width: size.width, height: size.height).pngData(compressionLevel: 9),
        truth: try figure.truth.png(palette, size: size), prediction: try figure.prediction.png(palette, size: size))
    }
    let extremes = details.extremes(count)
    best = try extremes.best.map(entry)
    worst = try extremes.worst.map(entry)
  }

  /// The files of a run's report, which name the step, so that those of an earlier evaluation are not taken for these.
  private static func file(step: Int, _ kind: String, _ place: Int, _ part: String) -> String {
    "examples/\(RunDirectory.stepName(step))-\(kind)-\(place + 1)-\(part).png"
  }

  /// Writes the files into a run's directory, in the place of those of earlier evaluations.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func write(to directory: RunDirectory, step: Int) throws {
    try directory.replaceDirectory("examples")
    for (kind, entries) in [("best", best), ("worst", worst)] {
      for (place, entry) in entries.enumerated() {
        for (part, png) in [("input", entry.input), ("truth", entry.truth), ("prediction", entry.prediction)] {
          try directory.write(Data(png), to: ReportPictures.file(step: step, kind, place, part))
        }
      }
    }
  }

  /// Reads the files of a run, as many as there are.
  init(ofRun path: String, _ details: EvaluationDetails) {
    func entries(_ kind: String, _ images: [EvaluationDetails.Image]) -> [Entry] {
      var found: [Entry] = []
      for (place, image) in images.enumerated() {
        let parts = ["input", "truth", "prediction"].compactMap {
          FileManager.default.contents(atPath: "\(path)/\(ReportPictures.file(step: details.step, kind, place, $0))").map { [UInt8]($0) }
        }
        guard parts.count == 3 else { break }
        found.append(
          Entry(
            name: image.name, score: image.score.value ?? 0, input: parts[0], truth: parts[1],
            prediction: parts[2]))
      }
      return found
    }
    let extremes = details.extremes(details.images.count)
    best = entries("best", extremes.best)
    worst = entries("worst", extremes.worst)
  }

  /// Whether there is nothing to show.
  package var isEmpty: Bool { best.isEmpty && worst.isEmpty }
}
