import Datasets
import Foundation
import Images
import Tensors

/// A look at the images of each split: all of a small one, as many as are worth the wait of a large one.
package struct ImageSample: Sendable {
  /// Images of a split that are read.
  package static let limit = 1000

  /// What was read of a split.
  package struct Part: Sendable {
    /// The split.
    package var split: Split
    /// The images that were read.
    package var images: LabelledImages.Part
    /// What was found.
    package var survey: ImageSurvey
    /// How many there are in all.
    package var count: Int
    /// Whether there are more than were read.
    package var isPartial: Bool { images.count < count }
  }

  /// The data set.
  package let dataset: LabelledImages
  /// The splits that there are.
  package let parts: [Part]
  private let range: SampleRange?

  /// Reads images, spread over each split.
  /// - Throws: `.missingInput` where there is no training image; what is not about a file.
  package init(_ dataset: LabelledImages, range: SampleRange? = nil, threads: Int) throws {
    (self.dataset, self.range) = (dataset, range)
    guard dataset.count(of: .train) > 0 else {
      throw LongtailError(
        .missingInput, "there are no training images in data set '\(dataset.name)'", advice: "Check its folders or lists.")
    }
    parts = try Split.allCases.compactMap { split in
      guard let whole = dataset.parts[split] else { return nil }
      let read = min(whole.count, ImageSample.limit)
      let images = whole.selecting((0..<read).map { whole.count * $0 / read })
      return Part(
        split: split, images: images,
        survey: try ImageSurvey.of(images, classCount: dataset.classes.count, range: range, threads: threads), count: whole.count)
    }
  }

  /// `115,846 train, 20,000 val`.
  package func counts(_ format: (Int) -> String) -> String {
    parts.map { "\(format($0.count)) \($0.split.shortName)" }.joined(separator: ", ")
  }

  /// The sizes of the training images that were read.
  package var sizes: ImageSurvey.SizeRange? { parts.first { $0.split == .train }?.survey.sizes }

  /// The split that a network is judged by.
  package var judged: Split { [Split.validation, .test].first { dataset.count(of: $0) > 0 } ?? .train }

  /// What is wrong, and what looks like it, in sentences; errors end a run before it begins.
  package func problems(isRangeKnown: Bool) -> (errors: [String], remarks: [String]) {
    var errors: [String] = []
    var remarks = dataset.remarks
    for part in parts {
      let name = part.split.shortName
      errors += part.survey.badFiles.prefix(LabelStatistics.listedProblems).map { "\(name): \($0.message)" }
      let more = part.survey.badFiles.count - LabelStatistics.listedProblems
      if more > 0 { errors.append("\(name): and \(more) more such files") }
      if isRangeKnown { do { try part.survey.files.requireRange() } catch { errors.append("\(name): \(error)") } }
      remarks += part.survey.files.remarks.map { "\(name): \($0)" }
      let contradictions = part.survey.contradictions(in: part.images)
      if let (one, other) = contradictions.first {
        remarks.append(
          "\(name): \(part.images.names[one]) and \(part.images.names[other]) are the same image in two classes"
            + (contradictions.count > 1 ? ", and \(contradictions.count - 1) more are" : ""))
      }
      let empty = dataset.classCounts(of: part.split).enumerated().filter { $0.element == 0 }.map { dataset.classes[$0.offset] }
      if !empty.isEmpty {
        let others = empty.count > 8 ? " and \(empty.count - 8) more" : ""
        remarks.append("\(name): no image of \(empty.prefix(8).joined(separator: ", "))\(others)")
      }
    }
    if dataset.classCounts(of: .train).count(where: { $0 > 0 }) < 2 { errors.append("train: all images are of one class") }
    if dataset.count(of: .validation) == 0 {
      remarks.append(
        "there is no validation split: set evaluation.split\(dataset.count(of: .test) > 0 ? " to test" : ""), or hold images out with data.split"
      )
    }
    return (errors, remarks)
  }

  /// A sheet of images: a row for each of some classes, from the most frequent to the rarest.
  /// - Parameters:
  ///   - split: nil for the first there is.
  ///   - rows: classes at most.
  /// - Throws: `.badData` where none of the images can be read.
  package func sheet(of split: Split?, rows: Int) throws -> RGBImage {
    let split = parts.first { split == nil || $0.split == split }?.split ?? .train
    let part = try dataset.part(split)
    let training = dataset.classCounts(of: .train)
    let columns = 8
    var byClass = [[Int]](repeating: [], count: dataset.classes.count)
    for index in part.labels.indices { byClass[Int(part.labels[index])].append(index) }
    let ranked = byClass.indices.filter { !byClass[$0].isEmpty }.sorted { (-training[$0], $0) < (-training[$1], $1) }
    let shown = min(rows, ranked.count)
    let classes = (0..<shown).map { ranked[shown == 1 ? 0 : $0 * (ranked.count - 1) / (shown - 1)] }
    var entries: [ContactSheet.Entry] = []
    for label in classes {
      let own = byClass[label]
      let taken = (0..<min(columns, own.count)).map { own[own.count * $0 / min(columns, own.count)] }
      for place in 0..<columns {
        guard place < taken.count, let image = try? part.source.content(of: taken[place]).decoded(range: range) else {
          entries.append(ContactSheet.Entry(RGBImage(width: 8, height: 8, fill: .white)))
          continue
        }
        entries.append(
          ContactSheet.Entry(
            image,
            captions: place == 0
              ? [dataset.classes[label], "\(training[label]) train"] : [(part.names[taken[place]] as NSString).lastPathComponent]))
      }
    }
    guard entries.contains(where: { !$0.captions.isEmpty }) else {
      throw LongtailError(.badData, "no \(split.shortName) image can be shown")
    }
    return ContactSheet(columns: columns, side: 96).drawn(entries)
  }
}
