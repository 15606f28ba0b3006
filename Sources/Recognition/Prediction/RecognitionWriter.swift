import Foundation
import Images
import Tasks
import Tensors

/// Writes a table of the likeliest classes of all images, and contact sheets that show the images with what was found.
final class RecognitionWriter: PredictionWriter {
  /// The table's file.
  static let table = "predictions.csv"
  /// Images of a sheet.
  static let imagesOfSheet = 60
  private static let columns = 10
  private static let side = 96

  private let recognizer: Recognizer
  private let classes: [String]
  private let options: PredictionOptions
  private var lines: [String] = []
  private var entries: [ContactSheet.Entry] = []
  private var sheets: [RGBImage] = []

  /// - Parameters:
  ///   - recognizer: recognizes.
  ///   - classes: names of the classes.
  init(_ recognizer: Recognizer, classes: [String], _ options: PredictionOptions) {
    (self.recognizer, self.classes, self.options) = (recognizer, classes, options)
  }

  /// Classes that a line of the table names.
  private var count: Int { options.probabilities ? classes.count : min(max(1, options.top), classes.count) }

  func write(_ image: RGBImage, named name: String, to results: [String]) throws -> String {
    let top = try recognizer.likeliest(of: image, count: count)
    lines.append(PredictionTable.line(name: name, label: nil, top: top, count: count, classNames: classes))
    let said = top.lines(classNames: classes)
    let shortName = name.split(separator: "/").last.map(String.init) ?? name
    entries.append(ContactSheet.Entry(RecognitionWriter.small(image), captions: [shortName] + said.prefix(2)))
    if entries.count == RecognitionWriter.imagesOfSheet { closeSheet() }
    return said.first ?? ""
  }

  /// Sheets keep images of the size that they show: thousands of photographs would not fit into memory.
  private static func small(_ image: RGBImage) -> RGBImage {
    let longest = max(1, image.width, image.height)
    guard longest > side else { return image }
    return image.resized(width: max(1, image.width * side / longest), height: max(1, image.height * side / longest))
  }

  private func closeSheet() {
    sheets.append(ContactSheet(columns: RecognitionWriter.columns, side: RecognitionWriter.side).drawn(entries))
    entries = []
  }

  func finish(in folder: String) throws -> [String] {
    if !entries.isEmpty { closeSheet() }
    let path = "\(folder)/\(RecognitionWriter.table)"
    let text = PredictionTable.headings(count: count, hasLabels: false) + lines.joined()
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw LongtailError(.inputOutput, "cannot write \(path): \(error.localizedDescription)", advice: "Check space and permissions.")
    }
    let places = sheets.indices.map { "\(folder)/\(RecognitionWriter.sheet($0))" }
    for (sheet, place) in zip(sheets, places) { try sheet.writePNG(to: place, software: options.mark) }
    return [path] + places
  }

  /// The file of a sheet.
  static func sheet(_ place: Int) -> String { "sheet-\(String(place + 1, digits: 3)).png" }
}

extension RecognitionTask {
  /// A table and sheets for all images; none of an image's own.
  package func predictionNames(_ options: PredictionOptions, count: Int) -> PredictionNames {
    let sheets = (count + RecognitionWriter.imagesOfSheet - 1) / RecognitionWriter.imagesOfSheet
    return PredictionNames(shared: [RecognitionWriter.table] + (0..<sheets).map(RecognitionWriter.sheet))
  }

  /// Names the likeliest classes.
  package func makePredictionWriter(_ network: InferenceNetwork, _ options: PredictionOptions) throws -> any PredictionWriter {
    RecognitionWriter(Recognizer(network), classes: network.classNames, options)
  }

  /// The training images that are really used, with their classes and a digest: `data.longTail.list` takes it.
  package func dataFiles() throws -> [(name: String, text: String)] {
    guard images.count(of: .train) > 0 else { return [] }
    return [("training-subset.txt", try TrainingSubset(images.images.part(.train)).text)]
  }
}
