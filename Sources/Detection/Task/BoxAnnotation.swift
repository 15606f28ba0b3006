import Datasets
import Images
import Tensors

/// The objects of an image, in pixels of the image as the data set has it.
public struct BoxAnnotation: Annotation, Equatable {
  /// An object.
  public struct Object: Sendable, Equatable {
    /// Its box.
    public var box: CornerBox
    /// Its class.
    public var label: Int32
    /// Whether it is marked as a crowd, or to be ignored: no network is trained on it.
    public var isCrowd: Bool

    /// Creates an object.
    public init(box: CornerBox, label: Int32, isCrowd: Bool = false) { (self.box, self.label, self.isCrowd) = (box, label, isCrowd) }
  }

  /// The objects, in the data set's order.
  public var objects: [Object]
  /// The size of the image that the boxes are of.
  public var size: ImageSize

  /// Creates an annotation.
  public init(objects: [Object], size: ImageSize) { (self.objects, self.size) = (objects, size) }

  /// 24 bytes an object.
  public var byteCount: Int { objects.count * MemoryLayout<Object>.stride }

  /// The same: boxes stay in the pixels that they were written in, so that they are scaled once, with the whole geometry.
  public func resized(to size: ImageSize) -> BoxAnnotation { self }
}
