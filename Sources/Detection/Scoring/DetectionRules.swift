/// What judges compare: the box around an object, or its pixels.
package enum DetectionShape: String, Sendable, CaseIterable {
  /// Boxes.
  case box
  /// Masks.
  case mask
}

/// The rules by which detections are matched and counted.
package struct DetectionRules: Sendable, Equatable {
  /// Whose rules they are.
  package enum Kind: String, Sendable, CaseIterable {
    /// COCO: every class is marked in every image; crowds are ignored.
    case coco
    /// LVIS: classes are looked for in some images only (a federated data set).
    case lvis
  }

  /// Whose rules they are.
  package var kind: Kind
  /// The most detections of a class that count in an image, from the fewest; the last one is what AP is computed with. `.max` for all.
  package var limits: [Int]
  /// The most detections of all classes together that count in an image.
  package var imageLimit: Int?
  /// The most detections of a class that count over all images.
  package var classLimit: Int?

  /// COCO: 100 detections of a class in an image; recall with 1 and 10 of them as well.
  package static let coco = DetectionRules(kind: .coco, limits: [1, 10, 100], imageLimit: nil, classLimit: nil)
  /// LVIS: 300 detections in an image over all classes.
  package static let lvis = DetectionRules(kind: .lvis, limits: [.max], imageLimit: 300, classLimit: nil)
  /// LVIS without a limit an image, but the best 10,000 of each class over all images, so that classes do not compete for places (Dave,
  /// Dollár, Ramanan, Kirillov, Girshick, "Evaluating large-vocabulary object detectors: the devil is in the details", 2021).
  package static let lvisFixed = DetectionRules(kind: .lvis, limits: [.max], imageLimit: nil, classLimit: 10_000)

  /// Overlaps from which on a detection is a match: 0.5, 0.55, ..., 0.95, with the roundings of `numpy.linspace`.
  package static let thresholds: [Double] = {
    let step: Double = (0.95 - 0.5) / 9
    return (0..<9).map { (place: Int) -> Double in Double(place) * step + 0.5 } + [0.95]
  }()
  /// Recalls at which precision is read: 0, 0.01, ..., 1.
  package static let recalls: [Double] = (0..<100).map { (place: Int) -> Double in Double(place) * 0.01 } + [1]
  /// Ranges of areas in pixels: all, small, medium, large; both ends belong to them.
  static let areas: [(low: Double, high: Double)] = [(0, 1e10), (0, 1024), (1024, 9216), (9216, 1e10)]
}

/// Which of two detections of one image and class with equal scores comes first.
package enum TieOrder: String, Sendable, CaseIterable {
  /// The one that stands first in the file, as in the references: figures may depend on the file's order.
  case file
  /// The one whose box, then mask, comes first by its numbers: figures are equal for any order of the file.
  case content
}
