import Datasets
import Foundation
import Images
import Tensors

extension RecognitionDatasets {
  /// The files by which data sets are recognized, for messages.
  package static let layouts: [(name: String, files: String)] = [
    ("cifar10, cifar100", "the binary version's files, or the folder that their archive unpacks to"),
    ("idx", "train-images-idx3-ubyte and its companions, compressed or not"),
    ("list", "a list train.txt, or one whose name ends in _train.txt, with a path and a label a line"),
    ("csv", "a table train.csv, labels.csv or another single .csv, with a column of paths and one of labels"),
    ("folder", "one folder a class with images, below train (and val, test) or not"),
  ]

  /// Finds out which data set with a class an image lies at a path, by its files. Costs a few looks at folders.
  /// - Parameter path: a folder, a list or a table.
  /// - Returns: nil where none is recognized.
  /// - Throws: `.badData` and `.missingInput` for files that are recognized and cannot be used.
  package static func recognize(_ path: String) throws -> RecognizedLayout? {
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    if FileListing.isFolder(path) {
      return cifar(path) ?? idx(path) ?? lists(in: path) ?? tables(in: path) ?? folders(path)
    }
    let folder = (path as NSString).deletingLastPathComponent
    switch (path as NSString).pathExtension.lowercased() {
    case "txt": return list(folder, splits: [(.train, (path as NSString).lastPathComponent)])
    case "csv": return table(folder, "table", (path as NSString).lastPathComponent)
    default: return nil
    }
  }

  private static func cifar(_ root: String) -> RecognizedLayout? {
    CIFARFiles.Kind.allCases.first { kind in
      [root, "\(root)/\(kind.folder)"].contains { FileListing.exists("\($0)/\(kind.test)") && FileListing.exists("\($0)/\(kind.train[0])") }
    }.map { RecognizedLayout(dataset: $0.rawValue, root: root) }
  }

  private static func idx(_ root: String) -> RecognizedLayout? {
    let name = "train-images-idx3-ubyte"
    return [name, "\(name).gz"].contains { FileListing.exists("\(root)/\($0)") } ? RecognizedLayout(dataset: "idx", root: root) : nil
  }

  private static let splitWords: [(Split, [String])] = [
    (.train, ["train", "training"]), (.validation, ["val", "validation", "valid"]), (.test, ["test", "testing"]),
  ]

  /// Lists by their names: `train.txt`, or `ImageNet_LT_train.txt` beside `ImageNet_LT_val.txt`.
  private static func lists(in root: String) -> RecognizedLayout? {
    let files = entries(of: root).filter { $0.lowercased().hasSuffix(".txt") }
    func find(_ words: [String], like train: String? = nil) -> String? {
      let stems = files.filter { file in
        let stem = (file as NSString).deletingPathExtension.lowercased()
        return words.contains { stem == $0 || stem.hasSuffix("_\($0)") || stem.hasSuffix("-\($0)") }
      }
      // Of several sets in one folder, those that begin alike belong together.
      return stems.first { file in train.map { $0.prefix(3) == file.prefix(3) || stems.count == 1 } ?? true }
    }
    guard let train = find(splitWords[0].1) else { return nil }
    let splits = splitWords.compactMap { split, words in find(words, like: train).map { (split, $0) } }
    return list(root, splits: splits)
  }

  private static func list(_ root: String, splits: [(Split, String)]) -> RecognizedLayout? {
    var layout = RecognizedLayout(dataset: "list", root: root.isEmpty ? "." : root)
    guard let first = splits.first, let place = firstImage("\(layout.root)/\(first.1)", root: layout.root) else { return nil }
    layout.settings = splits.map { .init(key: $0.rawValue, value: .string($1)) }
    if !place.isEmpty { layout.settings.append(.init(key: "images", value: .string(place), remark: "the lists' paths start from here")) }
    let names = ["classes.txt", "class_names.txt"].first { FileListing.exists("\(layout.root)/\($0)") }
    if let names { layout.settings.append(.init(key: "classes", value: .string(names), remark: "names of the classes, one a line")) }
    return hold(layout, hasValidation: splits.contains { $0.0 == .validation }, hasTest: splits.contains { $0.0 == .test })
  }

  /// The folder inside the root that the paths of a list start from, empty for the root itself; nil for a text that is not a list of
  /// images.
  private static func firstImage(_ list: String, root: String) -> String? {
    guard let text = try? ListedImages.text(list), let table = try? LabelTable(list: text, file: list), let row = table.rows.first else {
      return nil
    }
    return ["", "images", "data", "train", "JPEGImages"].first {
      FileListing.exists(row.path.hasPrefix("/") ? row.path : "\(root)/\($0)/\(row.path)")
    }
  }

  private static func tables(in root: String) -> RecognizedLayout? {
    let files = entries(of: root).filter { $0.lowercased().hasSuffix(".csv") }
    if let train = files.first(where: { $0.lowercased() == "train.csv" }) { return table(root, "train", train) }
    let usual = files.first { ["labels.csv", "metadata.csv", "annotations.csv", "data.csv"].contains($0.lowercased()) }
    return (usual ?? (files.count == 1 ? files.first : nil)).flatMap { table(root, "table", $0) }
  }

  private static func table(_ root: String, _ key: String, _ file: String) -> RecognizedLayout? {
    var layout = RecognizedLayout(dataset: "csv", root: root.isEmpty ? "." : root)
    layout.settings = [.init(key: key, value: .string(file))]
    for (split, word) in [("validation", "val"), ("validation", "validation"), ("test", "test")] where key == "train" {
      let name = "\(word).csv"
      if FileListing.exists("\(layout.root)/\(name)"), !layout.settings.contains(where: { $0.key == split }) {
        layout.settings.append(.init(key: split, value: .string(name)))
      }
    }
    for place in ["", "images", "train"] {
      var found = layout
      if !place.isEmpty { found.settings.append(.init(key: "images", value: .string(place), remark: "the table's paths start from here")) }
      guard let images = try? open("csv", settings: found.registrySettings) else { continue }
      return hold(found, hasValidation: images.count(of: .validation) > 0, hasTest: images.count(of: .test) > 0)
    }
    return nil
  }

  /// Class folders: two at least with images in them, or it may be anything.
  private static func folders(_ root: String) -> RecognizedLayout? {
    guard let images = try? ClassFolders.open(root: root), images.classes.count >= 2, images.count(of: .train) > 0 else { return nil }
    return hold(
      RecognizedLayout(dataset: "folder", root: root), hasValidation: images.count(of: .validation) > 0,
      hasTest: images.count(of: .test) > 0
    )
  }

  /// Where there is nothing to judge by, some of the training images are held out.
  private static func hold(_ layout: RecognizedLayout, hasValidation: Bool, hasTest: Bool) -> RecognizedLayout {
    var layout = layout
    if !hasValidation, !hasTest {
      layout.settings.append(
        .init(key: "validationShare", value: 0.2, remark: "of the training images of each class is held out, chosen by name"))
    }
    return layout
  }

  private static func entries(of folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }
}
