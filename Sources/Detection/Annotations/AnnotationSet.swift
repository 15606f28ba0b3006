/// Annotated images of any format: boxes, masks, classes and flags, with ids as the files have them.
///
/// Instances are plain values; polygons and runs of all of them lie in common arrays. Cost: about 100 bytes an instance, 8 a coordinate
/// of a polygon, 4 a run of a mask, and the images' names.
public struct AnnotationSet: Sendable {
  /// The format that it was read from.
  public var format: AnnotationFormat
  /// The images, in the order of the files.
  public var images: [AnnotatedImage]
  /// The classes, by column.
  public var categories: CategoryTable
  /// What is in the images, in the order of the files.
  public var instances: [Instance]
  /// Polygons and runs.
  var outlines = OutlineStorage()

  /// Creates a set without masks.
  public init(format: AnnotationFormat, images: [AnnotatedImage], categories: CategoryTable, instances: [Instance]) {
    (self.format, self.images, self.categories, self.instances) = (format, images, categories, instances)
  }

  /// The pixels of an instance, drawn into its image's size; nil where it has no mask.
  package func mask(of instance: Instance) -> RunLengthMask? {
    let image = images[instance.image]
    return outlines.mask(instance.outline, width: image.width, height: image.height)
  }

  /// The polygons of an instance; nil where it has none, or runs instead.
  public func polygons(of instance: Instance) -> [[Double]]? { outlines.polygons(instance.outline) }

  /// Gives an instance polygons.
  package mutating func setPolygons(_ polygons: [[Double]], ofInstance place: Int) {
    instances[place].outline = outlines.append(polygons: polygons)
  }

  /// Gives an instance runs, which have to be of its image's size.
  package mutating func setMask(_ mask: RunLengthMask, ofInstance place: Int, asText: Bool = true) {
    instances[place].outline = outlines.append(runs: mask.counts, isText: asText)
  }
}

/// An image and what its file says of it.
public struct AnnotatedImage: Sendable, Hashable {
  /// The id in the file; where a format has none, the images are numbered from 1.
  public var id: Int
  /// The image's file, as the annotations name it.
  public var fileName: String
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int
  /// LVIS: columns of classes that are known to be absent.
  public var negativeCategories: [Int] = []
  /// LVIS: columns of classes of which not all instances are marked.
  public var notExhaustiveCategories: [Int] = []
  /// LVIS: the image's address; its last two parts are folder and file.
  public var address = ""

  /// Describes an image.
  public init(id: Int, fileName: String, width: Int, height: Int) {
    (self.id, self.fileName, self.width, self.height) = (id, fileName, width, height)
  }
}

/// An object in an image.
public struct Instance: Sendable, Hashable {
  /// What else is known of an object.
  public struct Flags: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8
    /// Takes bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// COCO: a crowd, marked as one region (`iscrowd`).
    public static let crowd = Flags(rawValue: 1)
    /// To be ignored by judges (`ignore`).
    public static let ignored = Flags(rawValue: 2)
    /// VOC: hard to see (`difficult`).
    public static let difficult = Flags(rawValue: 4)
    /// VOC: reaches out of the image (`truncated`).
    public static let truncated = Flags(rawValue: 8)
    /// Partly hidden (`occluded`).
    public static let occluded = Flags(rawValue: 16)
    /// Open Images: one box around several objects (`isgroupof`).
    public static let group = Flags(rawValue: 32)
  }

  /// The id in the file; where a format has none, the instances are numbered from 1.
  public var id: Int
  /// The place of its image in the set.
  public var image: Int
  /// The column of its class.
  public var category: Int
  /// Its box.
  public var box: Box
  /// Its area in pixels as the file gives it: that of the mask where there is one. Without, that of the box.
  public var area: Double
  /// What else is known of it.
  public var flags: Flags
  /// Where its polygons or runs lie.
  var outline = Outline.none

  /// Describes an object without a mask.
  public init(id: Int, image: Int, category: Int, box: Box, area: Double? = nil, flags: Flags = []) {
    (self.id, self.image, self.category, self.box, self.flags) = (id, image, category, box, flags)
    self.area = area ?? box.area
  }

  /// Whether it has polygons or runs.
  public var hasMask: Bool { outline != .none }
}
