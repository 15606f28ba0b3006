import Foundation
import Images
import Tensors

/// Reads YOLO's text files: one an image, a line an object, `class cx cy w h` or `class x1 y1 x2 y2 x3 y3 ...`, all relative to the image's
/// size. The classes' names come from `data.yaml` or a list beside the files; the ids are the class numbers.
final class YOLOReader {
  /// An image with its labels.
  private struct Place {
    var image: String
    var labels: String
    /// The image's name in the set.
    var name: String
  }

  private let path: String
  private let split: String?
  private var faults: [AnnotationFault] = []
  private var names: [String]?
  private var set = AnnotationSet(format: .yolo, images: [], categories: CategoryTable([]), instances: [])

  private static let listNames = ["classes.txt", "labels.txt", "obj.names", "classes.names"]
  private static let imageEndings: Set<String> = ["jpg", "jpeg", "png"]

  /// Whether a folder without a `data.yaml` holds YOLO's files.
  static func hasLabels(_ path: String) -> Bool {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    if listNames.contains(where: entries.contains), entries.contains(where: { $0.hasSuffix(".txt") && !listNames.contains($0) }) {
      return true
    }
    guard entries.contains("labels"), let names = FileManager.default.enumerator(atPath: "\(path)/labels") else { return false }
    for case let name as String in names.prefix(1000) where name.hasSuffix(".txt") { return true }
    return false
  }

  init(path: String, split: String?) {
    let url = URL(fileURLWithPath: path).standardizedFileURL
    (self.path, self.split) = (url.path, split)
  }

  func read(imageFolder: String?) throws -> AnnotationReading {
    let folders = try imageFolders(imageFolder)
    var places: [Place] = []
    for folder in folders { places += try self.places(in: folder, root: path) }
    set.categories = CategoryTable((names ?? []).enumerated().map { Category(id: $0, name: $1) })
    if places.isEmpty, faults.isEmpty { fault(.missingPart, path, "", "there are no images, whose sizes YOLO's numbers are relative to") }
    let sizes = ImageFinder.concurrentMap(places.count) { [places] k in Result { try ImageSize(contentsOf: places[k].image) } }
    for (place, size) in zip(places, sizes) {
      switch size {
      case .success(let size):
        set.images.append(AnnotatedImage(id: set.images.count + 1, fileName: place.name, width: size.width, height: size.height))
        readLabels(place.labels)
      case .failure(let error):
        let reason = (error as? LongtailError)?.message ?? "\(error)"
        fault(.brokenImage, place.labels, "", "its image cannot be read: \(reason)")
      }
    }
    findLabelsWithoutImages(places)
    // Without names the numbers that occur stand for themselves.
    if names == nil { fault(.missingPart, path, "", "there are no names of classes: no data.yaml, classes.txt, labels.txt or obj.names") }
    var reading = AnnotationReading(set: set, faults: faults, remarks: [], imageFolder: folders.first)
    reading.addRemarks()
    return reading
  }

  private func fault(_ kind: AnnotationFault.Kind, _ file: String, _ entry: String, _ message: String) {
    faults.append(AnnotationFault(kind: kind, file: file, entry: entry, message: message))
  }

  // MARK: Files

  private func imageFolders(_ given: String?) throws -> [String] {
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    if let file = isFolder.boolValue ? YOLODataFile.find(in: path) : path {
      let data = try YOLODataFile(contentsOf: file)
      faults += data.faults
      // A list of names that could not be read is named already.
      names = data.names.isEmpty && data.faults.isEmpty ? nil : data.names
      if let split, !data.splits.contains(where: { $0.name == split }), data.faults.isEmpty {
        throw LongtailError(
          .missingInput, "\(file) names no split '\(split)'", advice: "It names \(data.splits.map(\.name).joined(separator: ", ")).")
      }
      if let given { return [given] }
      return data.splits.filter { split == nil || $0.name == split }.flatMap(\.places)
    }
    let above = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let lists = [path, "\(path)/labels", above].flatMap { folder in Self.listNames.map { "\(folder)/\($0)" } }
    if let list = lists.first(where: { FileManager.default.fileExists(atPath: $0) }) {
      if let text = String(validating: (try? Data(contentsOf: URL(fileURLWithPath: list))) ?? Data(), as: UTF8.self) {
        let found = ClassList.names(text)
        names = found
        checkNames(found, list)
      } else {
        fault(.unreadable, list, "", "is not text in UTF-8")
        names = []
      }
    }
    if let given { return [given] }
    return [FileManager.default.fileExists(atPath: "\(path)/images") ? "\(path)/images" : path]
  }

  private func checkNames(_ names: [String], _ file: String) {
    var seen: [String: Int] = [:]
    for (number, name) in names.enumerated() {
      if name.isEmpty {
        fault(.missingValue, file, "line \(number + 1)", "class \(number) has no name")
      } else if let other = seen.updateValue(number, forKey: name) {
        fault(.duplicateEntry, file, "line \(number + 1)", "classes \(other) and \(number) are both named '\(name)'")
      }
    }
  }

