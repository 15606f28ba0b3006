import Foundation

/// How boxes follow their image when it is resized, cut, padded and flipped: in this order, as the image itself is.
///
/// A box that nothing is left of is dropped, and one of which less than `minimumShare` of its area or less than `minimumSide` pixels along
/// a side is left. Factors are float32 quotients of sizes, as in torchvision.
package struct BoxGeometry: Sendable, Equatable {
  /// Columns and rows of the image that the boxes are of.
  package var source: (width: Int, height: Int)
  /// Columns and rows after resizing.
  package var scaled: (width: Int, height: Int)
  /// The first column and row of the cut in the resized image; negative where the result begins with padding.
  package var origin: (x: Int, y: Int) = (0, 0)
  /// Columns and rows of the result.
  package var size: (width: Int, height: Int)
  /// Whether left and right change places at the end.
  package var isFlipped = false
  /// The least share of a box's area that has to be left by a cut.
  package var minimumShare: Float = 0.25
  /// The least side of what is left, in pixels of the result.
  package var minimumSide: Float = 1

  /// Only resizes.
  package init(from source: (width: Int, height: Int), to scaled: (width: Int, height: Int)) {
    (self.source, self.scaled, size) = (source, scaled, scaled)
  }

  /// Compares all numbers.
  package static func == (a: BoxGeometry, b: BoxGeometry) -> Bool {
    a.source == b.source && a.scaled == b.scaled && a.origin == b.origin && a.size == b.size && a.isFlipped == b.isFlipped
      && a.minimumShare == b.minimumShare && a.minimumSide == b.minimumSide
  }

  private var factors: (x: Float, y: Float) {
    (Float(scaled.width) / Float(source.width), Float(scaled.height) / Float(source.height))
  }

  /// The box in the result; nil where it is dropped.
  package func apply(_ box: CornerBox) -> CornerBox? {
    let factors = factors
    var moved = CornerBox(box.left * factors.x, box.top * factors.y, box.right * factors.x, box.bottom * factors.y)
    if origin.x != 0 || origin.y != 0 {
      let (x, y) = (Float(origin.x), Float(origin.y))
      moved = CornerBox(moved.left - x, moved.top - y, moved.right - x, moved.bottom - y)
    }
    let (width, height) = (Float(size.width), Float(size.height))
    var kept = moved.clipped(width: width, height: height)
    guard kept.right > kept.left, kept.bottom > kept.top else { return nil }
    // A small object that is whole stays: only what a cut leaves over is judged.
    if kept != moved && (kept.area < minimumShare * moved.area || min(kept.width, kept.height) < minimumSide) { return nil }
    if isFlipped { kept = CornerBox(width - kept.right, kept.top, width - kept.left, kept.bottom) }
    return kept
  }

  /// A box of the result in pixels of the image that it came from: what predictions are written as.
  package func invert(_ box: CornerBox) -> CornerBox {
    var moved = box
    if isFlipped { moved = CornerBox(Float(size.width) - box.right, box.top, Float(size.width) - box.left, box.bottom) }
    let (x, y) = (Float(origin.x), Float(origin.y))
    if x != 0 || y != 0 { moved = CornerBox(moved.left + x, moved.top + y, moved.right + x, moved.bottom + y) }
    let factors = (x: Float(source.width) / Float(scaled.width), y: Float(source.height) / Float(scaled.height))
    return CornerBox(moved.left * factors.x, moved.top * factors.y, moved.right * factors.x, moved.bottom * factors.y)
  }

  /// The size that detectors bring an image to: its shorter side becomes `shorter`, unless its longer one would exceed `longer`. Rounded
  /// down.
  package static func preparedSize(width: Int, height: Int, shorter: Int, longer: Int) -> (width: Int, height: Int) {
    let scale = min(Double(shorter) / Double(min(width, height)), Double(longer) / Double(max(width, height)))
    return (max(1, Int((Double(width) * scale).rounded(.down))), max(1, Int((Double(height) * scale).rounded(.down))))
  }
}
