import Datasets
import Foundation
import Images
import Tensors

/// Image files in one folder a class: `train/cat/1.jpg`.
enum ClassFolders {
  /// Names that splits' folders may have.
  private static let folders: [(Split, [String])] = [
    (.train, ["train", "training"]), (.validation, ["val", "validation", "valid"]), (.test, ["test", "testing"]),
  ]

  /// Opens `root/SPLIT/CLASS/…`, or `root/CLASS/…` as training images where no folder is called like a split.
  ///
  /// Classes are the folders of the training images, in the order of their names (bytes), as in torchvision; files are those below them, in
  /// the order of their paths.
  /// - Throws: `.missingInput` where there is no such folder, `.badData` where a class has no image or a split has a class of its own.
  static func open(name: String = "folder", root: String) throws -> LabelledImages {
    guard FileListing.isFolder(root) else { throw LongtailError(.missingInput, "\(root): there is no such folder") }
    var places: [Split: String] = [:]
    for (split, names) in folders {
      let found = names.filter { FileListing.isFolder("\(root)/\($0)") }
      if found.count > 1 {
        throw LongtailError(.badData, "\(root): both \(found[0]) and \(found[1]) may be its \(split.rawValue) images")
      }
      if let folder = found.first { places[split] = "\(root)/\(folder)" }
    }
    if places.isEmpty { places[.train] = root }
    return try open(name: name, places: places)
  }

  /// Opens one folder a split.
  static func open(name: String, places: [Split: String]) throws -> LabelledImages {
    guard let train = places[.train] ?? places[.validation] ?? places[.test] else {
      throw LongtailError(.usage, "data set \(name): no folder is named")
    }
    let classes = try subfolders(train)
    guard !classes.isEmpty else {
      throw LongtailError(.badData, "\(train): no folders in it", advice: "Images lie in one folder a class, such as \(train)/cat/1.jpg.")
    }
    var parts: [Split: LabelledImages.Part] = [:]
    for (split, place) in places.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      parts[split] = try part(place, classes: classes, isTrain: split == .train, train: train)
    }
    return try LabelledImages(name: name, classes: classes, parts: parts)
  }

  private static func part(_ place: String, classes: [String], isTrain: Bool, train: String) throws -> LabelledImages.Part {
    let own = try subfolders(place)
    if let other = own.first(where: { !classes.contains($0) }) {
      throw LongtailError(
        .badData, "\(place)/\(other): there is no class '\(other)' among the training images in \(train)",
        advice: nearest(other, among: classes).map { "Did you mean '\($0)'?" })
    }
    let stray = try FileManager.default.contentsOfDirectory(atPath: place).sorted().first { entry in
      !entry.hasPrefix(".") && FileListing.imageExtensions.contains((entry as NSString).pathExtension.lowercased())
        && !FileListing.isFolder("\(place)/\(entry)")
    }
    if let stray {
      throw LongtailError(
        .badData, "\(place)/\(stray): an image outside the class folders", advice: "Move it into its class's folder, or away.")
    }
    var names: [String] = []
    var labels: [Int32] = []
    for (label, folder) in classes.enumerated() where own.contains(folder) {
      let files = try FileListing.walk("\(place)/\(folder)", below: "", extensions: FileListing.imageExtensions, depth: 0)
      if files.isEmpty && isTrain {
        throw LongtailError(
          .badData, "\(place)/\(folder): no images in it", advice: "Images end in .png, .jpg or .jpeg; an empty class folder must go.")
      }
      names += files.map { "\(folder)/\($0)" }
      labels += files.map { _ in Int32(label) }
    }
    return LabelledImages.Part(source: FileSource(paths: names.map { "\(place)/\($0)" }), names: names, labels: labels)
  }

  private static func subfolders(_ place: String) throws -> [String] {
    let entries: [String]
    do { entries = try FileManager.default.contentsOfDirectory(atPath: place) } catch {
      throw LongtailError(.missingInput, "\(place): the folder cannot be listed: \(error.localizedDescription)")
    }
    return entries.filter { !$0.hasPrefix(".") && FileListing.isFolder("\(place)/\($0)") }.sorted()
  }
}
