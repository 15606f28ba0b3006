import Foundation
import Tensors

/// A detection of an evaluated split, in pixels of the image as the data set has it.
package struct FoundObject: Sendable, Equatable {
  /// The image's place in the split.
  package var image: Int32
  /// The class.
  package var label: Int32
  /// From 0 to 1.
  package var score: Float
  /// Where.
  package var box: CornerBox

  package init(image: Int32, label: Int32, score: Float, box: CornerBox) {
    (self.image, self.label, self.score, self.box) = (image, label, score, box)
  }

  /// Bytes of each in a message.
  static let byteCount = 28

  /// Coded for the other ranks.
  static func bytes(_ objects: [FoundObject]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(objects.count * byteCount)
    for object in objects {
      for number in [UInt32(bitPattern: object.image), UInt32(bitPattern: object.label)]
        + [object.score, object.box.left, object.box.top, object.box.right, object.box.bottom].map(\.bitPattern)
      {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
      }
    }
    return bytes
  }

  /// Decodes what a rank has sent.
  /// - Throws: `LongtailError` for a message that is cut off.
  static func list(_ bytes: [UInt8]) throws -> [FoundObject] {
    guard bytes.count % byteCount == 0 else {
      throw LongtailError(.internalError, "\(bytes.count) bytes are not a list of detections")
    }
    return bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / byteCount).map { place in
        func word(_ index: Int) -> UInt32 {
          UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place * byteCount + 4 * index, as: UInt32.self))
        }
        func float(_ index: Int) -> Float { Float(bitPattern: word(index)) }
        return FoundObject(
          image: Int32(bitPattern: word(0)), label: Int32(bitPattern: word(1)), score: float(2),
          box: CornerBox(float(3), float(4), float(5), float(6)))
      }
    }
  }

  /// An order that depends on nothing but what was found: by image, falling score, class, box.
  static func precedes(_ a: FoundObject, _ b: FoundObject) -> Bool {
    if a.image != b.image { return a.image < b.image }
    if a.score != b.score { return a.score > b.score }
    if a.label != b.label { return a.label < b.label }
    return [a.box.left, a.box.top, a.box.right, a.box.bottom].lexicographicallyPrecedes(
      [b.box.left, b.box.top, b.box.right, b.box.bottom])
  }
}
