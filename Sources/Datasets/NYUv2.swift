import Foundation
import Images
import Settings
import Tensors

/// NYU Depth V2: 1449 labelled images of rooms, as exported pairs of images and labels or as the official MATLAB file.
///
/// Source: Silberman, Hoiem, Kohli, Fergus, "Indoor segmentation and support inference from RGBD images", ECCV 2012. The 40 classes are
/// those of Gupta, Arbeláez, Malik, CVPR 2013; the 13 those of Couprie, Farabet, Najman, LeCun, ICLR 2013.
package enum NYUv2 {
  /// The thirteen classes in the order of their numbers, which begin with 1.
  package static let classes13: [ClassInfo] = [
    ("bed", 0, 0, 255), ("books", 232, 88, 47), ("ceiling", 0, 217, 0), ("chair", 148, 0, 240), ("floor", 222, 241, 23),
    ("furniture", 255, 205, 205), ("objects", 0, 223, 228), ("picture", 106, 135, 204), ("sofa", 116, 28, 41), ("table", 240, 35, 235),
    ("tv", 0, 166, 156), ("wall", 249, 139, 0), ("window", 225, 228, 194),
  ].map { ClassInfo(name: $0, colour: RGBColour($1, $2, $3)) }

  /// The forty classes in the order of their numbers, which begin with 1.
  package static let classes40: [ClassInfo] = [
    "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf", "picture", "counter", "blinds", "desk",
    "shelves", "curtain", "dresser", "pillow", "mirror", "floor mat", "clothes", "ceiling", "books", "refrigerator", "television", "paper",
    "towel", "shower curtain", "box", "whiteboard", "person", "night stand", "toilet", "sink", "lamp", "bathtub", "bag", "otherstructure",
    "otherfurniture", "otherprop",
  ].enumerated().map { ClassInfo(name: $1, colour: PascalVOC.colour($0 + 1)) }

  /// The name of the official file.
  static let officialFile = "nyu_depth_v2_labeled.mat"

  /// Its line in the registry.
  package static let entry = DatasetEntry(
    RegistryEntry(
      "nyuv2", summary: "NYU Depth V2, as exported pairs or as the official MATLAB file: 13 or 40 classes of rooms",
      about: "1,449 labelled images of rooms, 640 x 480; the depth images are not read.",
      source: "Silberman, Hoiem, Kohli, Fergus, ECCV 2012", settings: Settings()
    ) { settings, _ in
      if let path = officialPath(settings.root) { return try NYUv2Official(path: path, settings) }
      return try open(settings)
    },
    layout: "images/*.png with labels13/*.png or labels40/*.png, numbered from 1 to 1449; or \(officialFile)",
    recognize: recognize)

  /// What the configuration says.
  struct Settings: Section {
    /// How many classes there are.
    enum ClassCount: String, Choice {
      case thirteen = "13"
      case forty = "40"
    }

    /// What is for training.
    enum SplitRule: String, Choice { case official, all }

    var place = RootSettings("the folder with the images' and the labels' folder, or nyu_depth_v2_labeled.mat or its folder")
    var images = "images"
    var labels: String?
    var classCount: ClassCount?
    var split = SplitRule.official
    var validationShare = 0.0

    var root: String { place.root }
    var classes: Int? { classCount.map { $0 == .thirteen ? 13 : 40 } }

    mutating func visit(_ visitor: inout some KeyVisitor) {
      place.visit(&visitor)
      visitor.key("images", &images, "folder of the images in root; each name ends in the sample's number, from 1", .notEmpty)
      visitor.optionalKey(
        "labels", &labels, "folder of the labels in root, whose name ends in the number of classes; labels13 or labels40 when not given",
        .notEmpty)
      visitor.optionalKey("classes", &classCount, "as many as the label files have when not given, 40 for the MATLAB file")
      visitor.key("split", &split, "official: 795 training and 654 test samples, by number; all: everything is for training")
      visitor.key(
        "validationShare", &validationShare, "share of the training samples that is held out for validation", .between(0, below: 1))
    }

    /// Deals out samples by their numbers, 1 to 1449.
    func splits<Element>(_ samples: [Element], number: (Element) -> Int) -> [Split: [Element]] {
      var parts: [Split: [Element]] = [.train: samples]
      if split == .official {
        parts[.train] = samples.filter { !NYUv2.testNumbers.contains(number($0)) }
        parts[.test] = samples.filter { NYUv2.testNumbers.contains(number($0)) }
      }
      (parts[.train], parts[.validation]) = HeldOut.divided(parts[.train] ?? [], share: validationShare) { NYUv2.name(number($0)) }
      return parts
    }
  }

  /// What the numbers 0 to 13 or 0 to 40 in label files mean; 0 is ignored.
  static func meaning(of numbers: Int, classes: Int) -> LabelMap {
    var map = LabelMap()
    map[0] = .ignored
    map[255] = .ignored
    for number in 1...numbers {
      map[UInt8(number)] = .classIndex(numbers == 40 && classes == 13 ? Int(classOf40[number - 1]) - 1 : number - 1)
    }
    return map
  }

  /// A sample's number with four digits.
  static func name(_ number: Int) -> String { String(number, digits: 4) }

  /// The official file, where the root is it or holds it.
  static func officialPath(_ root: String) -> String? {
    if root.lowercased().hasSuffix(".mat") { return root }
    return FileListing.exists("\(root)/\(officialFile)") ? "\(root)/\(officialFile)" : nil
  }

  /// Lists exported pairs. Images and labels belong together by the number at the end of their names, never by their order.
  private static func open(_ settings: Settings) throws -> PairedFiles {
    let root = settings.root
    guard let labels = settings.labels ?? ["labels13", "labels40"].first(where: { FileListing.isFolder("\(root)/\($0)") }) else {
      throw LongtailError(
        .missingInput, "\(root): neither labels13 nor labels40 nor \(officialFile) in it",
        advice: "Name the folder of the labels, whose name ends in 13 or 40, as data.settings.labels.")
    }
    guard let numbers = [13, 40].first(where: { labels.hasSuffix("\($0)") }) else {
      throw LongtailError(
        .usage, "data set nyuv2: labels is \(labels), whose name does not end in 13 or 40",
        advice: "Rename the folder, so that its name says how many classes the numbers count.")
    }
    let classes = settings.classes ?? numbers
    guard classes <= numbers else {
      throw LongtailError(.usage, "data set nyuv2: \(classes) classes cannot be made of the \(numbers) in \(labels)")
    }
    let pairs = try FileListing.pairs(
      images: byNumber("\(root)/\(settings.images)", FileListing.imageExtensions), labels: byNumber("\(root)/\(labels)", ["png"]))
    return PairedFiles(
      name: "nyuv2", classes: classes == 13 ? classes13 : classes40, labelMap: meaning(of: numbers, classes: classes),
      pairs: settings.splits(pairs) { Int($0.identifier) ?? 0 })
  }

  private static func byNumber(_ folder: String, _ extensions: [String]) throws -> [String: String] {
    var found: [String: String] = [:]
    for (name, path) in try FileListing.files(in: folder, extensions: extensions) {
      guard let number = Int(name.reversed().prefix { $0.isASCII && $0.isNumber }.reversed().map(String.init).joined()),
        (1...1449).contains(number)
      else {
        throw LongtailError(
          .badData, "\(path): its name does not end in a number from 1 to 1449",
          advice: "Images and labels of NYU Depth V2 are paired, and the official split is made, by these numbers.")
      }
      if let other = found[self.name(number)] { throw LongtailError(.badData, "\(path): \(other) has the same number") }
      found[self.name(number)] = path
    }
    return found
  }

  @Sendable private static func recognize(_ path: String) throws -> RecognizedLayout? {
    let official = officialPath(path)
    if official == nil {
      guard ["labels13", "labels40"].contains(where: { FileListing.isFolder("\(path)/\($0)") }), FileListing.isFolder("\(path)/images")
      else {
        return nil
      }
    }
    var layout = RecognizedLayout(
      dataset: "nyuv2", root: official ?? path,
      settings: [.init(key: "validationShare", value: 0.1, remark: "of the official training samples; the test samples stay unseen")])
    // A few samples of the whole may all be test samples.
    if try layout.open().count(of: .train) == 0 {
      layout.settings = [
        .init(key: "split", value: "all", remark: "no sample here belongs to the official training split"),
        .init(key: "validationShare", value: 0.25, remark: "of all samples"),
      ]
    }
    return layout
  }
}
