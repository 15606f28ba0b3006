import Tensors

/// Something that is wrong with an entry of a file.
package struct AnnotationFault: Sendable, Hashable, CustomStringConvertible {
  /// What kind of thing is wrong.
  package enum Kind: String, Sendable, CaseIterable {
    /// The file, or a line of it, cannot be read at all.
    case unreadable
    /// A part that every file has is not there.
    case missingPart
    /// An entry lacks a value.
    case missingValue
    /// A value is of the wrong type, or none of those that are allowed.
    case badValue
    /// Two entries have one id.
    case duplicateID
    /// Two entries say the same.
    case duplicateEntry
    /// No image has this id.
    case unknownImage
    /// No class has this id, number or name.
    case unknownCategory
    /// Entries contradict each other.
    case contradiction
    /// A number is not finite.
    case notFinite
    /// A box's side is negative.
    case negativeSide
    /// A box's side is zero.
    case zeroSide
    /// A box or a mask reaches out of the image.
    case outside
    /// The image has another size than the annotations say.
    case sizeDiffers
    /// An image does not name its file.
    case unnamedImage
    /// There is no such file.
    case missingImage
    /// The file cannot be read.
    case brokenImage
    /// A polygon or a run-length mask is broken.
    case badMask
    /// A mask and its box are in different places.
    case maskOffBox

    /// Whether judges can still do their work, and the references do it.
    var isTolerable: Bool {
      switch self {
      case .contradiction, .zeroSide, .outside, .sizeDiffers, .unnamedImage, .missingImage, .brokenImage, .maskOffBox: true
      default: false
      }
    }
  }

  /// What kind of thing is wrong.
  package var kind: Kind
  /// The file.
  package var file: String
  /// The entry in the file, such as `annotations[4] (id 17)`, `object 2 (dog)` or `line 3`; empty where it is the whole file.
  package var entry: String
  /// What is wrong, with the values.
  package var message: String

  /// File, entry and message.
  package var description: String { entry.isEmpty ? "\(file): \(message)" : "\(file): \(entry): \(message)" }
}

/// What was read, and what is wrong with it. Entries that cannot be used are left out of the set.
public struct AnnotationReading: Sendable {
  /// What can be used.
  package var set: AnnotationSet
  /// What is wrong, in the order of the files.
  package var faults: [AnnotationFault]
  /// What may be worth knowing.
  package var remarks: [String]
  /// Where images were found; nil where none were looked for, or none found.
  package var imageFolder: String?

  /// The set, if nothing is wrong with it.
  /// - Parameter forJudging: lets pass what the references let pass: zero sides, boxes that reach out of the image, masks that do not fit
  ///   their box, LVIS' lists that contradict each other, and everything about images.
  /// - Throws: `.badData` with the first faults.
  package func validated(forJudging: Bool = false) throws -> AnnotationSet {
    let wrong = faults.filter { !(forJudging && $0.kind.isTolerable) }
    guard let first = wrong.first else { return set }
    let more = wrong.dropFirst().prefix(9).map { "\n  \($0)" }.joined()
    let rest = wrong.count > 10 ? "\n  and \(wrong.count - 10) more" : ""
    throw LongtailError(.badData, "\(first)\(more)\(rest)", advice: "longtail inspect lists everything that is wrong with the annotations.")
  }
}
