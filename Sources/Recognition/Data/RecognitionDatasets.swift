import Datasets
import Settings
import Tensors

/// The kinds of data sets for recognition, by name.
package enum RecognitionDatasets {
  /// A kind of data set.
  package struct Entry: Sendable {
    /// Its name in configurations.
    package let name: String
    /// What it is, in a line.
    package let summary: String
    /// Its settings, with what they mean.
    package let settings: [(key: String, meaning: String)]

    let open: @Sendable (RecognitionSettings) throws -> LabelledImages
  }

  private static let splitKeys = [(Split.train, "train"), (.validation, "validation"), (.test, "test")]
  private static let root = ("root", "a folder that the other paths start from; without it they are taken as they are")
  private static let share = (
    "validationShare", "share of the training images, class by class, that is held out for validation where no such split is named"
  )
  private static let classes = (
    "classes", "names of the classes in the order of their numbers: a list, or a file with one a line; by default what the labels are"
  )

  /// All kinds.
  package static let entries: [Entry] = [
    Entry(
      name: "glyphs", summary: "drawn signs: 40 classes, long-tailed, no files",
      settings: [
        ("classes", "number of classes, 2 to 200; 40 by default"),
        ("imbalance", "images of the most frequent class over those of the rarest, 100 by default"),
        ("largest", "training images of the most frequent class, 500 by default"),
        ("validation", "validation images of each class, 20 by default"), ("test", "test images of each class, 50 by default"),
        ("seed", "what the glyphs are drawn from, 1 by default; not the run's seed"),
      ]
    ) { try GlyphDataset.open($0) },
    Entry(
      name: "folder", summary: "image files in one folder a class",
      settings: [
        ("root", "a folder with the folders train, val and test, or with the class folders of training images"),
        ("train", "folder of the training images' class folders, where it is called otherwise"),
        ("validation", "folder of the validation images' class folders"), ("test", "folder of the test images' class folders"), share,
      ]
    ) { try openFolders($0) },
    Entry(
      name: "list", summary: "image files and labels named by lists: a path, a blank and a label a line",
      settings: [
        root, ("train", "list of the training images"), ("validation", "list of the validation images"),
        ("test", "list of the test images"),
        ("images", "folder that the lists' paths start from; the root by default"), classes, share,
      ]
    ) { try openLists($0) },
    Entry(
      name: "csv", summary: "image files and labels named by tables of comma-separated values",
      settings: [
        root, ("table", "one table for all splits, with a column that tells them apart; without such a column all are training images"),
        ("train", "table of the training images"), ("validation", "table of the validation images"), ("test", "table of the test images"),
        ("images", "folder that the tables' paths start from; the root by default"),
        ("pathColumn", "heading of the paths; by default a usual one, such as path or image"),
        ("labelColumn", "heading of the labels; by default a usual one, such as label or class"),
        ("splitColumn", "heading of the splits; by default split or set, where there is one"),
        ("pathSuffix", "what is added to each path, such as .jpg"), classes, share,
      ]
    ) { try openTables($0) },
    Entry(
      name: "idx", summary: "images and labels in MNIST's format IDX, compressed by gzip or not",
      settings: [
        root, ("trainImages", "file of the training images; train-images-idx3-ubyte(.gz) in the root by default"),
        ("trainLabels", "file of the training labels; train-labels-idx1-ubyte(.gz) in the root by default"),
        ("validationImages", "file of the validation images"), ("validationLabels", "file of the validation labels"),
        ("testImages", "file of the test images; t10k-images-idx3-ubyte(.gz) in the root by default"),
        ("testLabels", "file of the test labels; t10k-labels-idx1-ubyte(.gz) in the root by default"), classes, share,
      ]
    ) { try openIDX($0) },
    Entry(
      name: "cifar10", summary: "CIFAR-10: the binary version's files, or class folders below train and test",
      settings: [("root", "folder with the files, or with the folder that their archive unpacks to"), share]
    ) { try openCIFAR(.cifar10, $0) },
    Entry(
      name: "cifar100", summary: "CIFAR-100: the binary version's files, or class folders below train and test",
      settings: [("root", "folder with the files, or with the folder that their archive unpacks to"), share]
    ) { try openCIFAR(.cifar100, $0) },
  ]

  /// Refuses an unknown kind, and settings that it does not have; no file is looked at.
  /// - Throws: `.usage` with the nearest known name.
  /// - Returns: the kind.
  @discardableResult
  package static func check(_ name: String, settings: [String: SettingValue]) throws -> Entry {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw LongtailError.unknownName("data set", name, known: entries.map(\.name))
    }
    for key in settings.keys.sorted() where !entry.settings.contains(where: { $0.key == key }) {
      throw LongtailError.unknownName("setting", key, known: entry.settings.map(\.key), at: "data set \(name)")
    }
    return entry
  }

  /// Opens a data set.
  /// - Parameters:
  ///   - name: its kind.
  ///   - settings: as the configuration has them.
  /// - Throws: `.usage` for an unknown kind or setting, `.missingInput` and `.badData` for its files.
  package static func open(_ name: String, settings: [String: SettingValue]) throws -> LabelledImages {
    let entry = try check(name, settings: settings)
    let settings = RecognitionSettings(dataset: name, values: settings)
    let images = try entry.open(settings)
    guard entry.settings.contains(where: { $0.key == share.0 }), let held = try settings.number(share.0, in: 0..<1), held > 0 else {
      return images
    }
    return try images.holdingOut(share: held)
  }

  /// What people may read about these data sets.
  package static var description: KindDescription {
    KindDescription(
      name: "dataset", summary: "what to train on", place: "Settings are keys of `data.settings`; `root` is written as `data.root`.",
      entries: entries.map { entry in
        EntryDescription(
          name: entry.name, summary: entry.summary,
          settings: SectionWriter.lines(
            of: DescribedSettings(entry.settings.map { DescribedSettings.Key(name: $0.key, meaning: $0.meaning) })))
      })
  }

  private static func place(_ settings: RecognitionSettings) throws -> (String) -> String {
    let root = try settings.text("root")
    return { path in root.map { path.hasPrefix("/") ? path : "\($0)/\(path)" } ?? path }
  }

  private static func openFolders(_ settings: RecognitionSettings) throws -> LabelledImages {
    let path = try place(settings)
    var places: [Split: String] = [:]
    for (split, key) in splitKeys { places[split] = try settings.text(key).map(path) }
    if places.isEmpty { return try ClassFolders.open(root: settings.requiredText("root")) }
    return try ClassFolders.open(name: "folder", places: places)
  }

  private static func openLists(_ settings: RecognitionSettings) throws -> LabelledImages {
    let path = try place(settings)
    var tables: [Split: LabelTable] = [:]
    var folder: String?
    for (split, key) in splitKeys {
      guard let list = try settings.text(key).map(path) else { continue }
      tables[split] = try LabelTable(list: ListedImages.text(list), file: list)
      folder = folder ?? directory(of: list)
    }
    guard !tables.isEmpty else { throw settings.wrong("train", "is missing", advice: "Name at least one list: train.") }
    let images = try settings.text("images").map(path) ?? settings.text("root") ?? folder ?? "."
    return try ListedImages.open(name: "list", tables: tables, root: images, classes: settings.classNames(path: path))
  }

  private static func openTables(_ settings: RecognitionSettings) throws -> LabelledImages {
    let path = try place(settings)
    let columns = (try settings.text("pathColumn"), try settings.text("labelColumn"), try settings.text("splitColumn"))
    func read(_ file: String) throws -> [String: LabelTable] {
      try LabelTable.tables(
        csv: ListedImages.text(file), file: file, pathColumn: columns.0, labelColumn: columns.1, splitColumn: columns.2)
    }
    var tables: [Split: LabelTable] = [:]
    var folder: String?
    if let file = try settings.text("table").map(path) {
      folder = directory(of: file)
      for (word, table) in try read(file).sorted(by: { $0.key < $1.key }) {
        guard let split = word.isEmpty ? .train : Split(argument: word) else {
          throw LongtailError(
            .badData, "\(file):\(table.rows[0].line): '\(word)' is no split", advice: "Splits are called train, val and test.")
        }
        guard tables.updateValue(table, forKey: split) == nil else {
          throw LongtailError(
            .badData, "\(file): two words stand for the \(split.rawValue) images", advice: "Write one of them everywhere.")
        }
      }
    }
    for (split, key) in splitKeys {
      guard let file = try settings.text(key).map(path) else { continue }
      guard tables[split] == nil else { throw settings.wrong(key, "is given, but the table has \(key) images too") }
      let found = try read(file)
      guard found.count == 1, let table = found.first?.value else {
        throw LongtailError(
          .badData, "\(file): it has images of several splits", advice: "Set data.settings.table to it instead of \(key).")
      }
      tables[split] = table
      folder = folder ?? directory(of: file)
    }
    guard !tables.isEmpty else { throw settings.wrong("table", "is missing", advice: "Name a table: table, or train.") }
    let images = try settings.text("images").map(path) ?? settings.text("root") ?? folder ?? "."
    return try ListedImages.open(
      name: "csv", tables: tables, root: images, suffix: settings.text("pathSuffix") ?? "", classes: settings.classNames(path: path))
  }

  private static func openIDX(_ settings: RecognitionSettings) throws -> LabelledImages {
    let path = try place(settings)
    let usual: [Split: (String, String)] = [
      .train: ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), .test: ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    ]
    func file(_ key: String, _ name: String?) throws -> String? {
      if let given = try settings.text(key) { return path(given) }
      guard let name else { return nil }
      return [name, "\(name).gz"].map(path).first(where: FileListing.exists)
    }
    var parts: [Split: LabelledImages.Part] = [:]
    for (split, key) in splitKeys {
      let images = try file("\(key)Images", usual[split]?.0)
      let labels = try file("\(key)Labels", usual[split]?.1)
      if images == nil && labels == nil { continue }
      guard let images else { throw settings.wrong("\(key)Images", "is missing, but there are labels: \(labels ?? "")") }
      guard let labels else { throw settings.wrong("\(key)Labels", "is missing, but there are images: \(images)") }
      parts[split] = try IDXFile.part(images: images, labels: labels)
    }
    guard !parts.isEmpty else {
      throw LongtailError(
        .missingInput, "data set idx: there is no train-images-idx3-ubyte in \(try settings.text("root") ?? "the working directory")",
        advice: "Set root to the folder of the files, or name them: trainImages and trainLabels.")
    }
    let count = Int(parts.values.flatMap(\.labels).max() ?? 0) + 1
    let names = try settings.classNames(path: path)
    if let names, names.count < count {
      throw settings.wrong("classes", "has \(names.count) names, but there are labels up to \(count - 1)")
    }
    return try LabelledImages(name: "idx", classes: names ?? (0..<count).map(String.init), parts: parts)
  }

  private static func openCIFAR(_ kind: CIFARFiles.Kind, _ settings: RecognitionSettings) throws -> LabelledImages {
    try CIFARFiles.open(kind, root: settings.requiredText("root"))
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

/// Settings that are described in words alone, so that a listing can show them.
private struct DescribedSettings: Section {
  /// One of them.
  struct Key: Sendable, Equatable {
    var name: String
    var meaning: String
  }

  private var keys: [Key] = []

  init() {}
  init(_ keys: [Key]) { self.keys = keys }

  mutating func visit(_ visitor: inout some KeyVisitor) {
    for key in keys {
      var value: AnySetting?
      visitor.optionalKey(key.name, &value, key.meaning)
    }
  }
}

/// A value of any kind; what a data set takes it tells itself.
private struct AnySetting: SettingConvertible {
  let setting: SettingValue
  static var expectation: String { "a value" }
  init?(setting: SettingValue) { self.setting = setting }
}
