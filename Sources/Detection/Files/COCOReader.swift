import Foundation
import Tensors

/// Reads COCO and LVIS json in one pass. Ids are resolved at the end, since any part may come first.
///
/// Cost: the file in memory while it is read, and the set; about 0.3 s for a hundred thousand boxes.
final class COCOReader {
  let path: String
  /// Whether LVIS' rules hold; nil until the file shows it.
  var isLVIS: Bool?
  var set = AnnotationSet(format: .coco, images: [], categories: CategoryTable([]), instances: [])
  var faults: [AnnotationFault] = []

  /// An annotation whose image and class are still ids, with its place in the file.
  struct Entry {
    var place: Int
    var instance: Instance
    /// The size that a run-length mask says it has.
    var maskSize: (height: Int, width: Int)?
  }

  /// LVIS' lists of an image as ids.
  struct ImageLists {
    var place: Int
    var negative: [Int]?
    var notExhaustive: [Int]?
  }

  var entries: [Entry] = []
  var categories: [Category] = []
  var lists: [ImageLists] = []
  private var imagePlaces: [Int] = []
  /// Whether there are images without an id that can be used: annotations may be theirs, and are not blamed for it. Classes alike.
  private(set) var hasNamelessImages = false
  private(set) var hasNamelessCategories = false
  /// What is wrong with the entry that is being read.
  var problems: [AnnotationChecks.Problem] = []
  private var section = ""
  private var place = 0
  private var parts: Set<String> = []

