/// A box in pixels: its top left corner, its width and its height, as COCO writes them.
public struct Box: Sendable, Hashable {
  /// The left edge.
  public var x: Double
  /// The upper edge.
  public var y: Double
  /// From the left edge to the right one.
  public var width: Double
  /// From the upper edge to the lower one.
  public var height: Double

  /// Creates a box.
  public init(x: Double, y: Double, width: Double, height: Double) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  /// Width times height.
  @inlinable public var area: Double { width * height }

  /// Whether all four numbers are finite.
  package var isFinite: Bool { x.isFinite && y.isFinite && width.isFinite && height.isFinite }

  /// Intersection over union, in the order of operations of the COCO API; over this box's own area where the other one is a crowd.
  @inlinable
  public func intersectionOverUnion(with other: Box, isCrowd: Bool = false) -> Double {
    let w = min(width + x, other.width + other.x) - max(x, other.x)
    if w <= 0 { return 0 }
    let h = min(height + y, other.height + other.y) - max(y, other.y)
    if h <= 0 { return 0 }
    let intersection = w * h
    return intersection / (isCrowd ? area : area + other.area - intersection)
  }
}
