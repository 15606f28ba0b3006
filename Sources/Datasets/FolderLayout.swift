import Foundation
import Images
import Tensors

/// Recognizes images with labels of the same names, in folders as people often name them.
enum FolderLayout {
  static let description =
    "images and label PNGs of the same names, in folders such as images/ and labels/ (or masks/, annotations/), with train/ and val/ "
    + "above or below them, or train/ beside train_labels/"

  private static let imageNames = ["images", "image", "imgs", "img", "pictures", "rgb", "input", "inputs", "JPEGImages"]
  private static let labelNames = [
    "labels", "label", "masks", "mask", "annotations", "annotation", "annot", "gt", "groundtruth", "ground_truth", "targets",
    "segmentation", "SegmentationClassPNG", "SegmentationClass", "classes",
  ]
  private static let splitNames: [(split: Split, names: [String])] = [
    (.train, ["train", "training"]), (.validation, ["val", "valid", "validation"]), (.test, ["test", "testing"]),
  ]
  /// What the names of one kind often end in and the other's do not.
  private static let labelSuffixes = [
    "", "_mask", "_masks", "_label", "_labels", "_gt", "_seg", "_segmentation", "_annotation", "_L", "-mask", "_labelIds", "_lab",
  ]
  private static let imageSuffixes = ["", "_image", "_img", "_rgb", "_sat"]

  private struct Folders {
    var split: Split
    var images: String
    var labels: String
  }

  @Sendable static func recognize(_ root: String) throws -> RecognizedLayout? {
    let folders = try find(root)
    guard let first = folders.first else { return nil }
    let images = try stems(in: "\(root)/\(first.images)", FileListing.imageExtensions)
    // Labels may have the whole name of their image in front of their own ending.
    let labels = try stems(in: "\(root)/\(first.labels)", ["png"]).map { name -> String in
      let core = String(FileListing.withoutExtension(name))
      return images.contains(core) ? core : name
    }
    guard let suffixes = suffixes(images, Set(labels)) else { return nil }

    var layout = RecognizedLayout(dataset: "folder", root: root)
    for folder in folders {
      layout.settings.append(.init(key: "\(folder.split.rawValue)Images", value: .string(folder.images)))
      layout.settings.append(.init(key: "\(folder.split.rawValue)Labels", value: .string(folder.labels)))
    }
    if !folders.contains(where: { $0.split == .validation }) {
      layout.settings.append(.init(key: "validationShare", value: 0.2, remark: "of the training samples is held out, chosen by name"))
    }
    if !suffixes.image.isEmpty { layout.settings.append(.init(key: "imageSuffix", value: .string(suffixes.image))) }
    if !suffixes.label.isEmpty { layout.settings.append(.init(key: "labelSuffix", value: .string(suffixes.label))) }
    let files = try folders.flatMap { folder in
      try FileListing.files(in: "\(root)/\(folder.labels)", extensions: ["png"], suffix: suffixes.label).sorted { $0.key < $1.key }.map(
        \.value)
    }
    let survey = try LabelSurvey(of: files)
    layout.settings += try survey.settings(in: root)
    layout.notes += survey.notes(in: root)
    return layout
  }

  /// Pairs of folders, relative to the root, one for each split; training first. A pair without splits is for training.
  private static func find(_ root: String) throws -> [Folders] {
    let entries = try folders(in: root)
    func pick(_ names: [String], _ entries: [String]) -> String? {
      names.lazy.compactMap { name in entries.first { $0.lowercased() == name.lowercased() } }.first
    }
    var found: [Folders] = []
    // Exporters write the same labels in several kinds of files, each in a folder of its own.
    func pickLabels(_ entries: [String], in place: String) -> String? {
      pick(labelNames, entries.filter { FileListing.holds("\(place)/\($0)", extensions: ["png"]) }) ?? pick(labelNames, entries)
    }
    if let images = pick(imageNames, entries), let labels = pickLabels(entries, in: root) {
      // images/train with labels/train, or images with labels.
      let below = (images: try folders(in: "\(root)/\(images)"), labels: try folders(in: "\(root)/\(labels)"))
      for (split, names) in splitNames {
        if let a = pick(names, below.images), let b = pick(names, below.labels) {
          found.append(Folders(split: split, images: "\(images)/\(a)", labels: "\(labels)/\(b)"))
        }
      }
      return found.isEmpty ? [Folders(split: .train, images: images, labels: labels)] : found.first?.split == .train ? found : []
    }
    for (split, names) in splitNames {
      guard let folder = pick(names, entries) else { continue }
      let below = try folders(in: "\(root)/\(folder)")
      if let images = pick(imageNames, below), let labels = pickLabels(below, in: "\(root)/\(folder)") {
        // train/images with train/labels.
        found.append(Folders(split: split, images: "\(folder)/\(images)", labels: "\(folder)/\(labels)"))
      } else if let labels = pick(labelNames.flatMap { ["\(folder)_\($0)", "\(folder)-\($0)", "\(folder)\($0)"] }, entries) {
        // train with train_labels.
        found.append(Folders(split: split, images: folder, labels: labels))
      }
    }
    return found.first?.split == .train ? found : []
  }

  private static func folders(in place: String) throws -> [String] {
    guard FileListing.isFolder(place) else { return [] }
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
    return entries.filter { !$0.hasPrefix(".") && FileListing.isFolder("\(place)/\($0)") }.sorted()
  }

  private static func stems(in folder: String, _ extensions: [String]) throws -> Set<String> {
    Set(try FileListing.files(in: folder, extensions: extensions).keys)
  }

  /// The suffixes under which most names fit together; nil where none do.
  private static func suffixes(_ images: Set<String>, _ labels: Set<String>) -> (image: String, label: String)? {
    var best: (count: Int, image: String, label: String) = (0, "", "")
    for image in imageSuffixes {
      let cores = image.isEmpty ? images : Set(images.filter { $0.hasSuffix(image) }.map { String($0.dropLast(image.count)) })
      for label in labelSuffixes {
        let count = cores.reduce(0) { $0 + (labels.contains($1 + label) ? 1 : 0) }
        if count > best.count { best = (count, image, label) }
      }
    }
    return best.count > 0 ? (best.image, best.label) : nil
  }
}
