import Datasets
import Images
import Tensors

/// The class of an image.
package struct ImageClass: RowAnnotation, Equatable {
  /// The class; -1 is ignored.
  package let label: Int32

  /// Names the class.
  package init(_ label: Int32) { self.label = label }

  /// Bytes in a cache.
  package var byteCount: Int { 4 }

  /// The same: it does not depend on the image's size.
  package func resized(to size: ImageSize) -> ImageClass { self }

  /// Writes the one label of the image's row.
  /// - Throws: `.internalError` for a network that has more than one row an image.
  package func write(_ geometry: Geometry, to rows: UnsafeMutableBufferPointer<Int32>) throws {
    guard rows.count == 1 else { throw LongtailError(.internalError, "an image has one class, but \(rows.count) rows ask for one") }
    rows[0] = label
  }
}

/// Images with a class each, as loaders, counts and samplers take them.
package struct RecognitionDataset: ImageDataset {
  /// The images with their classes.
  package let images: LabelledImages
  /// Which values of image files of 16 bits become black and white.
  package let range: SampleRange?

  /// Takes the images.
  package init(_ images: LabelledImages, range: SampleRange? = nil) { (self.images, self.range) = (images, range) }

  /// The kind of the data set.
  package var name: String { images.name }

  /// The classes, in colours of their own.
  package var classes: [ClassInfo] { images.classes.enumerated().map { ClassInfo(name: $1, colour: .distinct($0)) } }

  /// How many images a split has.
  package func count(of split: Split) -> Int { images.count(of: split) }

  /// The image's name.
  package func identifier(split: Split, index: Int) -> String {
    guard let names = images.parts[split]?.names, names.indices.contains(index) else { return "\(index)" }
    return names[index]
  }

  /// The image decoded as a whole, with its class.
  package func annotatedImage(split: Split, index: Int) throws -> AnnotatedImage {
    AnnotatedImage(image: try content(split: split, index: index).decoded(range: range), annotation: try label(split: split, index: index))
  }

  /// The image as its source holds it.
  /// - Throws: `.badData` or `.missingInput` that names it.
  package func content(split: Split, index: Int) throws -> ImageContent { try part(split, index).source.content(of: index) }

  /// The image's class, without reading the image.
  /// - Throws: `.internalError` where there is no such image.
  package func label(split: Split, index: Int) throws -> ImageClass { ImageClass(try part(split, index).labels[index]) }

  /// The image's size, of files from their header.
  package func imageSize(split: Split, index: Int) throws -> ImageSize { try content(split: split, index: index).size }

  /// Reads an image to its end and counts its class.
  package func count(split: Split, index: Int, into statistics: inout LabelStatistics) throws {
    let part = try part(split, index)
    let source = part.source.location(of: index)
    let size: ImageSize
    if let file = try part.source.examined(index, range: range) {
      size = file.image.size
      statistics.files.add(file, range: range, source: source, index: index)
    } else {
      size = try part.source.content(of: index).size
    }
    statistics.add(counts: [(class: Int(part.labels[index]), count: 1)], size: size, source: source)
  }

  /// Classes, names, labels, and what the images depend on.
  package func fingerprint(of split: Split) throws -> [String] {
    images.fingerprint(of: split) + (range.map { ["range \($0)"] } ?? [])
  }

  /// Names and labels, and of files the number of bytes: the same wherever a copy lies.
  package func listing(of split: Split) throws -> [String] {
    guard let part = images.parts[split] else { return [] }
    return (0..<part.count).map { "\(part.names[$0]) \(part.labels[$0]) \(part.source.listing(of: $0))" }
  }

  private func part(_ split: Split, _ index: Int) throws -> LabelledImages.Part {
    let part = try images.part(split)
    guard part.labels.indices.contains(index) else {
      throw LongtailError(.internalError, "data set \(name): there is no image \(index) in \(split.rawValue)")
    }
    return part
  }
}
