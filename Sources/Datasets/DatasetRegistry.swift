import Images
import Tensors

/// A data set that can be named in a configuration.
public struct DatasetEntry: Sendable {
  /// The name.
  public let name: String
  /// One line about it.
  public let summary: String
  /// The keys that it understands, each with a line about it.
  public let settings: [(key: String, summary: String)]
  /// The files by which a folder of it is recognized, for messages; nil where none is.
  public let layout: String?
  /// Looks whether a folder, or a file, is one.
  let recognize: (@Sendable (String) throws -> RecognizedLayout?)?
  /// Opens it.
  let make: @Sendable (DatasetSettings) throws -> any SegmentationDataset

  /// Describes a data set.
  public init(
    name: String, summary: String, settings: [(key: String, summary: String)], layout: String? = nil,
    recognize: (@Sendable (String) throws -> RecognizedLayout?)? = nil,
    make: @escaping @Sendable (DatasetSettings) throws -> any SegmentationDataset
  ) {
    self.name = name
    self.summary = summary
    self.settings = settings
    self.layout = layout
    self.recognize = recognize
    self.make = make
  }
}

/// All data sets, by name.
public enum DatasetRegistry {
  /// The data sets; a new one is one more line here.
  public static let entries: [DatasetEntry] = [
    ScenesDataset.entry,
    CamVid.entry,
    Cityscapes.entry,
    ADE20K.entry,
    PascalVOC.entry,
    OxfordPets.entry,
    NYUv2.entry,
    FolderDataset.entry,
  ]

  /// Opens a data set.
  /// - Parameters:
  ///   - name: one of `entries`.
  ///   - settings: its settings.
  ///   - range: which values of image files of 16 bits become black and white.
  /// - Throws: `.usage` for unknown names and keys, with the nearest known one, and for a range where images are no files; what the data set
  ///   throws while its files are listed.
  public static func make(name: String, settings: [String: SettingValue], range: SampleRange? = nil) throws -> any SegmentationDataset {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw LongtailError.unknownName("data set", name, known: entries.map(\.name))
    }
    let keys = entry.settings.map(\.key)
    for key in settings.keys.sorted() where !keys.contains(key) {
      throw LongtailError.unknownName("setting", key, known: keys, at: "data set \(name)")
    }
    let dataset = try entry.make(DatasetSettings(dataset: name, values: settings))
    guard let range else { return dataset }
    guard var files = dataset as? PairedFiles else {
      throw LongtailError(
        .usage, "data.range is for image files of 16 bits, and data set \(name) has none", advice: "Leave data.range out.")
    }
    files.range = range
    return files
  }
}
