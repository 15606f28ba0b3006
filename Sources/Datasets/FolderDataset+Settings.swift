import Images
import Settings
import Tensors

extension FolderDataset {
  /// Where the samples of one split are.
  struct SplitFiles: Sendable, Equatable {
    /// Folder of the images.
    var images: String?
    /// Folder of the labels.
    var labels: String?
    /// File that names samples.
    var list: String?

    /// Whether any of them is named.
    var areGiven: Bool { images != nil || labels != nil || list != nil }
  }

  /// What is done about colours in the palettes of label files.
  enum Palettes: String, Choice { case check, ignore }

  /// What the configuration says.
  struct Settings: Section {
    var root: String?
    var files: [Split: SplitFiles] = [:]
    var imageSuffix = ""
    var labelSuffix = ""
    var classes: [Name] = []
    var colours: [Name]?
    var labelMap: [String: SettingValue]?
    var ignoreIndex: Int?
    var labelColours: [String: SettingValue]?
    var labelPalettes = Palettes.check
    var validationShare = 0.0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey("root", &root, "a folder that the other paths start from; without it they are taken as they are", .path)
      visit(&visitor, .train, "training", listing: ", all by default; without folders each line names two files: image and labels")
      visit(&visitor, .validation, "validation")
      visit(&visitor, .test, "test")
      visitor.key("imageSuffix", &imageSuffix, "end of the images' names that the labels lack, such as _leftImg8bit")
      visitor.key("labelSuffix", &labelSuffix, "end of the labels' names that the images lack, such as _gtFine_labelIds")
      visitor.requiredKey("classes", &classes, "names of the classes, in the order of their numbers")
      visitor.optionalKey("colours", &colours, "colours as #RRGGBB, one a class")
      visitor.optionalKey(
        "labelMap", &labelMap,
        "from numbers in label files to class names, class numbers or ignore; numbers stand for themselves when not given")
      visitor.optionalKey("ignoreIndex", &ignoreIndex, "number in label files that is ignored; 255 when not given", .between(0, 255))
      visitor.optionalKey(
        "labelColours", &labelColours,
        "for label files whose colours are classes: from #RRGGBB to class names, class numbers or ignore; several may mean the same")
      visitor.key(
        "labelPalettes", &labelPalettes,
        "check: a number must have one colour in the palettes of all label files; ignore: numbers are the classes, whatever their colours")
      visitor.key(
        "validationShare", &validationShare,
        "share of the training samples that is held out for validation where no validation samples are named", .between(0, below: 1))
    }

    private mutating func visit(_ visitor: inout some KeyVisitor, _ split: Split, _ word: String, listing: String = "") {
      var own = files[split] ?? SplitFiles()
      visitor.optionalKey("\(split.rawValue)Images", &own.images, "folder of the \(word) images (PNG or JPEG)", .notEmpty)
      visitor.optionalKey(
        "\(split.rawValue)Labels", &own.labels, "folder of the \(word) labels (grey or palette PNG, or with labelColours any PNG)",
        .notEmpty)
      visitor.optionalKey("\(split.rawValue)List", &own.list, "text file that names the \(word) samples\(listing)", .notEmpty)
      if own.areGiven { files[split] = own }
    }

    /// An error about a setting.
    func wrong(_ key: String, _ problem: String, advice: String? = nil) -> LongtailError {
      .setting("data set folder", key, problem, advice: advice)
    }
  }
}
