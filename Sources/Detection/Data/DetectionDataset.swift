import Datasets
import Images
import Tensors

/// Images with boxes.
public protocol DetectionDataset: ImageDataset {
  /// The classes, by column.
  var categories: CategoryTable { get }
  /// The annotations of a split: image `k` of the set is sample `k`, and columns are the data set's.
  /// - Throws: `LongtailError` for files that cannot be read.
  func annotations(of split: Split) throws -> AnnotationSet
  /// The annotations of a split with all that is wrong with them, pictures included.
  /// - Throws: `LongtailError` for files that cannot be read.
  func examination(of split: Split) throws -> AnnotationReading
  /// The objects of a sample.
  func objects(split: Split, index: Int) throws -> BoxAnnotation
  /// The image of a sample.
  /// - Throws: `.missingInput`, `.badData` with the name of the file.
  func image(split: Split, index: Int) throws -> RGBImage
  /// What messages call a sample.
  func source(split: Split, index: Int) -> String
}

extension DetectionDataset {
  /// A colour for each class, a golden angle apart.
  public var classes: [ClassInfo] {
    categories.categories.enumerated().map { ClassInfo(name: $1.name, colour: .distinct($0), number: $1.id) }
  }

  /// Nothing is wrong with what is drawn.
  public func examination(of split: Split) throws -> AnnotationReading {
    var reading = AnnotationReading(set: try annotations(of: split), faults: [], remarks: [])
    reading.addRemarks()
    return reading
  }

  /// Image and objects.
  public func annotatedImage(split: Split, index: Int) throws -> Datasets.AnnotatedImage {
    Datasets.AnnotatedImage(
      image: try image(split: split, index: index), annotation: try objects(split: split, index: index))
  }

  /// Counts boxes, crowds apart. The image is looked at, so that one that cannot be read is found before training.
  public func count(split: Split, index: Int, into statistics: inout LabelStatistics) throws {
    let annotation = try objects(split: split, index: index)
    let size = try imageSize(split: split, index: index)
    guard size == annotation.size else {
      throw LongtailError(
        .badData, "\(source(split: split, index: index)) is \(size), but its annotations are of an image of \(annotation.size)",
        advice: "Annotate the image as it is, or bring it to that size.")
    }
    let counted = annotation.objects.filter { !$0.isCrowd }
    statistics.add(
      counts: counted.map { (class: Int($0.label), count: 1) }, ignored: annotation.objects.count - counted.count, size: size,
      source: source(split: split, index: index))
  }
}

extension AnnotationSet {
  /// The objects of each image.
  package func objectsByImage() -> [BoxAnnotation] {
    var found = images.map { BoxAnnotation(objects: [], size: ImageSize(width: $0.width, height: $0.height)) }
    for instance in instances {
      found[instance.image].objects.append(
        BoxAnnotation.Object(
          box: CornerBox(instance.box), label: Int32(instance.category),
          isCrowd: !instance.flags.isDisjoint(with: [.crowd, .ignored, .group])))
    }
    return found
  }
}
