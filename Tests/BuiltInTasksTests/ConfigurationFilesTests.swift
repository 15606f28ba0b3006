import BuiltInTasks
import Configuration
import Datasets
import Foundation
import Models
import Objectives
import Optimizers
import Tensors
import TestSupport
import Testing

@testable import Training

/// Each file in `Configs/` through the registries that will read it: none may name a setting that does not exist.
@Suite struct ConfigurationFilesTests {
  init() throws { try BuiltInParts.register() }

  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Configs").path

  static let files: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter { $0.hasSuffix(".yaml") }
    .sorted()

  @Test func thereAreFiles() { #expect(Self.files.count >= 6) }

  @Test(arguments: files) func everySettingExists(_ file: String) throws {
    let configuration = try Configuration.load("\(Self.directory)/\(file)")
    let classes = try self.classes(configuration, file)
    _ = try ObjectiveRegistry.make(configuration.objective.name, settings: configuration.objective.settings, context: context(classes))
    _ = try OptimizerRegistry.make(configuration.optimizer.name, settings: configuration.optimizer.registrySettings, parameterCount: 8)
    _ = try ModelRegistry.make(
      configuration.model.name, width: configuration.model.width, classes: classes, settings: configuration.model.settings)
  }

  /// What the test above relies on: a setting that no registry knows is refused, also where the files of the data set are absent.
  @Test(arguments: files) func unknownSettingsAreRefused(_ file: String) throws {
    let configuration = try Configuration.load("\(Self.directory)/\(file)")
    let (objective, optimizer) = (configuration.objective, configuration.optimizer)
    let wrong: [String: SettingValue] = ["nonsense": 1]
    let failures = [
      longtailError {
        var changed = configuration
        changed.data.settings.merge(wrong) { $1 }
        try TaskRegistry.entry(of: changed).check(changed)
      },
      longtailError {
        try ObjectiveRegistry.make(objective.name, settings: objective.settings.merging(wrong) { $1 }, context: context(11))
      },
      longtailError {
        try OptimizerRegistry.make(optimizer.name, settings: optimizer.registrySettings.merging(wrong) { $1 }, parameterCount: 8)
      },
    ]
    for failure in failures {
      #expect(failure?.code == .usage)
      #expect(failure?.message.contains("nonsense") == true)
    }
  }

  private func context(_ classes: Int) -> ObjectiveContext {
    ObjectiveContext(
      classes: classes, pixelCounts: [Int64](repeating: 1000, count: classes), imageCounts: [Int64](repeating: 10, count: classes),
      images: 100)
  }

  /// The number of classes; where the files are absent, the settings are checked all the same.
  private func classes(_ configuration: Configuration, _ file: String) throws -> Int {
    do {
      return try TaskRegistry.make(configuration).dataset.classes.count
    } catch let error as LongtailError where error.code == .missingInput {
      print("\(file): only the settings of its data set were checked: \(error.message)")
      return configuration.data.settings["classes"]?.listValue?.count ?? CamVid.classes.count
    }
  }
}
