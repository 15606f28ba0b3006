import Settings
import Tensors

/// Names of classes: a list, or the path of a file with one a line.
struct ClassNameSource: SettingConvertible {
  let setting: SettingValue

  static var expectation: String { "a list of names, or the path of a file with one a line" }
  static var kind: String { "list of names, or path" }

  init?(setting: SettingValue) {
    let isList = setting.listValue.map { list in !list.isEmpty && list.allSatisfy { $0.stringValue != nil || $0.intValue != nil } }
    guard isList ?? (setting.stringValue != nil) else { return nil }
    self.setting = setting
  }
}

extension Section {
  /// The values that are given or have a default, by key.
  var givenValues: [String: SettingValue] {
    SectionWriter.lines(of: self).reduce(into: [:]) { values, line in
      if let value = line.value, !value.isNull { values[line.path] = value }
    }
  }
}

/// Settings of drawn signs.
struct GlyphSettings: Section {
  var classes = 40
  var imbalance = 100.0
  var largest = 500
  var validation = 20
  var test = 50
  var seed = 1

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key("classes", &classes, "number of classes", .between(2, 200))
    visitor.key("imbalance", &imbalance, "images of the most frequent class over those of the rarest", .between(1, below: 1e9))
    visitor.key("largest", &largest, "training images of the most frequent class", .between(1, 1_000_000))
    visitor.key("validation", &validation, "validation images of each class", .between(0, 1_000_000))
    visitor.key("test", &test, "test images of each class", .between(0, 1_000_000))
    visitor.key("seed", &seed, "what the signs are drawn from; not the run's seed", .atLeast(0))
  }
}

/// What is held out for validation where a data set names no such part.
struct HeldOutShare: Equatable, Sendable {
  var share: Double?

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.optionalKey(
      "validationShare", &share, "share of the training images, class by class, that is for validation where no such part is named",
      .between(0, below: 1))
  }
}

/// Settings of image files in one folder a class.
struct ClassFolderSettings: Section {
  var root: String?
  var train: String?
  var validation: String?
  var test: String?
  var heldOut = HeldOutShare()

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.optionalKey("root", &root, "the folder with train, val and test, or with the class folders of training images", .path)
    visitor.optionalKey("train", &train, "folder of the training images' class folders, where it is called otherwise", .path)
    visitor.optionalKey("validation", &validation, "folder of the validation images' class folders", .path)
    visitor.optionalKey("test", &test, "folder of the test images' class folders", .path)
    heldOut.visit(&visitor)
  }
}

/// Settings of images that lists name.
struct ImageListSettings: Section {
  var root: String?
  var train: String?
  var validation: String?
  var test: String?
  var images: String?
  var classes: ClassNameSource?
  var heldOut = HeldOutShare()

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.optionalKey("root", &root, "the folder that the other paths start from; without it they are taken as they are", .path)
    visitor.optionalKey("train", &train, "list of the training images", .path)
    visitor.optionalKey("validation", &validation, "list of the validation images", .path)
    visitor.optionalKey("test", &test, "list of the test images", .path)
    visitor.optionalKey("images", &images, "folder that the lists' paths start from; the root when not given", .path)
    visitor.optionalKey("classes", &classes, "names of the classes in the order of their numbers; what the labels are when not given")
    heldOut.visit(&visitor)
  }
}

/// Settings of images that tables name.
struct ImageTableSettings: Section {
  var root: String?
  var table: String?
  var train: String?
  var validation: String?
  var test: String?
  var images: String?
  var pathColumn: String?
  var labelColumn: String?
  var splitColumn: String?
  var pathSuffix: String?
  var classes: ClassNameSource?
  var heldOut = HeldOutShare()

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.optionalKey("root", &root, "the folder that the other paths start from; without it they are taken as they are", .path)
    visitor.optionalKey("table", &table, "one table for all splits; without a column that tells them apart all are training images", .path)
    visitor.optionalKey("train", &train, "table of the training images", .path)
    visitor.optionalKey("validation", &validation, "table of the validation images", .path)
    visitor.optionalKey("test", &test, "table of the test images", .path)
    visitor.optionalKey("images", &images, "folder that the tables' paths start from; the root when not given", .path)
    visitor.optionalKey("pathColumn", &pathColumn, "heading of the paths; a usual one, such as path or image, when not given")
    visitor.optionalKey("labelColumn", &labelColumn, "heading of the labels; a usual one, such as label or class, when not given")
    visitor.optionalKey("splitColumn", &splitColumn, "heading of the splits; split or set, where there is one, when not given")
    visitor.optionalKey("pathSuffix", &pathSuffix, "what is added to each path, such as .jpg")
    visitor.optionalKey("classes", &classes, "names of the classes in the order of their numbers; what the labels are when not given")
    heldOut.visit(&visitor)
  }
}

/// Settings of files in MNIST's format.
struct IDXSettings: Section {
  var root: String?
  var trainImages: String?
  var trainLabels: String?
  var validationImages: String?
  var validationLabels: String?
  var testImages: String?
  var testLabels: String?
  var classes: ClassNameSource?
  var heldOut = HeldOutShare()

  mutating func visit(_ visitor: inout some KeyVisitor) {
    func usual(_ name: String) -> String { "\(name)(.gz) in the root when not given" }
    visitor.optionalKey("root", &root, "the folder of the files", .path)
    visitor.optionalKey("trainImages", &trainImages, "file of the training images; \(usual("train-images-idx3-ubyte"))", .path)
    visitor.optionalKey("trainLabels", &trainLabels, "file of the training labels; \(usual("train-labels-idx1-ubyte"))", .path)
    visitor.optionalKey("validationImages", &validationImages, "file of the validation images", .path)
    visitor.optionalKey("validationLabels", &validationLabels, "file of the validation labels", .path)
    visitor.optionalKey("testImages", &testImages, "file of the test images; \(usual("t10k-images-idx3-ubyte"))", .path)
    visitor.optionalKey("testLabels", &testLabels, "file of the test labels; \(usual("t10k-labels-idx1-ubyte"))", .path)
    visitor.optionalKey("classes", &classes, "names of the classes in the order of their numbers; the numbers when not given")
    heldOut.visit(&visitor)
  }
}

/// Settings of the two CIFARs.
struct CIFARSettings: Section {
  var root = ""
  var heldOut = HeldOutShare()

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.requiredKey("root", &root, "the folder with the files, or with the folder that their archive unpacks to", .path)
    heldOut.visit(&visitor)
  }
}
