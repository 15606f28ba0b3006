import Images
import Settings
import Tensors

/// The segmentation part of PASCAL VOC 2012: background and 20 classes of things.
///
/// Label files are palette PNGs whose indices are the classes; 255, the line around things, is ignored. Source: Everingham et al.,
/// "The PASCAL visual object classes challenge: a retrospective", IJCV 2015.
package enum PascalVOC {
  /// Background and the twenty classes, in the order of the palette.
  package static let classes: [ClassInfo] = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog", "horse",
    "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
  ].enumerated().map { ClassInfo(name: $1, colour: colour($0)) }

  /// The colour of a number in the challenge's palette: the number's bits, dealt out to red, green and blue from the highest bit down.
  package static func colour(_ number: Int) -> RGBColour {
    var channels: [UInt8] = [0, 0, 0]
    for place in 0..<8 {
      for channel in 0..<3 where number >> (3 * place + channel) & 1 == 1 { channels[channel] |= 0x80 >> UInt8(place) }
    }
    return RGBColour(channels[0], channels[1], channels[2])
  }

  struct Settings: Section {
    var place = RootSettings(
      "the folder VOC2012 with JPEGImages/, SegmentationClass/ and ImageSets/, or VOCdevkit, or the one that holds it")
    var labels = "SegmentationClass"
    var trainList = "train"

    mutating func visit(_ visitor: inout some KeyVisitor) {
      place.visit(&visitor)
      visitor.key("labels", &labels, "folder of the labels; others have SegmentationClassAug and the like", .notEmpty)
      visitor.key(
        "trainList", &trainList, "list of the training samples in ImageSets/Segmentation, without .txt: train, trainval, trainaug",
        .notEmpty)
    }
  }

  /// Its line in the registry.
  package static let entry = DatasetEntry(
    RegistryEntry(
      "pascalVOC", summary: "PASCAL VOC 2012 in the official layout: background and 20 classes of things",
      about: "1,464 training and 1,449 validation images of people, animals, vehicles and furniture; most pixels are background.",
      source: "Everingham, Eslami, Van Gool, Williams, Winn, Zisserman, IJCV 2015", settings: Settings()
    ) { settings, _ in try open(root: settings.place.root, labels: settings.labels, trainList: settings.trainList) },
    layout: "JPEGImages/*.jpg with SegmentationClass/*.png and ImageSets/Segmentation/{train,val}.txt",
    recognize: { folder in
      guard let root = root(folder), FileListing.isFolder("\(root)/SegmentationClass"),
        FileListing.exists("\(root)/ImageSets/Segmentation/train.txt")
      else { return nil }
      return RecognizedLayout(dataset: "pascalVOC", root: root)
    })

  /// Lists the samples that the lists name. Images that no list names, such as those for other tasks, do not matter.
  /// - Throws: `.missingInput` where folders, lists or listed files are missing.
  package static func open(root folder: String, labels: String = "SegmentationClass", trainList: String = "train") throws -> PairedFiles {
    guard let root = root(folder) else {
      throw LongtailError(
        .missingInput, "\(folder): no JPEGImages in it, nor in VOC2012 or VOCdevkit/VOC2012 below",
        advice: "The data set pascalVOC expects the archive VOCtrainval_11-May-2012, unpacked.")
    }
    let images = try FileListing.files(in: "\(root)/JPEGImages", extensions: FileListing.imageExtensions)
    let maps = try FileListing.files(in: "\(root)/\(labels)", extensions: ["png"])
    var pairs: [Split: [PairedFiles.Pair]] = [:]
    for (split, name) in [(Split.train, trainList), (.validation, "val")] {
      let list = "\(root)/ImageSets/Segmentation/\(name).txt"
      if split == .validation, !FileListing.exists(list) { continue }
      pairs[split] = try FileListing.pairs(images: images, labels: maps, list: list, places: [root])
    }
    return PairedFiles(name: "pascalVOC", classes: classes, labelMap: LabelMap(classCount: 21, ignored: [255]), pairs: pairs)
  }

  private static func root(_ folder: String) -> String? {
    ["", "/VOC2012", "/VOCdevkit/VOC2012"].map { folder + $0 }.first { FileListing.isFolder("\($0)/JPEGImages") }
  }
}
