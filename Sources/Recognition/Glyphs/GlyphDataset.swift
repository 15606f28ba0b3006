import Datasets
import Images
import Tensors

/// Drawn signs: the data set for recognition that is always there.
///
/// Strokes under random affine maps, with clutter, things that lie over them, and noise. An image is a function of (seed, split, class,
/// number), the same on every machine; training images are long-tailed, class 0 the most frequent, and those of the other splits are
/// balanced. Image k of a class is the same whatever the imbalance is.
package enum GlyphDataset {
  /// Changes with every change of the drawing, so that what is remembered of the images is not taken for that of others.
  static let revision = 1

  /// Describes the data set; nothing is drawn yet.
  /// - Parameters:
  ///   - classCount: 2 to 200.
  ///   - imbalance: images of the most frequent class over those of the rarest.
  ///   - largest: training images of the most frequent class.
  ///   - validation: validation images of each class; 0 for no such split.
  ///   - test: test images of each class; 0 for no such split.
  ///   - seed: what the images are drawn from.
  /// - Throws: `.usage` for values out of their ranges.
  package static func make(
    classCount: Int = 40, imbalance: Double = 100, largest: Int = 500, validation: Int = 20, test: Int = 50, seed: UInt64 = 1
  ) throws -> LabelledImages {
    guard (2...200).contains(classCount), largest >= 1, validation >= 0, test >= 0 else {
      throw LongtailError(
        .usage, "data set glyphs: \(classCount) classes with \(largest), \(validation) and \(test) images are not possible",
        advice: "There are 2 to 200 classes, and at least one training image of each.")
    }
    let painter = GlyphPainter(alphabet: GlyphAlphabet(classCount: classCount), variation: GlyphVariation())
    let counts = try LongTail(factor: imbalance).countsByRank(largest: largest, classCount: classCount)
    let perSplit: [(Split, [Int])] = [
      (.train, counts), (.validation, [Int](repeating: validation, count: classCount)), (.test, [Int](repeating: test, count: classCount)),
    ]
    var parts: [Split: LabelledImages.Part] = [:]
    for (split, counts) in perSplit where counts[0] > 0 {
      let images = counts.enumerated().flatMap { label, count in (0..<count).map { GlyphSource.Image(label: label, number: $0) } }
      let source = GlyphSource(painter: painter, images: images, split: split, seed: seed)
      parts[split] = LabelledImages.Part(
        source: source, names: images.indices.map(source.location), labels: images.map { Int32($0.label) })
    }
    return try LabelledImages(name: "glyphs", classes: (0..<classCount).map { "glyph \($0)" }, parts: parts)
  }

  static func open(_ settings: RecognitionSettings) throws -> LabelledImages {
    let million = 0...1_000_000
    return try make(
      classCount: settings.integer("classes", in: 2...200) ?? 40, imbalance: settings.number("imbalance", in: 1..<1e9) ?? 100,
      largest: settings.integer("largest", in: 1...1_000_000) ?? 500, validation: settings.integer("validation", in: million) ?? 20,
      test: settings.integer("test", in: million) ?? 50, seed: UInt64(settings.integer("seed", in: 0...Int.max) ?? 1))
  }
}

/// The images of a split.
struct GlyphSource: ImageSource {
  /// One of them.
  struct Image: Sendable, Equatable {
    var label: Int
    var number: Int
  }

  let painter: GlyphPainter
  let images: [Image]
  let split: Split
  let seed: UInt64

  var count: Int { images.count }

  /// `train-07-00012`.
  func location(of index: Int) -> String {
    "\(split.shortName)-\(String(images[index].label, digits: 2))-\(PackedNames.name(images[index].number))"
  }

  /// Draws an image.
  func content(of index: Int) throws -> ImageContent {
    guard images.indices.contains(index) else {
      throw LongtailError(.internalError, "data set glyphs: there is no image \(index) in \(split.rawValue)")
    }
    let stream = split == .train ? 1 : split == .validation ? 2 : 3
    var random = GlyphRandom(seed: seed, stream: stream, sample: images[index].label << 20 | images[index].number)
    return .pixels(painter.image(of: images[index].label, random: &random))
  }

  func fingerprint(of index: Int) -> String {
    "glyphs \(GlyphDataset.revision) \(seed) \(split.rawValue) \(images[index].label) \(images[index].number) of \(painter.alphabet.glyphs.count)"
  }
}
