import Foundation
import Images
import Settings
import Tensors

/// Images and label PNGs of the user's own, described by settings.
package enum FolderDataset {
  /// Its line in the registry.
  package static let entry = DatasetEntry(
    RegistryEntry(
      "folder", summary: "images and label PNGs of your own",
      about: "Folders or lists name images and label files; numbers or colours in label files are given their classes.",
      settings: Settings()
    ) { settings, _ in try open(settings) },
    layout: FolderLayout.description, recognize: FolderLayout.recognize)

  /// Lists the files that the settings name.
  /// - Throws: `.usage` for wrong settings, `.missingInput` for folders and listed files that do not exist, `.badData` for unpaired files.
  static func open(_ settings: Settings) throws -> PairedFiles {
    let code = try LabelColours.read(settings)
    let classes = try readClasses(settings, shown: code.colours)
    let map = code.isEmpty ? try readLabelMap(settings, classes: classes) : code.labelMap(classes: classes)
    let root = settings.root
    func path(_ text: String) -> String { root.map { text.hasPrefix("/") ? text : "\($0)/\(text)" } ?? text }

    var pairs: [Split: [PairedFiles.Pair]] = [:]
    for split in Split.allCases {
      guard let files = settings.files[split], files.areGiven else { continue }
      let list = files.list.map(path)
      if let list, files.images == nil, files.labels == nil {
        pairs[split] = try FileListing.pairs(in: list, root: root ?? URL(fileURLWithPath: list).deletingLastPathComponent().path)
        if pairs[split]?.isEmpty ?? true { throw LongtailError(.badData, "\(list): no samples in it") }
        continue
      }
      guard let images = files.images.map(path) else { throw settings.wrong("\(split.rawValue)Images", "is missing") }
      guard let labels = files.labels.map(path) else { throw settings.wrong("\(split.rawValue)Labels", "is missing") }
      pairs[split] = try FileListing.pairs(
        images: FileListing.files(in: images, extensions: FileListing.imageExtensions, suffix: settings.imageSuffix),
        labels: FileListing.files(in: labels, extensions: ["png"], suffix: settings.labelSuffix),
        list: list, places: [root, list.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }].compactMap(\.self))
      if pairs[split]?.isEmpty ?? true {
        throw LongtailError(.badData, "\(images): no images in it", advice: "Images end in .png, .jpg or .jpeg.")
      }
    }
    guard !pairs.isEmpty else {
      throw settings.wrong("trainImages", "is missing", advice: "Name at least one pair of folders: trainImages and trainLabels.")
    }
    if settings.validationShare > 0 {
      let share = settings.validationShare
      guard pairs[.validation] == nil else {
        throw settings.wrong("validationShare", "is \(share), but validation samples are named", advice: "Leave one of the two out.")
      }
      (pairs[.train], pairs[.validation]) = HeldOut.divided(pairs[.train] ?? [], share: share) { $0.identifier }
    }
    var dataset = PairedFiles(
      name: "folder", classes: classes, labelMap: map, pairs: pairs,
      coding: code.isEmpty ? .numbers : .colours(try code.colourCode(settings, classes: classes)))
    dataset.checksPalettes = settings.labelPalettes == .check
    return dataset
  }

  /// - Parameter shown: by the name of a class, the colour that it has in label files.
  private static func readClasses(_ settings: Settings, shown: [(name: String, colour: RGBColour)]) throws -> [ClassInfo] {
    let list = settings.classes
    guard !list.isEmpty else {
      throw settings.wrong("classes", "is missing", advice: "Give a list of class names, in the order of the class numbers.")
    }
    guard list.count <= 255 else {
      throw settings.wrong("classes", "has \(list.count) names, but label files of 8 bits can hold 255 classes at most")
    }
    let colours = settings.colours
    if let colours, colours.count != list.count {
      throw settings.wrong("colours", "has \(colours.count) entries for \(list.count) classes")
    }
    var names = Set<String>()
    return try list.indices.map { index in
      let name = list[index].text
      guard !name.isEmpty else { throw settings.wrong("classes", "has an entry that is not a name: number \(index)") }
      guard names.insert(name).inserted else { throw settings.wrong("classes", "names \(name) twice") }
      guard let entry = colours?[index] else {
        let known = shown.first { $0.name == name || $0.name == "\(index)" }?.colour
        return ClassInfo(name: name, colour: known ?? .distinct(index))
      }
      guard let colour = RGBColour(hexadecimal: entry.text) else {
        throw settings.wrong("colours", "has an entry that is not of the form #RRGGBB: number \(index)")
      }
      return ClassInfo(name: name, colour: colour)
    }
  }

  private static func readLabelMap(_ settings: Settings, classes: [ClassInfo]) throws -> LabelMap {
    let ignored = settings.ignoreIndex
    guard let table = settings.labelMap else {
      return LabelMap(classCount: classes.count, ignored: [UInt8(ignored ?? 255)])
    }
    var map = LabelMap()
    for (key, value) in table.sorted(by: { $0.key < $1.key }) {
      guard let number = UInt8(key) else { throw settings.wrong("labelMap", "has the key \"\(key)\"; keys are numbers from 0 to 255") }
      map[number] = try meaning(of: value, key: key, in: "labelMap", settings, classes)
    }
    let number = UInt8(ignored ?? 255)
    if map[number] == .unknown {
      map[number] = .ignored
    } else if ignored != nil && map[number] != .ignored {
      throw settings.wrong("ignoreIndex", "is \(number), but labelMap makes a class of it")
    }
    return map
  }

  static func meaning(
    of value: SettingValue, key: String, in setting: String, _ settings: Settings, _ classes: [ClassInfo]
  ) throws -> LabelMap.Meaning {
    if let index = value.intValue {
      guard classes.indices.contains(index) else {
        throw settings.wrong(setting, "sends \(key) to class \(index), but there are \(classes.count) classes")
      }
      return .classIndex(index)
    }
    guard let name = value.nameValue else { throw settings.wrong(setting, "has \(value.kind) for \(key)") }
    if let index = classes.firstIndex(where: { $0.name == name }) { return .classIndex(index) }
    if name == "ignore" || name == "ignored" { return .ignored }
    throw settings.wrong(
      setting, "sends \(key) to '\(name)', which is not a class",
      advice: nearestHint(name, among: classes.map(\.name) + ["ignore"]))
  }
}
