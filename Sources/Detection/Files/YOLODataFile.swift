import Foundation
import Tensors
import Yams

/// A `data.yaml` of YOLO: names of classes by number, and where the images of each split are.
struct YOLODataFile {
  /// The names, from class 0.
  var names: [String] = []
  /// Splits with their folders of images, or lists of them.
  var splits: [(name: String, places: [String])] = []
  private let path: String
  /// What is wrong with it.
  var faults: [AnnotationFault] = []

  private static let usualNames = ["data.yaml", "data.yml", "dataset.yaml", "dataset.yml"]
  static let splitNames = ["train", "val", "test"]

  /// Whether a file is one: by its usual name, or by its keys.
  static func isOne(_ path: String) -> Bool {
    if usualNames.contains(URL(fileURLWithPath: path).lastPathComponent) { return true }
    guard path.hasSuffix(".yaml") || path.hasSuffix(".yml"), let text = try? String(contentsOfFile: path, encoding: .utf8),
      let mapping = try? Yams.compose(yaml: text)?.mapping
    else { return false }
    return mapping["names"] != nil && mapping["model"] == nil && ["train", "val", "test", "nc", "path"].contains { mapping[$0] != nil }
  }

  /// The file in a folder.
  static func find(in folder: String) -> String? {
    usualNames.map { "\(folder)/\($0)" }.first { FileManager.default.fileExists(atPath: $0) }
  }

  /// Reads it; what is wrong is in `faults`.
  init(contentsOf path: String) throws {
    self.path = path
    try read()
  }

  private mutating func read() throws {
    guard let text = String(validating: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self) else {
      return fault(.unreadable, "", "is not text in UTF-8")
    }
    let mapping: Node.Mapping
    do {
      guard let node = try Yams.compose(yaml: text)?.mapping else { return fault(.unreadable, "", "holds no keys") }
      mapping = node
    } catch {
      let line = (error as? YamlError).map { "\($0)".split(separator: "\n").first.map(String.init) ?? "" } ?? "\(error)"
      return fault(.unreadable, "", "is not YAML: \(line)")
    }
    readNames(mapping)
    if let count = mapping["nc"] {
      if count.int != names.count, faults.isEmpty {
        fault(.contradiction, "nc", "is \(count.string ?? "no number"), but there are \(names.count) names")
      }
    }
    let here = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
    var base = here
    if let root = mapping["path"]?.string, !root.isEmpty {
      let below = root.hasPrefix("/") ? root : "\(here)/\(root)"
      // The path is often that of the machine where the file was written.
      if FileManager.default.fileExists(atPath: below) { base = below }
    }
    for split in Self.splitNames {
      guard let node = mapping[split], node.null == nil else { continue }
      let places = node.sequence.map { $0.compactMap(\.string) } ?? [node.string ?? ""]
      let found = places.map { Self.locate($0, base) }
      for (place, path) in zip(places, found) where path == nil {
        // A split that is named and not there: for test that is common, and it is left out.
        if split != "test" { fault(.missingPart, split, "'\(place)' does not exist") }
      }
      splits.append((split, found.compactMap { $0 }))
    }
    if splits.isEmpty { fault(.missingPart, "", "names neither train, val nor test") }
  }

  private mutating func readNames(_ mapping: Node.Mapping) {
    guard let node = mapping["names"] else { return fault(.missingPart, "", "has no names") }
    if let list = node.sequence {
      names = list.enumerated().map { $1.string ?? "\($0)" }
    } else if let table = node.mapping {
      var numbered: [Int: String] = [:]
      for (key, value) in table {
        guard let number = key.int, number >= 0 else {
          return fault(.badValue, "names", "'\(key.string ?? "")' is not a class number")
        }
        numbered[number] = value.string ?? "\(number)"
      }
      guard numbered.count == (numbered.keys.max() ?? -1) + 1 else {
        return fault(.missingValue, "names", "class numbers are not 0 to \(numbered.count - 1) without gaps")
      }
      names = numbered.sorted { $0.key < $1.key }.map(\.value)
    } else {
      return fault(.badValue, "names", "is neither a list nor a table")
    }
    var seen: [String: Int] = [:]
    for (number, name) in names.enumerated() {
      if name.isEmpty { fault(.missingValue, "names", "class \(number) has no name") }
      if let other = seen.updateValue(number, forKey: name) {
        fault(.duplicateEntry, "names", "classes \(other) and \(number) are both named '\(name)'")
      }
    }
  }

  private mutating func fault(_ kind: AnnotationFault.Kind, _ entry: String, _ message: String) {
    faults.append(AnnotationFault(kind: kind, file: path, entry: entry, message: message))
  }

  /// A place of images; some tools write it relative to another folder.
  private static func locate(_ place: String, _ base: String) -> String? {
    guard !place.isEmpty else { return nil }
    var stripped = Substring(place)
    while stripped.hasPrefix("../") { stripped = stripped.dropFirst(3) }
    return (place.hasPrefix("/") ? [place] : ["\(base)/\(place)", "\(base)/\(stripped)"])
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}
