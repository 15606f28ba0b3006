import Foundation
import Tensors

/// Reads a folder of PASCAL VOC's XML files, one an image.
///
/// Pixels are counted from 1 and both corners belong to the box: x = xmin - 1, width = xmax - xmin + 1. What reaches out by a pixel, as
/// where a tool counts from 0, is cut off at the border. Classes come from `classes.txt` or `labels.txt` beside the files, else from the
/// files themselves in alphabetical order; ids count from 1.
final class VOCReader {
  private let files: [String]
  private let folder: String
  private var faults: [AnnotationFault] = []
  /// The names of a list, if there is one.
  private let names: [String]?
  private var set = AnnotationSet(format: .voc, images: [], categories: CategoryTable([]), instances: [])
  private var classNames: [String] = []
  private var imageFiles: [String] = []

  /// The folder of the XML files in a folder: itself, or `Annotations` in it.
  static func folder(in path: String) -> String? {
    [path, "\(path)/Annotations", "\(path)/annotations"].first { folder in
      (try? FileManager.default.contentsOfDirectory(atPath: folder))?.contains { $0.hasSuffix(".xml") } ?? false
    }
  }

  init(path: String) throws {
    if path.hasSuffix(".xml") {
      (files, folder) = ([path], URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path)
    } else {
      guard let folder = VOCReader.folder(in: path) else {
        throw LongtailError(.missingInput, "there are no XML files in \(path)", advice: "VOC keeps one for each image in Annotations/.")
      }
      self.folder = folder
      files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".xml") }.sorted().map { "\(folder)/\($0)" }
    }
    names = VOCReader.classList(beside: folder)
  }

  private static func classList(beside folder: String) -> [String]? {
    let above = URL(fileURLWithPath: folder).deletingLastPathComponent().path
    for place in [folder, above] {
      for name in ["classes.txt", "labels.txt"] {
        if let text = try? String(contentsOfFile: "\(place)/\(name)", encoding: .utf8) { return ClassList.names(text) }
      }
    }
    return nil
  }

  func read(imageFolder: String?, checksImages: Bool) throws -> AnnotationReading {
    var documents: [(file: String, document: VOCDocument)] = []
    for file in files {
      let (document, mistake) = VOCDocument.parse(try Data(contentsOf: URL(fileURLWithPath: file)))
      if let document, document.root == "annotation" {
        documents.append((file, document))
      } else {
        fault(.unreadable, file, "", document.map { "the outermost element is <\($0.root)>, not <annotation>" } ?? mistake)
      }
    }
    classNames = names ?? Set(documents.flatMap { $0.document.objects.compactMap { $0.texts["name"] } }).filter { !$0.isEmpty }.sorted()
    set.categories = CategoryTable(classNames.enumerated().map { Category(id: $0 + 1, name: $1) })
    let columns = Dictionary(classNames.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var seen: [String: String] = [:]
    for (file, document) in documents {
      let image = image(file, document)
      if let other = seen.updateValue(file, forKey: image.fileName) {
        fault(.duplicateEntry, file, "", "\(other) has the file '\(image.fileName)' too")
        continue
      }
      set.images.append(image)
      imageFiles.append(file)
      readObjects(of: document, file, columns)
    }
    var reading = AnnotationReading(set: set, faults: faults, remarks: [], imageFolder: nil)
    if checksImages { ImageFinder.check(&reading, beside: folder, folder: imageFolder) { (self.imageFiles[$0], "") } }
    if names == nil {
      reading.remarks.append("classes are the names in the files, in alphabetical order; a classes.txt beside them fixes it")
    }
    reading.addRemarks()
    return reading
  }

  private func fault(_ kind: AnnotationFault.Kind, _ file: String, _ entry: String, _ message: String) {
    faults.append(AnnotationFault(kind: kind, file: file, entry: entry, message: message))
  }

  private func image(_ file: String, _ document: VOCDocument) -> AnnotatedImage {
    let stem = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
    // Many tools write the path that the image had on somebody's machine.
    let name = document.fileName.flatMap { $0.split(whereSeparator: { "/\\".contains($0) }).last.map(String.init) } ?? ""
    var image = AnnotatedImage(id: set.images.count + 1, fileName: name.isEmpty ? stem : name, width: 0, height: 0)
    if document.sizeCount != 1 {
      fault(
        document.sizeCount == 0 ? .missingPart : .contradiction, file, "size", "there are \(document.sizeCount) <size> elements, not one")
      return image
    }
    for key in ["width", "height"] {
      guard let text = document.size[key] else {
        fault(.missingValue, file, "size", "has no <\(key)>")
        return image
      }
      guard let value = Double(text).flatMap({ Int(exactly: $0) }), value > 0, value <= 1 << 20 else {
        fault(.badValue, file, "size", "\(key) is '\(text)'")
        return image
      }
      if key == "width" { image.width = value } else { image.height = value }
    }
    return image
  }

  private func readObjects(of document: VOCDocument, _ file: String, _ columns: [String: Int]) {
    let image = set.images[set.images.count - 1]
    var seen: [String: Int] = [:]
    for (place, object) in document.objects.enumerated() {
      let name = object.texts["name"] ?? ""
      let entry = "object \(place + 1)\(name.isEmpty ? "" : " (\(name))")"
      guard !name.isEmpty else {
        fault(.missingValue, file, entry, "has no <name>")
        continue
      }
      guard let column = columns[name] else {
        fault(.unknownCategory, file, entry, "class '\(name)' is not in the list of classes")
        continue
      }
      guard let flags = flags(object, file, entry), let box = box(object, file, entry) else { continue }
      var instance = Instance(id: set.instances.count + 1, image: set.images.count - 1, category: column, box: box, flags: flags)
      if image.width > 0, image.height > 0 {
        if let problem = AnnotationChecks.problem(box, in: image) {
          fault(problem.kind, file, entry, problem.message)
          if problem.kind == .notFinite { continue }
        } else {
          instance.box = box.cut(to: image)
          instance.area = instance.box.area
        }
      }
      if let other = seen.updateValue(place + 1, forKey: "\(name) \(box)") {
        fault(.duplicateEntry, file, entry, "object \(other) has the same class and box")
      }
      set.instances.append(instance)
    }
  }

  private func flags(_ object: VOCDocument.Object, _ file: String, _ entry: String) -> Instance.Flags? {
    var flags: Instance.Flags = []
    for (name, flag) in [("difficult", Instance.Flags.difficult), ("truncated", .truncated), ("occluded", .occluded)] {
      switch object.texts[name] {
      case nil, "0", "", "Unspecified", "false", "False": continue
      case "1", "true", "True": flags.insert(flag)
      case .some(let text):
        fault(.badValue, file, entry, "\(name) is '\(text)', not 0 or 1")
        return nil
      }
    }
    return flags
  }

  private func box(_ object: VOCDocument.Object, _ file: String, _ entry: String) -> Box? {
    guard object.boxCount == 1 else {
      fault(
        object.boxCount == 0 ? .missingValue : .contradiction, file, entry,
        object.boxCount == 0 ? "has no <bndbox>" : "has \(object.boxCount) <bndbox> elements")
      return nil
    }
    var corners: [Double] = []
    for key in ["xmin", "ymin", "xmax", "ymax"] {
      guard let text = object.texts[key] else {
        fault(.missingValue, file, entry, "its box has no <\(key)>")
        return nil
      }
      guard let value = Double(text) else {
        fault(.badValue, file, entry, "\(key) is '\(text)', not a number")
        return nil
      }
      corners.append(value)
    }
    if let k = corners.firstIndex(where: { !$0.isFinite }) {
      fault(.notFinite, file, entry, "\(["xmin", "ymin", "xmax", "ymax"][k]) is \(corners[k])")
      return nil
    }
    let (x, y) = (corners[0] - 1, corners[1] - 1)
    return Box(x: x, y: y, width: corners[2] - x, height: corners[3] - y)
  }
}

/// Lists of names, one a line.
enum ClassList {
  static func names(_ text: String) -> [String] {
    var names = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    while names.last?.isEmpty == true { names.removeLast() }
    return names
  }
}

extension Box {
  /// The part inside an image.
  func cut(to image: AnnotatedImage) -> Box {
    let (left, top) = (max(0, x), max(0, y))
    let (right, bottom) = (min(Double(image.width), x + width), min(Double(image.height), y + height))
    // A box that lies inside keeps its very numbers.
    if left == x, top == y, right == x + width, bottom == y + height { return self }
    return Box(x: left, y: top, width: right - left, height: bottom - top)
  }
}
