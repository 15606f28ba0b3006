import Images
import Tensors

/// What the image files of a split turned out to be, beside their pixels: noted while labels are counted.
package struct ImageFacts: Sendable, Codable, Equatable {
  /// A number of files, and the first of them.
  package struct Tally: Sendable, Codable, Equatable {
    /// How many.
    package var count = 0
    /// The first.
    package var first: String?

    /// None.
    package init() {}

    mutating func add(_ source: String) {
      count += 1
      first = first ?? source
    }

    mutating func merge(_ other: Tally) {
      count += other.count
      first = first ?? other.first
    }
  }

  /// The content of an image, and which sample it is of.
  package struct Content: Sendable, Codable, Equatable {
    /// `ImageFile.digest`.
    package var digest: Int
    /// The sample's index in what was counted.
    package var index: Int
    /// The file.
    package var source: String
  }

  /// Images that are stored turned or mirrored, and read upright.
  package var turned = Tally()
  /// Label files of which the same is true.
  package var turnedLabels = Tally()
  /// Images of 16 bits that 8 do not hold.
  package var deep = Tally()
  /// Those among them that were read without a range.
  package var withoutRange = Tally()
  /// Images of 8 bits.
  package var shallow = Tally()
  /// The values of images of 16 bits.
  package var values: SampleValues?
  /// The contents of all images that are files, in their order.
  package var contents: [Content] = []

  /// Nothing seen yet.
  package init() {}

  package mutating func add(_ file: ImageFile, range: SampleRange?, source: String, index: Int) {
    if file.orientation != .upright { turned.add(source) }
    contents.append(Content(digest: file.digest, index: index, source: source))
    guard let found = file.deep else {
      shallow.add(source)
      return
    }
    deep.add(source)
    if range == nil { withoutRange.add(source) }
    if values == nil { values = SampleValues(range: range) }
    values?.add(found)
  }

  /// Adds what was seen of other files.
  package mutating func merge(_ other: ImageFacts) {
    turned.merge(other.turned)
    turnedLabels.merge(other.turnedLabels)
    deep.merge(other.deep)
    withoutRange.merge(other.withoutRange)
    shallow.merge(other.shallow)
    contents += other.contents
    guard let more = other.values else { return }
    if values == nil { values = more } else { values?.merge(more) }
  }

  /// Refuses images of 16 bits for which nobody has said what is black and white.
  /// - Throws: `.badData` with their values and what can be set.
  package func requireRange() throws {
    guard let first = withoutRange.first, let values else { return }
    let more = withoutRange.count - 1
    throw LongtailError(
      .badData,
      "\(first)\(more == 0 ? "" : " and \(more) more"): images of 16 bits with values from \(values.least) to \(values.greatest), and "
        + "data.range does not say which of them are black and white",
      advice: SampleRange.advice(least: values.measured.low, greatest: values.measured.high))
  }

  /// Warnings before training on these files: what is unusual, though it need not be wrong.
  package var remarks: [String] {
    var remarks: [String] = []
    func such(_ tally: Tally) -> String { tally.first.map { tally.count == 1 ? ", \($0)," : ", such as \($0)," } ?? "" }
    if turned.count > 0 {
      remarks.append(
        "\(turned.count) of \(contents.count) images\(such(turned)) are stored turned or mirrored (EXIF orientation) and read upright, as viewers "
          + "show them: their labels must be upright too")
    }
    if turnedLabels.count > 0 {
      remarks.append("\(turnedLabels.count) label files\(such(turnedLabels)) have an EXIF orientation, which is applied as to images")
    }
    if let values {
      remarks += values.remarks
      if shallow.count > 0, deep.count > 0 {
        remarks.append(
          "\(shallow.count) images\(such(shallow)) have 8 bits, \(deep.count)\(such(deep)) have 16: data.range is only for the latter")
      }
    }
    return remarks
  }
}
