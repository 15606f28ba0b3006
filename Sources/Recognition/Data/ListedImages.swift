import Datasets
import Foundation
import Images
import Tensors

/// Image files that lists or tables name with their labels, as ImageNet-LT, Places-LT and iNaturalist publish theirs.
enum ListedImages {
  /// Opens one table a split.
  ///
  /// Labels of all splits are read by the classes that they have in common: given names, or what the labels of all splits are.
  /// - Parameters:
  ///   - tables: paths and labels of each split.
  ///   - root: the folder that the paths start from.
  ///   - suffix: what is added to each path.
  ///   - classes: the names of the classes; nil takes them from the labels.
  /// - Throws: `.badData` for a label that is not a class or an image named twice; `.missingInput` where no file of a split is there.
  static func open(
    name: String, tables: [Split: LabelTable], root: String, suffix: String = "", classes: [String]?
  ) throws -> LabelledImages {
    let splits = tables.keys.sorted { $0.rawValue < $1.rawValue }
    // Labels of all splits at once, so that one split alone does not decide how many classes there are.
    let known = try classes ?? commonClasses(tables)
    var parts: [Split: LabelledImages.Part] = [:]
    for split in splits {
      guard let table = tables[split] else { continue }
      let labels = try table.labels(classes: known).labels
      let names = table.rows.map { $0.path + suffix }
      let paths = names.map { $0.hasPrefix("/") ? $0 : "\(root)/\($0)" }
      try requireFirst(paths, table: table)
      parts[split] = LabelledImages.Part(source: FileSource(paths: paths), names: names, labels: labels)
    }
    var images = try LabelledImages(name: name, classes: known, parts: parts)
    let empty = images.classCounts(of: .train).enumerated().filter { $0.element == 0 }.map { known[$0.offset] }
    if !empty.isEmpty, images.count(of: .train) > 0 {
      images.remarks.append(
        "\(empty.count) of \(known.count) classes have no training image, such as \(empty[0]): labels are taken as numbers of classes from 0"
      )
    }
    return images
  }

  private static func commonClasses(_ tables: [Split: LabelTable]) throws -> [String] {
    let found = try tables.sorted { $0.key.rawValue < $1.key.rawValue }.map { try $0.value.labels(classes: nil).classes }
    let areNumbers = found.map { $0.allSatisfy { Int($0) != nil } }
    if areNumbers.allSatisfy(\.self) { return found.max { $0.count < $1.count } ?? [] }
    guard !areNumbers.contains(true) else {
      let places = tables.values.compactMap { table in
        table.firstName.map { "\(table.file):\($0.line): label '\($0.label)' is a name" }
      }
      let others = tables.values.filter { $0.firstName == nil }.map(\.file).sorted().joined(separator: ", ")
      throw LongtailError(
        .badData, "\(places.sorted().first ?? ""), but those of \(others) are numbers",
        advice: "Write them in one way, or give the names of the classes in data.settings.classes.")
    }
    return Array(Set(found.joined())).sorted()
  }

  /// All files are looked at when they are read; where not even the first is there, the folder is wrong.
  private static func requireFirst(_ paths: [String], table: LabelTable) throws {
    guard let first = paths.first, !FileListing.exists(first), !paths.prefix(50).contains(where: FileListing.exists) else { return }
    throw LongtailError(
      .missingInput, "\(table.file):\(table.rows[0].line): \(first) is not there",
      advice: "Paths in the list start from data.settings.root, or else from the list's own folder.")
  }

  /// The names of classes in a file, one a line in the order of their numbers.
  static func classNames(_ path: String) throws -> [String] {
    let text = try text(path)
    let names = text.split(whereSeparator: \.isNewline).map { String(LabelTable.trimmed($0)) }.filter { !$0.isEmpty }
    guard !names.isEmpty else { throw LongtailError(.badData, "\(path): no class names in it") }
    return names
  }

  /// The content of a text file in UTF-8.
  static func text(_ path: String) throws -> String {
    let bytes = try CompressedFile.read(path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw LongtailError(.badData, "\(path): not a text file in UTF-8")
    }
    return text
  }
}
