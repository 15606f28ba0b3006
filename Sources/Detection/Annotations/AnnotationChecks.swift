/// Checks of boxes and masks that all formats share. A box that is wrong in one way is not looked at for what follows from it.
enum AnnotationChecks {
  /// Boxes and polygons may reach this many pixels out of the image: tools round.
  static let border = 1.0

  typealias Problem = (kind: AnnotationFault.Kind, message: String)

  /// What is wrong with a box.
  static func problem(_ box: Box, in image: AnnotatedImage) -> Problem? {
    // Made only where it is needed.
    var numbers: String { [box.x, box.y, box.width, box.height].map(text).joined(separator: ", ") }
    guard box.isFinite else { return (.notFinite, "box [\(numbers)] is not finite") }
    if box.width < 0 || box.height < 0 { return (.negativeSide, "box [\(numbers)] has a negative \(box.width < 0 ? "width" : "height")") }
    if box.width == 0 || box.height == 0 { return (.zeroSide, "box [\(numbers)] has no \(box.width == 0 ? "width" : "height")") }
    if reaches(out: box, of: image) {
      return (.outside, "box [\(numbers)] reaches out of the image of \(image.width)x\(image.height)")
    }
    return nil
  }

  /// What is wrong with where a mask lies.
  static func problem(_ outline: Outline, _ box: Box, in image: AnnotatedImage, _ storage: OutlineStorage) -> Problem? {
    guard let around = storage.box(outline, height: image.height) else { return nil }
    if reaches(out: around, of: image) {
      return (.outside, "the mask around \(text(around)) reaches out of the image of \(image.width)x\(image.height)")
    }
    if case .runs = outline, around.width == 0 { return (.maskOffBox, "the mask is empty") }
    // Boxes of masks are drawn a pixel more or less, and copies of other sizes are rounded.
    let tolerance = 2 + 0.02 * max(box.width, box.height)
    let distances = [
      around.x - box.x, around.y - box.y, around.x + around.width - box.x - box.width, around.y + around.height - box.y - box.height,
    ]
    guard let most = distances.map({ abs($0) }).max(), most > tolerance else { return nil }
    return (.maskOffBox, "the mask around \(text(around)) does not fit the box \(text(box))")
  }

  private static func reaches(out box: Box, of image: AnnotatedImage) -> Bool {
    box.x < -border || box.y < -border || box.x + box.width > Double(image.width) + border
      || box.y + box.height > Double(image.height) + border
  }

  static func text(_ box: Box) -> String { "[\([box.x, box.y, box.width, box.height].map(text).joined(separator: ", "))]" }

  /// A number without a needless fraction.
  static func text(_ value: Double) -> String { Int(exactly: value).map { "\($0)" } ?? "\(value)" }
}
