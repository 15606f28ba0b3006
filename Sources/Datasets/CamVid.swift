import Foundation
import Images
import Settings
import Tensors

/// CamVid as SegNet's authors distribute it: 480 x 360, 11 classes, folders `train`, `trainannot` and so on.
///
/// Source: Brostow, Fauqueur, Cipolla, "Semantic object classes in video", Pattern Recognition Letters 2009;
/// Badrinarayanan, Kendall, Cipolla, "SegNet", 2017.
package enum CamVid {
  /// The eleven classes, in the order of the label files.
  package static let classes: [ClassInfo] = [
    ClassInfo(name: "Sky", colour: RGBColour(128, 128, 128)),
    ClassInfo(name: "Building", colour: RGBColour(128, 0, 0)),
    ClassInfo(name: "Pole", colour: RGBColour(192, 192, 128)),
    ClassInfo(name: "Road", colour: RGBColour(128, 64, 128)),
    ClassInfo(name: "Pavement", colour: RGBColour(60, 40, 222)),
    ClassInfo(name: "Tree", colour: RGBColour(128, 128, 0)),
    ClassInfo(name: "SignSymbol", colour: RGBColour(192, 128, 128)),
    ClassInfo(name: "Fence", colour: RGBColour(64, 64, 128)),
    ClassInfo(name: "Car", colour: RGBColour(64, 0, 128)),
    ClassInfo(name: "Pedestrian", colour: RGBColour(64, 64, 0)),
    ClassInfo(name: "Bicyclist", colour: RGBColour(0, 128, 192)),
  ]

  /// Its line in the registry.
  package static let entry = DatasetEntry(
    RegistryEntry(
      "camvid", summary: "CamVid in SegNet's layout: 11 classes of street scenes",
      about: "701 labelled images of drives through Cambridge, 480 x 360 as SegNet's authors distribute them.",
      source: "Brostow, Fauqueur, Cipolla, Pattern Recognition Letters 2009",
      settings: RootSettings("the folder with train/, trainannot/, val/, valannot/ (and test/, testannot/)")
    ) { settings, _ in try open(root: settings.root) },
    layout: "{train,val}/*.png with {train,val}annot/*.png",
    recognize: { folder in
      let folders = ["train", "trainannot", "val", "valannot"].map { "\(folder)/\($0)" }
      return folders.allSatisfy(FileListing.isFolder) ? RecognizedLayout(dataset: "camvid", root: folder) : nil
    })

  /// Lists the files below `root`. Lists `train.txt`, `val.txt`, `test.txt` choose among them where they exist; their entries may
  /// carry folders of another machine.
  /// - Throws: `.missingInput` where there is neither a training nor a validation folder, `.badData` for images without labels.
  package static func open(root: String) throws -> PairedFiles {
    var pairs: [Split: [PairedFiles.Pair]] = [:]
    for split in Split.allCases {
      let images = "\(root)/\(split.shortName)"
      let labels = "\(root)/\(split.shortName)annot"
      let list = "\(root)/\(split.shortName).txt"
      // Many copies come without the test set.
      if !FileManager.default.fileExists(atPath: images) { continue }
      pairs[split] = try FileListing.pairs(
        images: FileListing.files(in: images, extensions: FileListing.imageExtensions),
        labels: FileListing.files(in: labels, extensions: ["png"]),
        list: FileListing.exists(list) ? list : nil, places: [root])
    }
    guard !pairs.isEmpty else {
      throw LongtailError(
        .missingInput, "\(root): no folder train, val or test in it",
        advice: "The data set camvid expects SegNet's layout: train/ with trainannot/, val/ with valannot/.")
    }
    return PairedFiles(name: "camvid", classes: classes, labelMap: LabelMap(classCount: 11, ignored: [11]), pairs: pairs)
  }
}
