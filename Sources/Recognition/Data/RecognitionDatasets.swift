import Datasets
import Settings
import Tensors

/// The kinds of data sets with a class for every image, by name. A program adds its own with `register`.
public enum RecognitionDatasets {
  /// A data set that configurations can name: what it is, what it can be told, and how it is opened.
  public typealias Entry = RegistryEntry<Void, LabelledImages>

  private static let splitKeys = [(Split.train, "train"), (.validation, "validation"), (.test, "test")]

  /// The kinds of the house; a new one is one more entry here.
  private static let list = ExtensibleList<Entry>(
    "data set",
    [
      entry(
        "glyphs", "drawn signs: 40 classes, long-tailed, no files",
        "Strokes under random maps with clutter and occlusion, 32x32; an image is a function of the seed.", nil, GlyphSettings()
      ) { try GlyphDataset.open($0) },
      entry(
        "folder", "image files in one folder a class", "The names of the folders are those of the classes.", nil, ClassFolderSettings()
      ) { try openFolders($0) },
      entry(
        "list", "image files and labels named by lists: a path, a blank and a label a line",
        "As ImageNet-LT, Places-LT and iNaturalist publish theirs.", nil, ImageListSettings()
      ) { try openLists($0) },
      entry(
        "csv", "image files and labels named by tables of comma-separated values",
        "One table for all splits, or one for each.", nil, ImageTableSettings()
      ) { try openTables($0) },
      entry(
        "idx", "images and labels in MNIST's format IDX, compressed by gzip or not",
        "MNIST, Fashion-MNIST, KMNIST and whatever else comes in four files of this kind.", nil, IDXSettings()
      ) { try openIDX($0) },
      entry(
        "cifar10", "CIFAR-10: the binary version's files, or class folders below train and test",
        "50,000 training and 10,000 test images of 10 classes, 32x32.", "Krizhevsky, 2009", CIFARSettings()
      ) { try openCIFAR(.cifar10, $0) },
      entry(
        "cifar100", "CIFAR-100: the binary version's files, or class folders below train and test",
        "50,000 training and 10,000 test images of 100 classes, 32x32.", "Krizhevsky, 2009", CIFARSettings()
      ) { try openCIFAR(.cifar100, $0) },
    ])

  /// All kinds, as configurations name them.
  package static let registry = Registry(list)

  /// Adds a data set with a class for every image of your own, which configurations then name as any other.
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun.
  public static func register(_ entry: Entry) throws { try list.register(entry) }

  private static func entry<Own: Section>(
    _ name: String, _ summary: String, _ about: String, _ source: String?, _ settings: Own,
    _ open: @escaping @Sendable (RecognitionSettings) throws -> LabelledImages
  ) -> Entry {
    Entry(name, summary: summary, about: about, source: source, settings: settings) { own, _ in
      let values = RecognitionSettings(dataset: name, values: own.givenValues)
      let images = try open(values)
      guard let held = try values.number("validationShare", in: 0..<1), held > 0 else { return images }
      return try images.holdingOut(share: held)
    }
  }

  /// Refuses an unknown kind, and settings that it does not have or take; no file is looked at.
  /// - Throws: `.usage` with the nearest known name.
  package static func check(_ name: String, settings: [String: SettingValue]) throws { try registry.check(name, settings) }

  /// Opens a data set.
  /// - Parameters:
  ///   - name: its kind.
  ///   - settings: as the configuration has them.
  /// - Throws: `.usage` for an unknown kind or setting, `.missingInput` and `.badData` for its files.
  package static func open(_ name: String, settings: [String: SettingValue]) throws -> LabelledImages {
    try registry.make(name, settings, ())
  }

  /// What people may read about these data sets.
  package static var description: KindDescription {
    registry.description(
      name: "dataset", summary: "what to train on", place: "Settings are keys of `data.settings`; `root` is written as `data.root`.")
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
            .badData, "\(file):\(table.rows[0].line): '\(word)' is not a split", advice: "Splits are called train, val and test.")
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
