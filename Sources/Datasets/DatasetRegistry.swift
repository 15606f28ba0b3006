import Images
import Settings
import Tensors

/// A data set that can be named in a configuration, and the files that it is recognized by.
public struct DatasetEntry: Sendable {
  /// Name, settings, and how it is opened.
  public let entry: RegistryEntry<Void, any SegmentationDataset>
  /// The files by which a folder of it is recognized, for messages; nil where none is.
  public let layout: String?
  /// Looks whether a folder, or a file, is one.
  let recognize: (@Sendable (String) throws -> RecognizedLayout?)?

  /// The name in configurations.
  public var name: String { entry.name }

  /// Describes a data set.
  /// - Parameters:
  ///   - entry: name, settings, and how it is opened.
  ///   - layout: the files by which a folder of it is recognized, in words; nil where none is.
  ///   - recognize: looks whether a folder, or a file, is one.
  public init(
    _ entry: RegistryEntry<Void, any SegmentationDataset>, layout: String? = nil,
    recognize: (@Sendable (String) throws -> RecognizedLayout?)? = nil
  ) {
    self.entry = entry
    self.layout = layout
    self.recognize = recognize
  }
}

/// The data sets with a class for every pixel, by name. A program adds its own with `register`.
public enum DatasetRegistry {
  /// The data sets of the house; a new one is one more line here.
  private static let list = ExtensibleList<DatasetEntry>(
    "data set",
    [
      ScenesDataset.entry,
      CamVid.entry,
      Cityscapes.entry,
      ADE20K.entry,
      PascalVOC.entry,
      OxfordPets.entry,
      NYUv2.entry,
      FolderDataset.entry,
    ], name: \.name)

  /// The data sets; those that a program has registered stand last.
  package static var entries: [DatasetEntry] { list.elements }

  /// The same without the files that they are recognized by.
  package static let registry = Registry(list) { $0.entry }

  /// Adds a data set with a class for every pixel of your own, which configurations then name as any other.
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun.
  public static func register(_ entry: DatasetEntry) throws { try list.register(entry) }

  /// Opens a data set.
  /// - Parameters:
  ///   - name: one of `entries`.
  ///   - settings: its settings.
  ///   - range: which values of image files of 16 bits become black and white.
  /// - Throws: `.usage` for unknown names and keys, with the nearest known one, and for a range where images are no files; what the data
  ///   set throws while its files are listed.
  package static func make(name: String, settings: [String: SettingValue], range: SampleRange? = nil) throws -> any SegmentationDataset {
    let dataset = try registry.make(name, settings, ())
    guard let range else { return dataset }
    guard var files = dataset as? PairedFiles else {
      throw LongtailError(
        .usage, "data.range is for image files of 16 bits, and data set \(name) has none", advice: "Leave data.range out.")
    }
    files.range = range
    return files
  }

  /// Refuses a name or settings as `make` does, without reading files.
  /// - Throws: `.usage` for unknown names and keys, with the nearest known one, and values that cannot be.
  package static func check(name: String, settings: [String: SettingValue]) throws { try registry.check(name, settings) }

  /// What people may read about data sets.
  package static var description: KindDescription {
    registry.description(
      name: "dataset", summary: "what to train on", place: "Settings are keys of `data.settings`; `root` is written as `data.root`.")
  }
}

/// The settings of a data set that has a place and nothing else to choose.
struct RootSettings: Section {
  /// Where its files are.
  var root = ""
  private let meaning: String

  init() { self.init("the folder of its files") }

  /// - Parameter meaning: what lies there.
  init(_ meaning: String) { self.meaning = meaning }

  mutating func visit(_ visitor: inout some KeyVisitor) { visitor.requiredKey("root", &root, meaning, .path) }
}
