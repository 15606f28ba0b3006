import Datasets
import Foundation
import Images
import Tensors

/// Images with annotations in files: COCO or LVIS json, VOC xml, YOLO text.
package struct BoxFiles: DetectionDataset {
  /// The samples of a split.
  struct Part: Sendable {
    /// What their files say; columns are the data set's.
    var set: AnnotationSet
    /// The file of each image.
    var paths: [String]
    /// The objects of each image.
    var objects: [BoxAnnotation]
    /// Where the annotations lie.
    var source: String
    /// The folder of the images, where one is named.
    var folder: String?

    /// Finds the files; one that is not there keeps its name, and is missed when it is read.
    init(_ set: AnnotationSet, finder: ImageFinder?, source: String, folder: String?) {
      (self.set, self.source, self.folder) = (set, source, folder)
      paths = set.images.map { finder?.path(of: $0.filePath) ?? $0.filePath }
      objects = set.objectsByImage()
    }

    private init(_ part: Part, _ kept: [Int]) {
      (set, source, folder) = (part.set.selecting(kept), part.source, part.folder)
      paths = kept.map { part.paths[$0] }
      objects = kept.map { part.objects[$0] }
    }

    /// Some of the samples, in order.
    func selecting(_ kept: [Int]) -> Part { Part(self, kept) }
  }

  /// The name in configurations.
  package let name = "boxes"
  /// The classes.
  package let categories: CategoryTable
  private let parts: [Split: Part]

  init(categories: CategoryTable, parts: [Split: Part]) { (self.categories, self.parts) = (categories, parts) }

  /// How many samples a split has.
  package func count(of split: Split) -> Int { parts[split]?.paths.count ?? 0 }

  /// The file's name without its ending.
  package func identifier(split: Split, index: Int) -> String {
    guard let part = parts[split], part.paths.indices.contains(index) else { return "\(split.rawValue) \(index)" }
    return (part.set.images[index].filePath as NSString).deletingPathExtension
  }

  /// The file's path.
  package func source(split: Split, index: Int) -> String { (try? path(split, index)) ?? "\(split.rawValue) \(index)" }

  /// What the files say.
  package func annotations(of split: Split) throws -> AnnotationSet {
    parts[split]?.set ?? AnnotationSet(format: .coco, images: [], categories: categories, instances: [])
  }

  /// Reads the files of a split again, and looks at its images. What is wrong with files that two splits share is told with the first.
  package func examination(of split: Split) throws -> AnnotationReading {
    guard let part = parts[split] else {
      return AnnotationReading(set: try annotations(of: split), faults: [], remarks: [])
    }
    let isHeldOut = split == .validation && parts[.train]?.source == part.source && parts[.train]?.set.format != .yolo
    var reading =
      isHeldOut
      ? AnnotationReading(set: part.set, faults: [], remarks: [])
      : try AnnotationFormat.read(part.source, imageFolder: part.folder, split: split.shortName)
    reading.set = part.set
    reading.remarks = []
    reading.addRemarks()
    return reading
  }

  /// What the files say of a sample.
  package func objects(split: Split, index: Int) throws -> BoxAnnotation {
    guard let part = parts[split], part.objects.indices.contains(index) else { throw missing(split, index) }
    return part.objects[index]
  }

  /// Decodes an image.
  package func image(split: Split, index: Int) throws -> RGBImage { try RGBImage(contentsOf: path(split, index)) }

  /// The size in an image's header.
  package func imageSize(split: Split, index: Int) throws -> ImageSize { try ImageSize(contentsOf: path(split, index)) }

  /// Decodes the image, and counts its boxes; crowds apart.
  package func count(split: Split, index: Int, into statistics: inout LabelStatistics) throws {
    let annotation = try objects(split: split, index: index)
    let path = try path(split, index)
    let file = try ImageFile(contentsOf: path)
    let size = ImageSize(width: file.image.width, height: file.image.height)
    guard size == annotation.size else {
      throw LongtailError(
        .badData, "\(path) is \(size), but its annotations are of an image of \(annotation.size)",
        advice: "Annotate the image as it is, or bring it to that size.")
    }
    let counted = annotation.objects.filter { !$0.isCrowd }
    statistics.add(
      counts: counted.map { (class: Int($0.label), count: 1) }, ignored: annotation.objects.count - counted.count, size: size, source: path)
    statistics.files.add(file, range: nil, source: path, index: index)
  }

  /// Files with sizes and times of change, and all boxes.
  package func fingerprint(of split: Split) throws -> [String] {
    guard let part = parts[split] else { return [] }
    return zip(part.paths, part.objects).map { path, objects in
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      let time = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
      return "\(path) \(attributes?[.size] as? Int ?? -1) \(time) \(BoxFiles.line(objects))"
    }
  }

  /// Names of files and all boxes; folders and times are those of a copy.
  package func listing(of split: Split) throws -> [String] {
    guard let part = parts[split] else { return [] }
    return zip(part.paths, part.objects).map { "\(($0 as NSString).lastPathComponent): \(BoxFiles.line($1))" }
  }

  private static func line(_ annotation: BoxAnnotation) -> String {
    annotation.objects.map { "\($0.label)@\($0.box.left),\($0.box.top),\($0.box.right),\($0.box.bottom)\($0.isCrowd ? "c" : "")" }
      .joined(separator: " ")
  }

  private func path(_ split: Split, _ index: Int) throws -> String {
    guard let part = parts[split], part.paths.indices.contains(index) else { throw missing(split, index) }
    return part.paths[index]
  }

  private func missing(_ split: Split, _ index: Int) -> LongtailError {
    LongtailError(.internalError, "data set \(name): there is no sample \(index) in \(split.rawValue)")
  }
}

extension AnnotationSet {
  /// Some of the images with what is in them, in the order given.
  package func selecting(_ kept: [Int]) -> AnnotationSet {
    let places = Dictionary(kept.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var result = self
    result.images = kept.map { images[$0] }
    result.instances = instances.compactMap { instance in
      guard let place = places[instance.image] else { return nil }
      var moved = instance
      moved.image = place
      return moved
    }
    return result
  }

  /// The same set with the columns of another table of classes.
  /// - Throws: `.badData` for a class that the other does not have.
  func renumbered(_ table: CategoryTable, source: String) throws -> AnnotationSet {
    if categories == table { return self }
    let columns = try categories.categories.map { category -> Int in
      guard let column = table.column(ofID: category.id), table[column].name == category.name else {
        throw LongtailError(
          .badData, "\(source): class \(category.id) '\(category.name)' is not a class of the training annotations",
          advice: "Splits need the same classes with the same ids.")
      }
      return column
    }
    var result = self
    result.categories = table
    for place in result.instances.indices { result.instances[place].category = columns[result.instances[place].category] }
    for place in result.images.indices {
      result.images[place].negativeCategories = result.images[place].negativeCategories.map { columns[$0] }
      result.images[place].notExhaustiveCategories = result.images[place].notExhaustiveCategories.map { columns[$0] }
    }
    return result
  }
}
