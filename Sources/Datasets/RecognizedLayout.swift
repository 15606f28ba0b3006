import Tensors

/// A data set that was recognized by its files, with settings that open it.
public struct RecognizedLayout: Sendable {
  /// A setting that the configuration should spell out.
  public struct Setting: Sendable {
    /// The key in `data.settings`.
    public var key: String
    /// Its value.
    public var value: SettingValue
    /// What a comment beside it says; empty for none.
    public var remark = ""

    /// Puts a setting together.
    public init(key: String, value: SettingValue, remark: String = "") {
      (self.key, self.value, self.remark) = (key, value, remark)
    }
  }

  /// The name in the registry.
  public var dataset: String
  /// The value of `data.root`.
  public var root: String
  /// What else it needs, in the order to write it.
  public var settings: [Setting] = []

  /// What a person has to decide or check, in sentences.
  public var notes: [String] = []

  /// Describes a data set.
  public init(dataset: String, root: String, settings: [Setting] = []) {
    (self.dataset, self.root, self.settings) = (dataset, root, settings)
  }

  /// What the registry is given.
  public var registrySettings: [String: SettingValue] {
    settings.reduce(into: ["root": .string(root)]) { $0[$1.key] = $1.value }
  }

  /// The data set.
  /// - Throws: as `DatasetRegistry.make(name:settings:)`.
  public func open() throws -> any SegmentationDataset { try DatasetRegistry.make(name: dataset, settings: registrySettings) }
}

extension DatasetRegistry {
  /// Finds out which data set lies at a path, by its files. Costs a few looks at folders, and for `folder` one decoding of its labels.
  /// - Throws: `.missingInput` where there is nothing; `.badData` where nothing is recognized, telling what was looked for, and for labels that
  ///   are none.
  public static func recognize(_ path: String) throws -> RecognizedLayout {
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard FileListing.exists(path) else { throw LongtailError(.missingInput, "there is no \(path)") }
    for entry in entries {
      if let layout = try entry.recognize?(path) { return layout }
    }
    let known = entries.compactMap { entry in entry.layout.map { "\n  \(entry.name): \($0)" } }.joined()
    throw LongtailError(
      .badData, "\(path): no data set is recognized in it; these were looked for:\(known)",
      advice: "Name the folder that holds these; or copy Configs/folder-example.yaml and name pictures and labels in it.")
  }
}
