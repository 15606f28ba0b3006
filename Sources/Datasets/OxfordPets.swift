import Images
import Settings
import Tensors

/// Oxford-IIIT Pet: 37 breeds of cats and dogs, with trimaps.
///
/// Trimaps say 1 for the animal, 2 for the background and 3 for the line between. Source: Parkhi, Vedaldi, Zisserman, Jawahar, "Cats and
/// dogs", CVPR 2012.
package enum OxfordPets {
  /// What the classes are.
  package enum Task: String, CaseIterable, Sendable {
    /// Animal, background and the line between: the trimap's three numbers.
    case trimap
    /// Animal and background; the line between is ignored.
    case foreground
    /// Background and 37 breeds; the line between is ignored.
    case breeds
  }

  /// The breeds, in the order of their numbers, which begin with 1.
  package static let breeds = [
    "Abyssinian", "American Bulldog", "American Pit Bull Terrier", "Basset Hound", "Beagle", "Bengal", "Birman", "Bombay", "Boxer",
    "British Shorthair", "Chihuahua", "Egyptian Mau", "English Cocker Spaniel", "English Setter", "German Shorthaired", "Great Pyrenees",
    "Havanese", "Japanese Chin", "Keeshond", "Leonberger", "Maine Coon", "Miniature Pinscher", "Newfoundland", "Persian", "Pomeranian",
    "Pug", "Ragdoll", "Russian Blue", "Saint Bernard", "Samoyed", "Scottish Terrier", "Shiba Inu", "Siamese", "Sphynx",
    "Staffordshire Bull Terrier", "Wheaten Terrier", "Yorkshire Terrier",
  ]

  struct Settings: Section {
    var place = RootSettings("the folder with images/ and annotations/")
    var classes = Task.trimap
    var validationShare = 0.0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      place.visit(&visitor)
      visitor.key(
        "classes", &classes,
        "trimap: pet, background and border; foreground: pet and background, the border ignored; breeds: background and 37 breeds")
      visitor.key(
        "validationShare", &validationShare, "share of the official training samples that is held out for validation", .between(0, below: 1)
      )
    }
  }

  /// Its line in the registry.
  package static let entry = DatasetEntry(
    RegistryEntry(
      "oxfordPets", summary: "Oxford-IIIT Pet in the official layout: trimaps of 37 breeds",
      about: "About 200 images of each of 37 breeds of cats and dogs, with the animal's outline.",
      source: "Parkhi, Vedaldi, Zisserman, Jawahar, CVPR 2012", settings: Settings()
    ) { settings, _ in
      try open(root: settings.place.root, task: settings.classes, validationShare: settings.validationShare)
    },
    layout: "images/*.jpg with annotations/trimaps/*.png and annotations/{trainval,test}.txt",
    recognize: { folder in
      guard FileListing.isFolder("\(folder)/annotations/trimaps"), FileListing.exists("\(folder)/annotations/trainval.txt") else {
        return nil
      }
      return RecognizedLayout(
        dataset: "oxfordPets", root: folder,
        settings: [
          .init(key: "classes", value: "trimap", remark: "pet, background, border; or foreground, or breeds: background and 37 breeds"),
          .init(key: "validationShare", value: 0.1, remark: "of the official training samples; the test samples stay unseen"),
        ])
    })

  /// Lists the samples that `annotations/trainval.txt` (split `train`) and `annotations/test.txt` name.
  /// - Parameters:
  ///   - task: the classes.
  ///   - validationShare: the share of `trainval` that becomes the split `validation`, from 0 to below 1.
  /// - Throws: `.missingInput` where folders, lists or listed files are missing, `.badData` for a line without the number of a breed.
  package static func open(root: String, task: Task = .trimap, validationShare: Double = 0) throws -> PairedFiles {
    let images = try FileListing.files(in: "\(root)/images", extensions: FileListing.imageExtensions)
    let trimaps = try FileListing.files(in: "\(root)/annotations/trimaps", extensions: ["png"])
    var pairs: [Split: [PairedFiles.Pair]] = [:]
    for (split, name) in [(Split.train, "trainval"), (.test, "test")] {
      let list = "\(root)/annotations/\(name).txt"
      if split == .test, !FileListing.exists(list) { continue }
      var listed = try FileListing.pairs(images: images, labels: trimaps, list: list, places: [root])
      if task == .breeds {
        let breeds = try breedNumbers(list)
        for index in listed.indices {
          guard let number = breeds[listed[index].identifier] else {
            throw LongtailError(.badData, "\(list): \(listed[index].identifier) has no breed: write its name without folders in front")
          }
          listed[index].replacing = [1: firstBreed - 1 + number]
        }
      }
      pairs[split] = listed
    }
    (pairs[.train], pairs[.validation]) = HeldOut.divided(pairs[.train] ?? [], share: validationShare) { $0.identifier }
    let (classes, map) = meaning(task)
    return PairedFiles(name: "oxfordPets", classes: classes, labelMap: map, pairs: pairs)
  }

  /// What stands for the first breed once a file's 1 has been replaced; no number of a trimap.
  private static let firstBreed: UInt8 = 101

  private static func meaning(_ task: Task) -> ([ClassInfo], LabelMap) {
    var map = LabelMap()
    let pet = ClassInfo(name: "pet", colour: RGBColour(220, 90, 30))
    let background = ClassInfo(name: "background", colour: RGBColour(60, 90, 120))
    map[3] = .ignored
    if task == .breeds {
      map[2] = .classIndex(0)
      for index in breeds.indices { map[firstBreed + UInt8(index)] = .classIndex(index + 1) }
      return ([background] + breeds.enumerated().map { ClassInfo(name: $1, colour: .distinct($0)) }, map)
    }
    map[1] = .classIndex(0)
    map[2] = .classIndex(1)
    if task == .foreground { return ([pet, background], map) }
    map[3] = .classIndex(2)
    return ([pet, background, ClassInfo(name: "border", colour: RGBColour(245, 225, 80))], map)
  }

  /// The number of each sample's breed, 1 to 37: the second word of its line.
  private static func breedNumbers(_ list: String) throws -> [String: UInt8] {
    try SampleList(contentsOf: list).lines.filter { !$0.mayBeRemark }.reduce(into: [:]) { numbers, line in
      let words = line.text.split(whereSeparator: \.isWhitespace)
      guard words.count > 1, let number = UInt8(words[1]), (1...37).contains(number) else {
        throw LongtailError(
          .badData, "\(list): the line of \(words[0]) has no number of a breed from 1 to 37 as its second word",
          advice: "The official lists have lines such as: Abyssinian_1 1 1 1")
      }
      numbers[String(FileListing.withoutExtension(words[0]))] = number
    }
  }
}

extension OxfordPets.Task: Choice {}
