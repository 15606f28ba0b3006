/// A box by its four edges, in pixels, in float32: what detectors compute with. Four floats in memory, in this order.
public struct CornerBox: Sendable, Hashable {
  /// The smallest x.
  public var left: Float
  /// The smallest y.
  public var top: Float
  /// The largest x.
  public var right: Float
  /// The largest y.
  public var bottom: Float

  /// Creates a box from its edges.
  @inline(__always)
  public init(_ left: Float, _ top: Float, _ right: Float, _ bottom: Float) {
    (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
  }

  /// The box of an annotation; edges are computed in float64.
  public init(_ box: Box) {
    self.init(Float(box.x), Float(box.y), Float(box.x + box.width), Float(box.y + box.height))
  }

  /// As annotations write it.
  public var box: Box {
    Box(x: Double(left), y: Double(top), width: Double(right) - Double(left), height: Double(bottom) - Double(top))
  }

  /// From the left edge to the right one.
  @inline(__always) package var width: Float { right - left }
  /// From the upper edge to the lower one.
  @inline(__always) package var height: Float { bottom - top }
  /// Width times height.
  @inline(__always) package var area: Float { (right - left) * (bottom - top) }

  /// Intersection over union in torchvision's order of operations: I / (A + B - I). Not a number where both boxes are empty.
  @inline(__always)
  public func intersectionOverUnion(with other: CornerBox) -> Float {
    let across = max(0, min(right, other.right) - max(left, other.left))
    let down = max(0, min(bottom, other.bottom) - max(top, other.top))
    let intersection = across * down
    return intersection / (area + other.area - intersection)
  }

  /// The part inside an image that begins at 0, 0.
  @inline(__always)
  public func clipped(width: Float, height: Float) -> CornerBox {
    CornerBox(max(0, min(left, width)), max(0, min(top, height)), max(0, min(right, width)), max(0, min(bottom, height)))
  }
}
