import Settings
import Tensors

extension Configuration {
  /// Section `method`: how the network is trained beyond one loss at its logits.
  public struct Method: Section {
    /// The method's name in its registry.
    public var name = "plain"
    /// What only this method knows; its registry checks the names.
    public var settings: [String: SettingValue] = [:]

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("name", &name, "plain, or a published recipe; longtail describe method lists them", .notEmpty)
      visitor.key("settings", &settings, "what only this method knows")
    }
  }

  /// A network that takes part in the steps beside the one that is trained, such as a teacher: an entry of `partners`.
  public struct Partner: Section {
    /// The name by which the method knows it.
    public var name = ""
    /// The stage before whose last checkpoint it begins with.
    public var stage: String?
    /// A file that ends in `.safetensors`, or else a directory of checkpoints, that it begins with.
    public var file: String?
    /// What its running statistics do.
    public var mode = Mode.inference
    /// The network; that of the stage, or the one that is trained, when not given.
    public var model: Model?

    /// What a partner's batch norm does.
    public enum Mode: String, CaseIterable, Choice {
      /// It uses running statistics, as teachers do.
      case inference
      /// It uses the statistics of the batch and moves its own, as momentum encoders do.
      case observing
    }

    /// No partner; reading refuses it.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.requiredKey("name", &name, "name by which the method knows it", .notEmpty)
      visitor.optionalKey("stage", &stage, "stage before whose last checkpoint it begins with", .notEmpty)
      visitor.optionalKey("file", &file, "file that ends in .safetensors, or directory of checkpoints, that it begins with", .path)
      visitor.key("mode", &mode, "batch norm by running statistics (inference), or by those of the batch (observing)")
      visitor.section("model", &model, "its network; that of the stage, or the one that is trained, when not given")
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      stage != nil && file != nil ? [Contradiction("file", "there is a `stage` too; leave one of the two out")] : []
    }
  }

  /// One more thing that is minimized: an entry of `terms`.
  public struct Term: Section {
    /// The name in logs and checkpoints; that of the port when not given.
    public var name: String?
    /// The objective's name in its registry.
    public var objective = "crossEntropy"
    /// What only this objective knows.
    public var settings: [String: SettingValue] = [:]
    /// The port of the network that it is measured at.
    public var port = "logits"
    /// What it counts in the sum.
    public var weight = 1.0

    /// Cross-entropy at the logits.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey("name", &name, "name in logs; that of the port when not given", .notEmpty)
      visitor.key("objective", &objective, "name of an objective", .notEmpty)
      visitor.key("settings", &settings, "what only this objective knows")
      visitor.key("port", &port, "output of the network that it is measured at", .notEmpty)
      visitor.key("weight", &weight, "what it counts beside `objective`", .above(0))
    }
  }

  /// What is done to the network behind the last step: an entry of `epilogue`.
  public struct Epilogue: Section {
    /// The name in its registry.
    public var name = ""
    /// What only this one knows; its registry checks the names.
    public var settings: [String: SettingValue] = [:]

    /// None; reading refuses it.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.requiredKey("name", &name, "longtail describe epilogue lists them", .notEmpty)
      visitor.key("settings", &settings, "what only this one knows")
    }
  }

  /// A list of sections, kept as a file has it and read when it is asked for.
  public struct List: Sendable, Equatable {
    /// One mapping for each.
    public var values: [SettingValue]

    /// Takes mappings.
    public init(_ values: [SettingValue]) { self.values = values }
  }

  /// The networks that take part beside the one that is trained.
  /// - Throws: `LongtailError` with code `usage` naming the entry and key.
  public func partnerList() throws -> [Partner] {
    let found: [Partner] = try Configuration.sections(partners, "partners")
    var names = Set<String>()
    for partner in found where !names.insert(partner.name).inserted {
      throw LongtailError(.usage, "partners: there are two called '\(partner.name)'", advice: "Give each a name of its own.")
    }
    return found
  }

  /// What is minimized beside the objective.
  /// - Throws: `LongtailError` with code `usage` naming the entry and key.
  public func termList() throws -> [Term] { try Configuration.sections(terms, "terms") }

  /// What is done to the network behind the last step, in order.
  /// - Throws: `LongtailError` with code `usage` naming the entry and key.
  public func epilogueList() throws -> [Epilogue] { try Configuration.sections(epilogue, "epilogue") }

  private static func sections<Part: Section>(_ list: List?, _ key: String) throws -> [Part] {
    try (list?.values ?? []).enumerated().map { index, value in
      let log = ProblemLog()
      let manner = EntryManner(subject: "\(key)[\(index)]")
      var part = Part()
      SectionReader.read(&part, from: SourceNode(value, origin: manner.origin), manner, log: log)
      try log.throwIfAny(advice: nil)
      return part
    }
  }
}

extension Configuration.List: SettingConvertible {
  /// The name of the type.
  public static var kind: String { "list" }
  /// What was expected.
  public static var expectation: String { "a list of mappings" }
  /// Takes a setting over.
  public init?(setting: SettingValue) {
    guard let values = setting.listValue, values.allSatisfy({ $0.mapValue != nil }) else { return nil }
    self.init(values)
  }
  /// The value to write.
  public var setting: SettingValue { .list(values) }
}
