import Images
import Settings
import Tensors

/// A data set that can be named in a configuration, and the files that it is recognized by.
package struct DatasetEntry: Sendable {
  /// Name, settings, and how it is opened.
  package let entry: RegistryEntry<Void, any SegmentationDataset>
  /// The files by which a folder of it is recognized, for messages; nil where none is.
  package let layout: String?
  /// Looks whether a folder, or a file, is one.
  let recognize: (@Sendable (String) throws -> RecognizedLayout?)?

  /// The name in configurations.
  package var name: String { entry.name }

  /// Describes a data set.
  package init(
    _ entry: RegistryEntry<Void, any SegmentationDataset>, layout: String? = nil,
    recognize: (@Sendable (String) throws -> RecognizedLayout?)? = nil
  ) {
    self.entry = entry
    self.layout = layout
    self.recognize = recognize
  }
}

/// All data sets, by name.
public enum DatasetRegistry {
  /// The data sets; a new one is one more line here.
  package static let entries: [DatasetEntry] = [
    ScenesDataset.entry,
    CamVid.entry,
    Cityscapes.entry,
    ADE20K.entry,
    PascalVOC.entry,
    OxfordPets.entry,
    NYUv2.entry,
    FolderDataset.entry,
  ]

  /// The same without the files that they are recognized by.
  package static let registry = Registry("data set", entries.map(\.entry))

  /// Opens a data set.
  /// - Parameters:
  ///   - name: one of `entries`.
  ///   - settings: its settings.
  ///   - range: which values of image files of 16 bits become black and white.
  /// - Throws: `.usage` for unknown names and keys, with the nearest known one, and for a range where images are no files; what the data
  ///   set throws while its files are listed.
  public static func make(name: String, settings: [String: SettingValue], range: SampleRange? = nil) throws -> any SegmentationDataset {
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
  public static func check(name: String, settings: [String: SettingValue]) throws { try registry.check(name, settings) }

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
