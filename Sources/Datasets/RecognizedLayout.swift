import Tensors

/// A data set that was recognized by its files, with settings that open it.
public struct RecognizedLayout: Sendable {
  /// A setting that the configuration should spell out.
  package struct Setting: Sendable {
    /// The key in `data.settings`.
    package var key: String
    /// Its value.
    package var value: SettingValue
    /// What a comment beside it says; empty for none.
    package var remark = ""

    /// Creates a setting.
    package init(key: String, value: SettingValue, remark: String = "") {
      (self.key, self.value, self.remark) = (key, value, remark)
    }
  }

  /// The name in the registry.
  package var dataset: String
  /// The value of `data.root`.
  package var root: String
  /// What else it needs, in the order to write it.
  package var settings: [Setting] = []

  /// What a person has to decide or check, in sentences.
  package var notes: [String] = []

  /// Describes a data set.
  package init(dataset: String, root: String, settings: [Setting] = []) {
    (self.dataset, self.root, self.settings) = (dataset, root, settings)
  }

  /// What the registry is given.
  package var registrySettings: [String: SettingValue] {
    settings.reduce(into: ["root": .string(root)]) { $0[$1.key] = $1.value }
  }

  /// The data set.
  /// - Throws: as `DatasetRegistry.make(name:settings:)`.
  package func open() throws -> any SegmentationDataset { try DatasetRegistry.make(name: dataset, settings: registrySettings) }
}

extension DatasetRegistry {
  /// Finds out which data set lies at a path, by its files. Costs a few looks at folders, and for `folder` one decoding of its labels.
  /// - Throws: `.missingInput` where there is nothing; `.badData` where nothing is recognized, telling what was looked for, and for labels
  ///   that are none.
  package static func recognize(_ path: String) throws -> RecognizedLayout {
    guard let layout = try recognized(path) else { throw unrecognized(path) }
    return layout
  }

  /// As `recognize`, but nil where nothing is recognized.
  /// - Throws: `.missingInput` where there is nothing; `.badData` for labels that are none.
  package static func recognized(_ path: String) throws -> RecognizedLayout? {
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard FileListing.exists(path) else { throw LongtailError(.missingInput, "there is no \(path)") }
    for entry in entries {
      if let layout = try entry.recognize?(path) { return layout }
    }
    return nil
  }

  /// That nothing is recognized at a path.
  /// - Parameter others: layouts of other kinds of data that were looked for too, with their names.
  package static func unrecognized(_ path: String, others: [(name: String, files: String)] = []) -> LongtailError {
    let own = entries.compactMap { entry in entry.layout.map { (name: entry.name, files: $0) } }
    let known = (own + others).map { "\n  \($0.name): \($0.files)" }.joined()
    return LongtailError(
      .badData, "\(path): no data set is recognized in it; these were looked for:\(known)",
      advice: "Name the folder that holds these; or copy Configs/folder-example.yaml and name images and labels in it.")
  }
}
