import Images
import Tensors

/// A file in MNIST's format IDX: two zero bytes, the type of its elements, the number of its dimensions, their extents as big-endian
/// numbers of 32 bits, and the elements. Only bytes (type 8) are read. Source: the description that goes with the MNIST files.
struct IDXFile {
  /// What error messages call it.
  let path: String
  /// The extents, slowest first.
  let extents: [Int]
  /// The whole file, unpacked.
  let bytes: [UInt8]
  /// Where the elements begin.
  var start: Int { 4 + 4 * extents.count }

  /// Reads a file, compressed by gzip or not.
  /// - Throws: `.missingInput` where there is none, `.badData` where it is no such file or its length is wrong.
  init(contentsOf path: String) throws {
    try self.init(CompressedFile.read(path), path: path)
  }

  init(_ bytes: [UInt8], path: String) throws {
    guard bytes.count >= 4, bytes[0] == 0, bytes[1] == 0, (1...4).contains(bytes[3]) else {
      throw LongtailError(.badData, "\(path): not an IDX file by its first bytes")
    }
    guard bytes[2] == 8 else {
      throw LongtailError(.badData, "\(path): elements of type \(bytes[2]); only bytes (type 8) are read")
    }
    let dimensions = Int(bytes[3])
    guard bytes.count >= 4 + 4 * dimensions else { throw LongtailError(.badData, "\(path): the file ends in its header") }
    let extents = (0..<dimensions).map { dimension in
      bytes[4 + 4 * dimension..<8 + 4 * dimension].reduce(0) { $0 << 8 | Int($1) }
    }
    let (count, overflow) = extents.reduce((1, false)) { state, extent in
      let product = state.0.multipliedReportingOverflow(by: extent)
      return (product.partialValue, state.1 || product.overflow)
    }
    let expected = 4 + 4 * dimensions + count
    guard !overflow, bytes.count == expected else {
      throw LongtailError(
        .badData,
        "\(path): \(bytes.count) bytes, but its header of \(extents.map(String.init).joined(separator: " x ")) promises "
          + (overflow ? "more than there can be" : "\(expected)"))
    }
    (self.path, self.extents, self.bytes) = (path, extents, bytes)
  }

  /// The images of one split: a file of images (count x rows x columns, or with 3 channels behind), and one of labels (count).
  /// - Throws: `.badData` where the two do not fit.
  static func part(images: String, labels: String) throws -> LabelledImages.Part {
    let pixels = try IDXFile(contentsOf: images)
    let classes = try IDXFile(contentsOf: labels)
    guard pixels.extents.count == 3 || pixels.extents.count == 4 && pixels.extents[3] == 3 else {
      throw LongtailError(
        .badData, "\(images): extents \(pixels.extents.map(String.init).joined(separator: " x ")) are not those of images",
        advice: pixels.extents.count == 1
          ? "Are the two files swapped?" : "Images are count x rows x columns, or count x rows x columns x 3.")
    }
    guard classes.extents.count == 1 else {
      throw LongtailError(
        .badData, "\(labels): \(classes.extents.count) dimensions, but labels have one", advice: "Are the two files swapped?")
    }
    let count = pixels.extents[0]
    guard classes.extents[0] == count else {
      throw LongtailError(.badData, "\(labels): \(classes.extents[0]) labels for the \(count) images of \(images)")
    }
    let size = ImageSize(width: pixels.extents[2], height: pixels.extents[1])
    let layout: PackedSource.Layout = pixels.extents.count == 3 ? .grey : .interleaved
    guard size.width > 0, size.height > 0 else { throw LongtailError(.badData, "\(images): images of \(size) have no pixels") }
    let source = try PackedSource(
      bytes: pixels.bytes, origin: images, size: size, layout: layout, start: pixels.start,
      stride: size.width * size.height * layout.channels,
      count: count)
    return LabelledImages.Part(
      source: source, names: (0..<count).map(PackedNames.name), labels: classes.bytes[classes.start...].map(Int32.init))
  }
}

/// Names of images that are numbers only.
enum PackedNames {
  /// `00012`: the place in the file, from 0.
  static func name(_ index: Int) -> String { String(index, digits: 5) }
}
