import Images
import Settings
import Tensors

/// ADE20K as the scene parsing challenge of 2016 distributes it: 150 classes of scenes of all kinds.
///
/// Files number the classes from 1; 0 is whatever else there is, and ignored. Source: Zhou et al., "Scene parsing through ADE20K dataset",
/// CVPR 2017.
package enum ADE20K {
  /// The 150 classes in the order of the challenge's list, each by the first of its names there.
  package static let classes: [ClassInfo] = names.enumerated().map { ClassInfo(name: $1, colour: .distinct($0)) }

  /// Its line in the registry.
  package static let entry = DatasetEntry(
    RegistryEntry(
      "ade20k", summary: "ADE20K as ADEChallengeData2016: 150 classes of scenes of all kinds",
      about: "About 20,000 images of rooms, streets and landscapes for training and 2,000 for validation, with a very long tail.",
      source: "Zhou, Zhao, Puig, Fidler, Barriuso, Torralba, CVPR 2017, arXiv:1608.05442",
      settings: RootSettings("the folder ADEChallengeData2016, with images/ and annotations/, or the one that holds it")
    ) { settings, _ in try open(root: settings.root) },
    layout: "images/{training,validation}/*.jpg with annotations/{training,validation}/*.png",
    recognize: { folder in
      let root = FileListing.isFolder("\(folder)/ADEChallengeData2016") ? "\(folder)/ADEChallengeData2016" : folder
      // Others have these folders too; the files' names are the challenge's own.
      guard FileListing.isFolder("\(root)/images/training"), FileListing.isFolder("\(root)/annotations/training"),
        try FileListing.files(in: "\(root)/annotations/training", extensions: ["png"]).keys.allSatisfy({ $0.hasPrefix("ADE_") })
      else { return nil }
      return RecognizedLayout(dataset: "ade20k", root: root)
    })

  /// Lists the files below `root`.
  /// - Throws: `.missingInput` where there is neither a training nor a validation folder, `.badData` for images without labels.
  package static func open(root: String) throws -> PairedFiles {
    let root = FileListing.isFolder("\(root)/ADEChallengeData2016") ? "\(root)/ADEChallengeData2016" : root
    var pairs: [Split: [PairedFiles.Pair]] = [:]
    for (split, folder) in [(Split.train, "training"), (.validation, "validation")] where FileListing.isFolder("\(root)/images/\(folder)") {
      pairs[split] = try FileListing.pairs(
        images: FileListing.files(in: "\(root)/images/\(folder)", extensions: FileListing.imageExtensions),
        labels: FileListing.files(in: "\(root)/annotations/\(folder)", extensions: ["png"]))
    }
    guard !pairs.isEmpty else {
      throw LongtailError(
        .missingInput, "\(root): no images/training and no images/validation in it",
        advice: "The data set ade20k expects ADEChallengeData2016, the scene parsing challenge's archive, unpacked.")
    }
    var map = LabelMap()
    map[0] = .ignored
    for index in classes.indices { map[UInt8(index + 1)] = .classIndex(index) }
    return PairedFiles(name: "ade20k", classes: classes, labelMap: map, pairs: pairs)
  }

  private static let names: [String] = [
    "wall", "building", "sky", "floor", "tree", "ceiling", "road", "bed", "windowpane", "grass", "cabinet", "sidewalk", "person",
    "earth", "door", "table", "mountain", "plant", "curtain", "chair", "car", "water", "painting", "sofa", "shelf", "house", "sea",
    "mirror", "rug", "field", "armchair", "seat", "fence", "desk", "rock", "wardrobe", "lamp", "bathtub", "railing", "cushion", "base",
    "box", "column", "signboard", "chest of drawers", "counter", "sand", "sink", "skyscraper", "fireplace", "refrigerator",
    "grandstand", "path", "stairs", "runway", "case", "pool table", "pillow", "screen door", "stairway", "river", "bridge", "bookcase",
    "blind", "coffee table", "toilet", "flower", "book", "hill", "bench", "countertop", "stove", "palm", "kitchen island", "computer",
    "swivel chair", "boat", "bar", "arcade machine", "hovel", "bus", "towel", "light", "truck", "tower", "chandelier", "awning",
    "streetlight", "booth", "television", "airplane", "dirt track", "apparel", "pole", "land", "bannister", "escalator", "ottoman",
    "bottle", "buffet", "poster", "stage", "van", "ship", "fountain", "conveyer belt", "canopy", "washer", "plaything", "swimming pool",
    "stool", "barrel", "basket", "waterfall", "tent", "bag", "minibike", "cradle", "oven", "ball", "food", "step", "tank", "trade name",
    "microwave", "pot", "animal", "bicycle", "lake", "dishwasher", "screen", "blanket", "sculpture", "hood", "sconce", "vase",
    "traffic light", "tray", "ashcan", "fan", "pier", "crt screen", "plate", "monitor", "bulletin board", "shower", "radiator", "glass",
    "clock", "flag",
  ]
}
