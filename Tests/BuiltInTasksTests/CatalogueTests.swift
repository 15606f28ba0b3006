import BuiltInTasks
import Configuration
import Datasets
import Detection
import Foundation
import Models
import Objectives
import Optimizers
import Recognition
import Settings
import Tensors
import TestSupport
import Testing
import Training

/// What can be named in a configuration describes itself, and refuses what it does not know.
@Suite struct CatalogueTests {
  init() throws { try BuiltInParts.register() }

  struct Thing: CustomTestStringConvertible, Sendable {
    let kind: KindDescription
    let entry: EntryDescription
    var testDescription: String { "\(kind.name) \(entry.name)" }
  }

  static let things = {
    // Arguments are made before the suite, whose `init` says what went wrong.
    try? BuiltInParts.register()
    return Catalogue.kinds.flatMap { kind in kind.entries.map { Thing(kind: kind, entry: $0) } }
  }()

  @Test func kindsAndNames() throws {
    #expect(
      Catalogue.kinds.map(\.name) == [
        "section", "objective", "task", "dataset", "sampler", "model", "method", "epilogue", "optimizer",
      ])
    #expect(try Catalogue.kind("objectives").entries.map(\.name) == ObjectiveRegistry.names)
    #expect(try Catalogue.kind("optimizer").entries.map(\.name) == OptimizerRegistry.names)
    #expect(try Catalogue.kind("Section").entries.map(\.name).prefix(4) == ["top", "data", "model", "objective"])
    #expect(Set(Self.things.map(\.testDescription)).count == Self.things.count)
    let near = longtailError { try Catalogue.kind("objektive") }
    #expect(near?.code == .usage && near?.advice?.hasPrefix("Did you mean 'objective'?") == true)
    #expect(longtailError { try Catalogue.kind("pat") }?.advice == "Try longtail describe objective pat.")
  }

  @Test(arguments: things) func everythingIsExplained(_ thing: Thing) {
    let entry = thing.entry
    #expect(!entry.summary.isEmpty)
    if thing.kind.name != "section" { #expect(entry.about.hasSuffix("."), "one or two sentences") }
    // What comes from a paper says from which; the rest is nobody's, or one's own.
    let withoutPaper = [
      "crossEntropy", "sigmoid", "weightedSum", "scenes", "folder", "shuffled", "weighted", "balancedCopies", "glyphs", "list", "csv",
      "idx",
      "boxes", "plain",
    ]
    if !["section", "task"].contains(thing.kind.name) {
      #expect((entry.source == nil) == withoutPaper.contains(entry.name.split(separator: ".").last.map(String.init) ?? ""))
    }
    #expect(Set(entry.settings.map(\.path)).count == entry.settings.count)
    // The head of a section has no value and so no type.
    for setting in entry.settings {
      #expect(!setting.meaning.isEmpty && (!setting.kind.isEmpty || setting.value == nil), "\(setting.path)")
    }
  }

  /// The check that `longtail train` makes, for any of the kinds that have registries of things with settings.
  private func check(_ kind: String, _ name: String, _ settings: [String: SettingValue]) throws {
    switch kind {
    case "objective": try ObjectiveRegistry.check(name, settings: settings)
    case "dataset":
      // Those of other tasks than segmentation have its name in front.
      switch name.split(separator: ".").map(String.init) {
      case let parts where parts.count == 2 && parts[0] == "recognition": try RecognitionDatasets.check(parts[1], settings: settings)
      case let parts where parts.count == 2: try DetectionDatasets.registry.check(parts[1], settings)
      default: try DatasetRegistry.check(name: name, settings: settings)
      }
    case "method": try MethodRegistry.check(name, settings: settings)
    case "epilogue": try EpilogueRegistry.check(name, settings: settings)
    case "sampler": try SamplerRegistry.check(name, settings: settings)
    case "model": try ModelRegistry.check(name, settings: settings)
    case "optimizer": try OptimizerRegistry.check(name, settings: settings)
    default: throw LongtailError(.internalError, "the test knows no kind \(kind)")
    }
  }

  /// Something that a required key takes.
  private static func example(_ setting: SettingLine) -> SettingValue {
    if setting.kind.hasPrefix("list") { return ["road"] }
    return setting.kind == "mapping" ? ["road": 2] : "/data"
  }

  /// The settings in which a path such as `projection.width` has a value.
  private static func nested(_ path: String, _ value: SettingValue) -> [String: SettingValue] {
    let parts = path.split(separator: ".").map(String.init)
    return [parts[0]: parts.dropFirst().reversed().reduce(value) { .map([$1: $0]) }]
  }

  @Test(arguments: things.filter { !["section", "task"].contains($0.kind.name) }) func itsOwnDefaultsAreTaken(_ thing: Thing) throws {
    var settings: [String: SettingValue] = [:]
    for setting in thing.entry.settings {
      guard let value = setting.isRequired ? Self.example(setting) : setting.value else { continue }
      settings.merge(Self.nested(setting.path, value)) { $0.joined(with: $1) }
    }
    try check(thing.kind.name, thing.entry.name, settings)
  }

  @Test(arguments: things.filter { !["section", "task"].contains($0.kind.name) }) func misspelledKeysAreRefused(_ thing: Thing) {
    let given = thing.entry.settings.filter { $0.isRequired && $0.depth == 0 }.map { ($0.path, Self.example($0)) }
    for setting in thing.entry.settings.map(\.path) + ["nonsense"] {
      let wrong = setting == "nonsense" ? setting : "\(setting)s"
      let failure = longtailError {
        try check(thing.kind.name, thing.entry.name, Dictionary(given, uniquingKeysWith: { $1 }).merging(Self.nested(wrong, 1)) { $1 })
      }
      #expect(failure?.code == .usage && failure?.message.contains("'\(wrong)'") == true, "\(String(describing: failure))")
      #expect(failure?.message.contains(thing.entry.name.split(separator: ".").last ?? "") == true)
      let key = setting.split(separator: ".").last.map(String.init) ?? setting
      if wrong != setting { #expect(failure?.advice?.hasPrefix("Did you mean '\(key)'?") == true, "\(String(describing: failure))") }
    }
  }

  @Test(arguments: things.filter { $0.kind.name == "section" }) func misspelledKeysOfSectionsAreRefused(_ thing: Thing) {
    for setting in thing.entry.settings {
      var value: SettingValue = 1
      for (place, part) in setting.path.split(separator: ".").reversed().enumerated() {
        value = .map([place == 0 ? "x\(part)" : String(part): value])
      }
      let failure = longtailError { try Configuration(yaml: value.yaml, name: "my") }
      #expect(failure?.code == .usage)
      var parts = setting.path.split(separator: ".").map(String.init)
      parts[parts.count - 1] = "x\(parts[parts.count - 1])"
      let wrong = parts.joined(separator: ".")
      #expect(failure?.message == "my.yaml:1: unknown key `\(wrong)`; did you mean `\(setting.path)`?")
    }
  }

  @Test(arguments: ConfigurationFilesTests.files) func configurationsNameWhatThereIs(_ file: String) throws {
    let configuration = try Configuration.load("\(ConfigurationFilesTests.directory)/\(file)")
    try configuration.checkNames()
    var wrong = configuration
    wrong.objective.settings["exponnent"] = 1
    #expect(longtailError { try wrong.checkNames() }?.message.contains("'exponnent'") == true)
    wrong = configuration
    wrong.model.settings["outputStrid"] = 8
    #expect(longtailError { try wrong.checkNames() }?.message.contains("'outputStrid'") == true)
  }

  @Test func thePageNamesEveryKind() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sources/Settings/Settings.docc/Settings.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    for kind in Catalogue.kinds { #expect(text.contains("`\(kind.name)`"), "\(kind.name)") }
  }
}

extension SettingValue {
  /// Two mappings in one; of other values the second.
  fileprivate func joined(with other: SettingValue) -> SettingValue {
    guard let (own, more) = mapValue.flatMap({ own in other.mapValue.map { (own, $0) } }) else { return other }
    return .map(own.merging(more) { $0.joined(with: $1) })
  }
}
