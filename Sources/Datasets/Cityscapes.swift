import Images
import Settings
import Tensors

/// Cityscapes with its fine annotations: 19 classes of street scenes in 50 cities.
///
/// The 35 numbers of the label files that are shipped (`labelIds`) are mapped here; the files of 19 numbers (`labelTrainIds`), which the
/// authors' program makes of them, are read too. Source: Cordts et al., "The Cityscapes dataset for semantic urban scene understanding",
/// CVPR 2016.
package enum Cityscapes {
  /// The nineteen classes, in the order of their training numbers.
  package static let classes: [ClassInfo] = [
    ClassInfo(name: "road", colour: RGBColour(128, 64, 128)),
    ClassInfo(name: "sidewalk", colour: RGBColour(244, 35, 232)),
    ClassInfo(name: "building", colour: RGBColour(70, 70, 70)),
    ClassInfo(name: "wall", colour: RGBColour(102, 102, 156)),
    ClassInfo(name: "fence", colour: RGBColour(190, 153, 153)),
    ClassInfo(name: "pole", colour: RGBColour(153, 153, 153)),
    ClassInfo(name: "traffic light", colour: RGBColour(250, 170, 30)),
    ClassInfo(name: "traffic sign", colour: RGBColour(220, 220, 0)),
    ClassInfo(name: "vegetation", colour: RGBColour(107, 142, 35)),
    ClassInfo(name: "terrain", colour: RGBColour(152, 251, 152)),
    ClassInfo(name: "sky", colour: RGBColour(70, 130, 180)),
    ClassInfo(name: "person", colour: RGBColour(220, 20, 60)),
    ClassInfo(name: "rider", colour: RGBColour(255, 0, 0)),
    ClassInfo(name: "car", colour: RGBColour(0, 0, 142)),
    ClassInfo(name: "truck", colour: RGBColour(0, 0, 70)),
    ClassInfo(name: "bus", colour: RGBColour(0, 60, 100)),
    ClassInfo(name: "train", colour: RGBColour(0, 80, 100)),
    ClassInfo(name: "motorcycle", colour: RGBColour(0, 0, 230)),
    ClassInfo(name: "bicycle", colour: RGBColour(119, 11, 32)),
  ]

  /// The `labelIds` number of each class; the other numbers from 0 to 33 are ignored.
  package static let labelIds: [UInt8] = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]

  /// Which label files are read: those that are shipped, or those that the authors' program makes of them.
  package enum LabelFiles: String, Sendable, CaseIterable { case labelIds, labelTrainIds }

  struct Settings: Section {
    var place = RootSettings("the folder with leftImg8bit/ and gtFine/")
    var labels = LabelFiles.labelIds

    mutating func visit(_ visitor: inout some KeyVisitor) {
      place.visit(&visitor)
      visitor.key("labels", &labels, "the label files: those that are shipped, or those that the authors' program makes of them")
    }
  }

  /// Its line in the registry.
  package static let entry = DatasetEntry(
    RegistryEntry(
      "cityscapes", summary: "Cityscapes in the official layout: 19 classes of street scenes",
      about: "Fine annotations of street scenes in 50 cities, 2048 x 1024. Bicycles, poles and signs are the tail.",
      source: "Cordts and others, CVPR 2016, arXiv:1604.01685", settings: Settings()
    ) { settings, _ in try open(root: settings.place.root, labels: settings.labels) },
    layout: "leftImg8bit/{train,val}/CITY/*_leftImg8bit.png with gtFine/{train,val}/CITY/*_gtFine_labelIds.png",
    recognize: { folder in
      guard FileListing.isFolder("\(folder)/leftImg8bit"), FileListing.isFolder("\(folder)/gtFine") else { return nil }
      return RecognizedLayout(dataset: "cityscapes", root: folder)
    })

  /// Lists the files below `root`.
  /// - Parameter labels: which label files are read.
  /// - Throws: `.missingInput` where no split has both images and labels, `.badData` for images without labels.
  package static func open(root: String, labels: LabelFiles = .labelIds) throws -> PairedFiles {
    var pairs: [Split: [PairedFiles.Pair]] = [:]
    for split in Split.allCases {
      let images = "\(root)/leftImg8bit/\(split.shortName)"
      let annotations = "\(root)/gtFine/\(split.shortName)"
      guard FileListing.isFolder(images), FileListing.isFolder(annotations) else { continue }
      pairs[split] = try FileListing.pairs(
        images: FileListing.files(in: images, extensions: ["png"], suffix: "_leftImg8bit"),
        labels: FileListing.files(in: annotations, extensions: ["png"], suffix: "_gtFine_\(labels.rawValue)"))
    }
    guard !pairs.isEmpty else {
      throw LongtailError(
        .missingInput, "\(root): no split with both leftImg8bit/SPLIT and gtFine/SPLIT in it",
        advice: "The data set cityscapes expects the archives leftImg8bit_trainvaltest and gtFine_trainvaltest, unpacked side by side.")
    }
    return PairedFiles(name: "cityscapes", classes: classes, labelMap: labels == .labelIds ? labelIdMap : trainIdMap, pairs: pairs)
  }

  private static let trainIdMap = LabelMap(classCount: 19, ignored: [255])

  private static let labelIdMap: LabelMap = {
    var map = LabelMap()
    // 0 to 6 are no places in the scene; what else is missing in `labelIds` is too rare to be judged.
    for number: UInt8 in 0...33 { map[number] = .ignored }
    for (index, number) in labelIds.enumerated() { map[number] = .classIndex(index) }
    // Number plates, -1, in programs that write it as a byte.
    map[255] = .ignored
    return map
  }()
}

extension Cityscapes.LabelFiles: Choice {}