  /// Images below a folder, or of a list, in the order of their names.
  private func places(in folder: String, root: String) throws -> [Place] {
    var files: [String] = []
    if folder.hasSuffix(".txt") {
      let base = URL(fileURLWithPath: folder).deletingLastPathComponent().path
      files = ClassList.names(try String(contentsOfFile: folder, encoding: .utf8)).filter { !$0.isEmpty }.map {
        $0.hasPrefix("/") ? $0 : "\(base)/\($0.hasPrefix("./") ? String($0.dropFirst(2)) : $0)"
      }
      for file in files where !FileManager.default.fileExists(atPath: file) {
        fault(.missingImage, folder, file, "there is no such image")
      }
      files = files.filter { FileManager.default.fileExists(atPath: $0) }
    } else {
      for case let name as String in FileManager.default.enumerator(atPath: folder) ?? FileManager.DirectoryEnumerator()
      where Self.imageEndings.contains(URL(fileURLWithPath: name).pathExtension.lowercased()) {
        files.append("\(folder)/\(name)")
      }
      files.sort()
    }
    return files.map { file in
      let name = file.hasPrefix(root + "/") ? String(file.dropFirst(root.count + 1)) : file
      return Place(image: file, labels: Self.labels(of: file), name: name)
    }
  }

  /// The text file of an image: `labels` instead of the last `images` of its path, or the same folder.
  private static func labels(of image: String) -> String {
    var stem = URL(fileURLWithPath: image).deletingPathExtension().path
    if let range = stem.range(of: "/images/", options: .backwards) { stem.replaceSubrange(range, with: "/labels/") }
    return stem + ".txt"
  }

  private func findLabelsWithoutImages(_ places: [Place]) {
    let known = Set(places.map(\.labels))
    let folders = Set(known.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path })
    for folder in folders.sorted() {
      let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
      let lists = Self.listNames + ["train.txt", "val.txt", "test.txt"]
      for name in names where name.hasSuffix(".txt") && !lists.contains(name) && !known.contains("\(folder)/\(name)") {
        if name.lowercased().hasPrefix("readme") { continue }
        fault(.missingImage, "\(folder)/\(name)", "", "there is no image of this name")
      }
    }
  }

  // MARK: Lines

  private func readLabels(_ file: String) {
    // An image without a file has no objects.
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: file)) else { return }
    guard let text = String(validating: data, as: UTF8.self), !text.contains("\0") else {
      return fault(.unreadable, file, "", "is not text in UTF-8")
    }
    var seen: [String: Int] = [:]
    for (place, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace)
      if words.isEmpty { continue }
      let entry = "line \(place + 1)"
      guard let instance = instance(words, file, entry) else { continue }
      if let other = seen.updateValue(place + 1, forKey: words.joined(separator: " ")) {
        fault(.duplicateEntry, file, entry, "line \(other) is the same")
      }
      set.instances.append(instance)
    }
  }

  private func instance(_ words: [Substring], _ file: String, _ entry: String) -> Instance? {
    func wrong(_ kind: AnnotationFault.Kind, _ message: String) -> Instance? {
      fault(kind, file, entry, message)
      return nil
    }
    guard words.count == 5 || (words.count >= 7 && words.count % 2 == 1) else {
      return wrong(.badValue, "has \(words.count) numbers: a box has 5, a polygon 7, 9, 11 or more")
    }
    guard let number = Int(words[0]) ?? Double(words[0]).flatMap({ Int(exactly: $0) }) else {
      return wrong(.badValue, "class '\(words[0])' is not a whole number")
    }
    var column = 0
    if let names, !names.isEmpty {
      guard names.indices.contains(number) else {
        return wrong(.unknownCategory, "there is no class \(number), but 0 to \(names.count - 1)")
      }
      column = number
    }
    var values: [Double] = []
    for word in words.dropFirst() {
      guard let value = Double(word) else { return wrong(.badValue, "'\(word)' is not a number") }
      guard value.isFinite else { return wrong(.notFinite, "\(word) is not finite") }
      values.append(value)
    }
    if let large = values.first(where: { abs($0) > 2 }) {
      return wrong(.outside, "\(AnnotationChecks.text(large)) is not relative to the image's size: numbers go from 0 to 1")
    }
    let image = set.images[set.images.count - 1]
    var instance = Instance(
      id: set.instances.count + 1, image: set.images.count - 1, category: column, box: Self.box(values, image))
    if let problem = AnnotationChecks.problem(instance.box, in: image) { return wrong(problem.kind, problem.message) }
    instance.box = instance.box.cut(to: image)
    instance.area = instance.box.area
    if values.count > 4 {
      let corners = values.enumerated().map { $1 * Double($0 % 2 == 0 ? image.width : image.height) }
      instance.outline = set.outlines.append(polygons: [corners])
      instance.area = Self.area(corners)
    }
    // Without a list of names no class can be looked up.
    return names?.isEmpty ?? true ? nil : instance
  }

  /// The box of a line in pixels: its four numbers, or around its polygon.
  private static func box(_ values: [Double], _ image: AnnotatedImage) -> Box {
    let (width, height) = (Double(image.width), Double(image.height))
    if values.count == 4 {
      let size = (width: values[2] * width, height: values[3] * height)
      return Box(x: values[0] * width - size.width / 2, y: values[1] * height - size.height / 2, width: size.width, height: size.height)
    }
    let xs = stride(from: 0, to: values.count, by: 2).map { values[$0] * width }
    let ys = stride(from: 1, to: values.count, by: 2).map { values[$0] * height }
    let (left, top) = (xs.min() ?? 0, ys.min() ?? 0)
    return Box(x: left, y: top, width: (xs.max() ?? 0) - left, height: (ys.max() ?? 0) - top)
  }

  /// The area of a polygon.
  private static func area(_ corners: [Double]) -> Double {
    var twice = 0.0
    for k in stride(from: 0, to: corners.count, by: 2) {
      let next = (k + 2) % corners.count
      twice += corners[k] * corners[next + 1] - corners[next] * corners[k + 1]
    }
    return abs(twice) / 2
  }
}