  /// JSON files in a folder, or in `annotations/` below it.
  static func files(in folder: String) -> [String] {
    [folder, "\(folder)/annotations"].lazy.map { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".json") }.sorted().map {
        "\(folder)/\($0)"
      }
    }.first { !$0.isEmpty } ?? []
  }

  /// The file that a path means: itself, or the only one in a folder.
  static func file(in path: String) throws -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else { return path }
    let files = files(in: path)
    guard files.count == 1 else {
      throw LongtailError(
        .usage, "\(path) holds \(files.count) JSON files",
        advice: files.isEmpty ? nil : "Name one of them: \(files.joined(separator: ", ")).")
    }
    return files[0]
  }

  init(path: String, isLVIS: Bool?) { (self.path, self.isLVIS) = (path, isLVIS) }

  func read(imageFolder: String?, checksImages: Bool) throws -> AnnotationReading {
    try JSONText.scan(path, place: { self.section.isEmpty ? "" : "\(self.section)[\(self.place)]" }) { try scan(&$0) }
    for part in ["images", "annotations", "categories"] where !parts.contains(part) {
      fault(.missingPart, "", "there is no list '\(part)'")
      noteNameless(part)
    }
    resolve()
    var reading = AnnotationReading(set: set, faults: faults, remarks: [], imageFolder: nil)
    if checksImages {
      ImageFinder.check(&reading, beside: path, folder: imageFolder) { image in
        (self.path, self.label("images", self.imagePlaces[image], id: self.set.images[image].id))
      }
    }
    reading.addRemarks()
    return reading
  }

  // MARK: Parts

  private func scan(_ scanner: inout JSONScanner) throws {
    guard try scanner.kind() == .object else { throw scanner.mistake("expected an object with images, annotations and categories") }
    try scanner.object { scanner, key in
      switch key {
      case "images": try list("images", &scanner) { try self.scanImage(&$0, $1) }
      case "annotations": try list("annotations", &scanner) { try self.scanAnnotation(&$0, $1) }
      case "categories": try list("categories", &scanner) { try self.scanCategory(&$0, $1) }
      default: try scanner.skip()
      }
    }
  }

  private func list(_ name: String, _ scanner: inout JSONScanner, _ element: (inout JSONScanner, Int) throws -> Void) throws {
    parts.insert(name)
    guard try scanner.kind() == .list else {
      fault(.badValue, "", "'\(name)' is not a list")
      noteNameless(name)
      return try scanner.skip()
    }
    section = name
    try scanner.list { scanner, place in
      self.place = place
      guard try scanner.kind() == .object else {
        fault(.badValue, "\(name)[\(place)]", "is not an object")
        noteNameless(name)
        return try scanner.skip()
      }
      try element(&scanner, place)
    }
    section = ""
  }

  func fault(_ kind: AnnotationFault.Kind, _ entry: String, _ message: String) {
    faults.append(AnnotationFault(kind: kind, file: path, entry: entry, message: message))
  }

  private func noteNameless(_ part: String) {
    if part == "images" { hasNamelessImages = true }
    if part == "categories" { hasNamelessCategories = true }
  }

  func problem(_ kind: AnnotationFault.Kind, _ message: String) { problems.append((kind, message)) }

  /// Hands over what was wrong with an entry.
  /// - Returns: whether anything was.
  @discardableResult
  func report(_ section: String, _ place: Int, id: Int?) -> Bool {
    if problems.isEmpty { return false }
    for problem in problems { fault(problem.kind, label(section, place, id: id), problem.message) }
    problems.removeAll(keepingCapacity: true)
    return true
  }

  func label(_ section: String, _ place: Int, id: Int?) -> String { "\(section)[\(place)]\(id.map { " (id \($0))" } ?? "")" }

  private func scanImage(_ scanner: inout JSONScanner, _ place: Int) throws {
    var image = AnnotatedImage(id: 0, fileName: "", width: 0, height: 0)
    var (id, width, height): (Int?, Int?, Int?)
    var (sawID, sawWidth, sawHeight) = (false, false, false)
    var own = ImageLists(place: place)
    try scanner.object { scanner, key in
      switch key {
      case "id": (id, sawID) = (try self.whole("id", &scanner), true)
      case "width": (width, sawWidth) = (try self.whole("width", &scanner), true)
      case "height": (height, sawHeight) = (try self.whole("height", &scanner), true)
      case "file_name": image.fileName = try self.text("file_name", &scanner)
      case "coco_url": image.address = try self.text("coco_url", &scanner)
      case "neg_category_ids": own.negative = try self.wholes("neg_category_ids", &scanner)
      case "not_exhaustive_category_ids": own.notExhaustive = try self.wholes("not_exhaustive_category_ids", &scanner)
      default: try scanner.skip()
      }
    }
    if !sawID { problem(.missingValue, "has no id") }
    if !sawWidth { problem(.missingValue, "has no width") }
    if !sawHeight { problem(.missingValue, "has no height") }
    let wrong = [("width", width), ("height", height)].first { $1.map { $0 <= 0 || $0 > 1 << 20 } == true }
    if let (name, value) = wrong, let value {
      problem(.badValue, "\(name) is \(value)")
    } else if let width, let height, width * height > RunLengthMask.pixelLimit {
      problem(.badValue, "\(width)x\(height) is more than 2^31 pixels")
    }
    if own.negative != nil || own.notExhaustive != nil, isLVIS == nil { isLVIS = true }
    if image.fileName.isEmpty, image.address.isEmpty, problems.isEmpty { problem(.unnamedImage, "has neither file_name nor coco_url") }
    // An image of which only the size is wrong is still known, or all its annotations would be wrong as well.
    let isWrong = report("images", place, id: id)
    guard let id else { return noteNameless("images") }
    image.id = id
    (image.width, image.height) = isWrong ? (width.map { max(0, $0) } ?? 0, height.map { max(0, $0) } ?? 0) : (width ?? 0, height ?? 0)
    set.images.append(image)
    imagePlaces.append(place)
    lists.append(own)
  }

  private func scanCategory(_ scanner: inout JSONScanner, _ place: Int) throws {
    var category = Category(id: 0, name: "")
    var (id, sawID): (Int?, Bool) = (nil, false)
    try scanner.object { scanner, key in
      switch key {
      case "id": (id, sawID) = (try self.whole("id", &scanner), true)
      case "name": category.name = try self.text("name", &scanner)
      case "supercategory": category.supercategory = try self.text("supercategory", &scanner)
      case "synset": category.synset = try self.text("synset", &scanner)
      case "image_count": category.imageCount = try self.whole("image_count", &scanner)
      case "instance_count": category.instanceCount = try self.whole("instance_count", &scanner)
      case "frequency":
        let text = try self.text("frequency", &scanner)
        category.frequency = Category.Frequency(rawValue: text)
        if category.frequency == nil, self.problems.isEmpty { self.problem(.badValue, "frequency is '\(text)', not r, c or f") }
      default: try scanner.skip()
      }
    }
    if !sawID { problem(.missingValue, "has no id") }
    if category.name.isEmpty, problems.isEmpty { problem(.missingValue, "has no name") }
    let isWrong = report("categories", place, id: id)
    guard let id else { return noteNameless("categories") }
    category.id = id
    if category.name.isEmpty { category.name = "\(id)" }
    if isWrong, category.frequency == nil { category.frequency = .rare }
    categories.append(category)
  }
}
