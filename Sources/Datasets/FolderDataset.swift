import Foundation
import Images
import Tensors

/// Pictures and label PNGs of one's own, described by settings.
public enum FolderDataset {
  /// Its line in the registry.
  public static let entry = DatasetEntry(
    name: "folder", summary: "pictures and label PNGs of your own",
    settings: [
      ("root", "a folder that the other paths start from; without it they are taken as they are"),
      ("trainImages", "folder of the training pictures (PNG or JPEG)"),
      ("trainLabels", "folder of the training labels (grey or palette PNG, or with labelColours any PNG)"),
      (
        "trainList",
        "text file that names the training samples, all by default; without folders each line names two files: picture and labels"
      ),
      ("validationImages", "folder of the validation pictures"),
      ("validationLabels", "folder of the validation labels"),
      ("validationList", "text file that names the validation samples"),
      ("testImages", "folder of the test pictures"),
      ("testLabels", "folder of the test labels"),
      ("testList", "text file that names the test samples"),
      ("imageSuffix", "end of the pictures' names that the labels lack, such as _leftImg8bit"),
      ("labelSuffix", "end of the labels' names that the pictures lack, such as _gtFine_labelIds"),
      ("classes", "list of class names, in the order of the class numbers"),
      ("colours", "list of colours as #RRGGBB, one a class"),
      ("labelMap", "mapping from numbers in label files to class names, class numbers or ignore; by default numbers stand for themselves"),
      ("ignoreIndex", "number in label files that is ignored, 255 by default"),
      (
        "labelColours",
        "for label files whose colours are classes: mapping from #RRGGBB to class names, class numbers or ignore; several may mean the same"
      ),
      (
        "labelPalettes",
        "check (default): a number must have one colour in the palettes of all label files; ignore: numbers are the classes, whatever their colours"
      ),
      ("validationShare", "share of the training samples that is held out for validation where no validation samples are named"),
    ], layout: FolderLayout.description, recognize: FolderLayout.recognize
  ) { try open($0) }

  /// Lists the files that the settings name.
  /// - Throws: `.usage` for wrong settings, `.missingInput` for folders and listed files that do not exist, `.badData` for unpaired files.
  public static func open(_ settings: DatasetSettings) throws -> PairedFiles {
    let code = try LabelColours.read(settings)
    let classes = try readClasses(settings, shown: code.colours)
    let map = code.isEmpty ? try readLabelMap(settings, classes: classes) : code.labelMap(classes: classes)
    let root = try settings.text("root")
    let imageSuffix = try settings.text("imageSuffix") ?? ""
    let labelSuffix = try settings.text("labelSuffix") ?? ""
    func path(_ text: String) -> String { root.map { text.hasPrefix("/") ? text : "\($0)/\(text)" } ?? text }

    var pairs: [Split: [PairedFiles.Pair]] = [:]
    for split in Split.allCases {
      let key = split.rawValue
      guard settings.has("\(key)Images") || settings.has("\(key)Labels") || settings.has("\(key)List") else { continue }
      let list = try settings.text("\(key)List").map(path)
      if let list, !settings.has("\(key)Images"), !settings.has("\(key)Labels") {
        pairs[split] = try FileListing.pairs(in: list, root: root ?? URL(fileURLWithPath: list).deletingLastPathComponent().path)
        if pairs[split]?.isEmpty ?? true { throw LongtailError(.badData, "\(list): no samples in it") }
        continue
      }
      let images = try path(settings.requiredText("\(key)Images"))
      let labels = try path(settings.requiredText("\(key)Labels"))
      pairs[split] = try FileListing.pairs(
        images: FileListing.files(in: images, extensions: FileListing.imageExtensions, suffix: imageSuffix),
        labels: FileListing.files(in: labels, extensions: ["png"], suffix: labelSuffix),
        list: list, places: [root, list.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }].compactMap(\.self))
      if pairs[split]?.isEmpty ?? true {
        throw LongtailError(.badData, "\(images): no pictures in it", advice: "Pictures end in .png, .jpg or .jpeg.")
      }
    }
    guard !pairs.isEmpty else {
      throw settings.wrong("trainImages", "is missing", advice: "Name at least one pair of folders: trainImages and trainLabels.")
    }
    if let share = try settings.number("validationShare", in: 0..<1), share > 0 {
      guard pairs[.validation] == nil else {
        throw settings.wrong("validationShare", "is \(share), but validation samples are named", advice: "Leave one of the two out.")
      }
      (pairs[.train], pairs[.validation]) = HeldOut.divided(pairs[.train] ?? [], share: share) { $0.identifier }
    }
    var dataset = PairedFiles(
      name: "folder", classes: classes, labelMap: map, pairs: pairs,
      coding: code.isEmpty ? .numbers : .colours(try code.colourCode(settings, classes: classes)))
    dataset.checksPalettes = try settings.word("labelPalettes", of: ["check", "ignore"]) == "check"
    return dataset
  }

  /// - Parameter shown: by the name of a class, the colour that it has in label files.
  private static func readClasses(_ settings: DatasetSettings, shown: [(name: String, colour: RGBColour)]) throws -> [ClassInfo] {
    guard let list = try settings.list("classes"), !list.isEmpty else {
      throw settings.wrong("classes", "is missing", advice: "Give a list of class names, in the order of the class numbers.")
    }
    guard list.count <= 255 else {
      throw settings.wrong("classes", "has \(list.count) names, but label files of 8 bits tell 255 classes apart at most")
    }
    let colours = try settings.list("colours")
    if let colours, colours.count != list.count {
      throw settings.wrong("colours", "has \(colours.count) entries for \(list.count) classes")
    }
    var names = Set<String>()
    return try list.indices.map { index in
      guard let name = list[index].nameValue, !name.isEmpty else {
        throw settings.wrong("classes", "has an entry that is no name: number \(index)")
      }
      guard names.insert(name).inserted else { throw settings.wrong("classes", "names \(name) twice") }
      guard let entry = colours?[index] else {
        let known = shown.first { $0.name == name || $0.name == "\(index)" }?.colour
        return ClassInfo(name: name, colour: known ?? .distinct(index))
      }
      guard let text = entry.nameValue, let colour = RGBColour(hexadecimal: text) else {
        throw settings.wrong("colours", "has an entry that is not of the form #RRGGBB: number \(index)")
      }
      return ClassInfo(name: name, colour: colour)
    }
  }

  private static func readLabelMap(_ settings: DatasetSettings, classes: [ClassInfo]) throws -> LabelMap {
    let ignored = try settings.integer("ignoreIndex", in: 0...255)
    guard let table = try settings.map("labelMap") else {
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
    of value: SettingValue, key: String, in setting: String, _ settings: DatasetSettings, _ classes: [ClassInfo]
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
      setting, "sends \(key) to '\(name)', which is no class",
      advice: nearestHint(name, among: classes.map(\.name) + ["ignore"]))
  }
}
