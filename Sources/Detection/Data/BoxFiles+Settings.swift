import Datasets
import Foundation
import Settings
import Tensors

extension BoxFiles {
  /// What the configuration says.
  struct Settings: Section {
    var root: String?
    var annotations: [Split: String] = [:]
    var images: [Split: String] = [:]
    var validationShare = 0.0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey(
        "root", &root, "a folder that the other paths start from, and where annotations are looked for when none are named", .path)
      for (split, word) in [(Split.train, "training"), (.validation, "validation"), (.test, "test")] {
        var (own, folder) = (annotations[split], images[split])
        visitor.optionalKey(
          "\(split.rawValue)Annotations", &own, "annotations of the \(word) images: COCO or LVIS json, a folder of VOC xml or YOLO text",
          .notEmpty)
        visitor.optionalKey(
          "\(split.rawValue)Images", &folder, "folder of the \(word) images; looked for beside the annotations when not given", .notEmpty)
        (annotations[split], images[split]) = (own, folder)
      }
      visitor.key(
        "validationShare", &validationShare,
        "share of the training images that is held out for validation where no validation annotations are there", .between(0, below: 1))
    }
  }

  /// Its line in the registry.
  static let entry = RegistryEntry<Void, any DetectionDataset>(
    "boxes", summary: "images with boxes: COCO json, LVIS json, VOC xml or YOLO text",
    about: "What a folder holds is recognized. Boxes without extent are left out; crowds train nothing.", settings: Settings()
  ) { settings, _ in try open(settings) }

  private static func open(_ settings: Settings) throws -> BoxFiles {
    func whole(_ path: String) -> String { path.hasPrefix("/") ? path : settings.root.map { "\($0)/\(path)" } ?? path }
    var readings: [Split: AnnotationReading] = [:]
    var sources: [Split: String] = [:]
    for (split, path) in settings.annotations {
      sources[split] = whole(path)
      readings[split] = try AnnotationFormat.read(
        whole(path), imageFolder: settings.images[split].map(whole), split: split.shortName, checksImages: false)
    }
    if readings.isEmpty {
      guard let root = settings.root else {
        throw LongtailError(.usage, "data set boxes: neither root nor annotations are given", advice: "Set data.root to their folder.")
      }
      for (split, path) in try BoxFiles.recognized(root) {
        sources[split] = path
        readings[split] = try AnnotationFormat.read(
          path, imageFolder: settings.images[split].map(whole), split: split.shortName, checksImages: false)
      }
    }
    return try BoxFiles(readings, sources, imageFolders: settings.images.mapValues(whole), validationShare: settings.validationShare)
  }

  private init(
    _ readings: [Split: AnnotationReading], _ sources: [Split: String], imageFolders: [Split: String], validationShare: Double
  ) throws {
    guard let first = [Split.train, .validation, .test].compactMap({ readings[$0] }).first else {
      throw LongtailError(.missingInput, "data set boxes: there are no annotations")
    }
    // Boxes without extent, or that reach out of their image by tools' rounding, are no reason not to train.
    let table = try first.validated(forJudging: true).categories
    var parts: [Split: Part] = [:]
    for (split, reading) in readings {
      let source = sources[split] ?? ""
      let set = try reading.validated(forJudging: true).renumbered(table, source: source)
      let some = stride(from: 0, to: set.images.count, by: max(1, set.images.count / 40)).map { set.images[$0].filePath }
      let finder = ImageFinder(beside: source, folder: imageFolders[split] ?? reading.imageFolder, names: some)
      parts[split] = Part(set, finder: finder, source: source, folder: imageFolders[split])
    }
    if parts[.validation] == nil, let train = parts[.train], validationShare > 0 {
      let divided = HeldOut.divided(Array(train.paths.indices), share: validationShare) { train.set.images[$0].filePath }
      (parts[.train], parts[.validation]) = (train.selecting(divided.train), train.selecting(divided.validation))
    }
    self.init(categories: table, parts: parts)
  }

  /// The annotations of each split in a folder: JSON files by their names, the splits of a `data.yaml`, a folder of XML files for training.
  /// - Throws: `LongtailError` where nothing is recognized.
  package static func recognized(_ root: String) throws -> [Split: String] {
    guard let format = AnnotationFormat.recognize(root) else {
      throw LongtailError(
        .missingInput, "\(root): no annotations are recognized there",
        advice: "Known: COCO and LVIS json, a folder of VOC xml files, YOLO's data.yaml or a folder with labels/ and classes.txt.")
    }
    switch format {
    case .voc: return [.train: root]
    case .yolo:
      guard let file = YOLODataFile.find(in: root) else { return [.train: root] }
      let names = try YOLODataFile(contentsOf: file).splits.map(\.name)
      return Dictionary(
        names.compactMap { name in Split(argument: name).map { ($0, file) } }, uniquingKeysWith: { first, _ in first })
    case .coco, .lvis:
      let files = COCOReader.files(in: root)
      if files.count == 1 { return [.train: files[0]] }
      var found: [Split: String] = [:]
      for file in files {
        let words = ((file as NSString).lastPathComponent as NSString).deletingPathExtension.lowercased()
          .split { !$0.isLetter }.map(String.init)
        guard let split = words.lazy.compactMap(Split.init(argument:)).first else { continue }
        if let other = found.updateValue(file, forKey: split) {
          throw LongtailError(
            .usage, "\(root): both \(other) and \(file) may be the annotations of \(split.rawValue)",
            advice: "Name one as \(split.rawValue)Annotations in data.settings.")
        }
      }
      guard !found.isEmpty else {
        throw LongtailError(
          .usage, "\(root): none of its \(files.count) JSON files is called like a split", advice: "Name them in data.settings.")
      }
      return found
    }
  }
}

/// The data sets with boxes, by name. A program adds its own with `register`.
public enum DetectionDatasets {
  /// A data set that configurations can name: what it is, what it can be told, and how it is opened.
  public typealias Entry = RegistryEntry<Void, any DetectionDataset>

  /// The data sets of the house; a new one is one more line here.
  private static let list = ExtensibleList<Entry>("data set", [DrawnObjects.entry, BoxFiles.entry])

  /// The data sets, as configurations name them.
  package static let registry = Registry(list)

  /// Adds a data set with boxes of your own, which configurations then name as any other.
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun.
  public static func register(_ entry: Entry) throws { try list.register(entry) }

  /// Opens a data set.
  /// - Throws: `.usage` for unknown names and keys, with the nearest known one; what the data set throws while its files are read.
  package static func make(name: String, settings: [String: SettingValue]) throws -> any DetectionDataset {
    try registry.make(name, settings, ())
  }
}
