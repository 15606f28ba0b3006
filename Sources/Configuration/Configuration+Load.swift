import Foundation
import Settings
import Tensors

extension Configuration {
  /// Reads a configuration file, the file that it `extends` if any, and the overrides, in this order of precedence from low to high:
  /// defaults, the extended file, the file, the overrides from left to right.
  ///
  /// - Parameters:
  ///   - path: a YAML file. `extends: other.yaml` in it is looked for beside it, and must not extend a third one.
  ///   - overrides: texts such as `training.epochs=3`; the value is YAML. `key=null` takes a value away.
  /// - Throws: `LongtailError`: `.missingInput` when a file is not there, `.inputOutput` when it cannot be read, and `.usage` with every
  ///   unknown key, wrong type and value out of range, each with file, line and key.
  package static func load(_ path: String, overrides: [String] = []) throws -> Configuration {
    let node = try merged(try document(path, askedFor: nil), at: path, overrides: overrides)
    return try read(node, name: name(ofFile: path))
  }

  /// Reads a configuration from text, as `load` does from a file.
  /// - Parameter name: stands for the file's name in messages and in `outputDirectory`.
  /// - Throws: as `load`.
  package init(yaml: String, name: String = "configuration", overrides: [String] = []) throws {
    let source = "\(name).yaml"
    let node = try Configuration.merged(SourceNode(yaml: yaml, origin: Origin(source)), at: source, overrides: overrides)
    self = try Configuration.read(node, name: name)
  }

  /// `Configs/camvid-unet-pat.yaml` is named `camvid-unet-pat`; a run directory's `config.yaml` is named after the directory.
  private static func name(ofFile path: String) -> String {
    let url = URL(fileURLWithPath: path).standardizedFileURL
    let stem = url.deletingPathExtension().lastPathComponent
    return stem == "config" ? url.deletingLastPathComponent().lastPathComponent : stem
  }

  private static func document(_ path: String, askedFor parent: String?) throws -> SourceNode {
    let asked = parent.map { "\($0): `extends` names \(path), but " } ?? "\(path): "
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw LongtailError(.missingInput, "\(asked)there is no such file", advice: nearby(path))
    }
    guard !isDirectory.boolValue else {
      throw LongtailError(
        .missingInput, "\(asked)this is a directory, not a configuration file",
        advice: "Name the .yaml file; that of a run is config.yaml in its directory.")
    }
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw LongtailError(.inputOutput, "\(path): cannot be read: \(error.localizedDescription)", advice: "Check its permissions.")
    }
    guard let text = String(data: bytes, encoding: .utf8) else {
      throw LongtailError(.usage, "\(path): this is not text in UTF-8", advice: "A configuration is a YAML file.")
    }
    return try SourceNode(yaml: text, origin: Origin(path))
  }

  /// Files whose name is close to one that is missing.
  private static func nearby(_ path: String) -> String? {
    let url = URL(fileURLWithPath: path)
    let directory = url.deletingLastPathComponent()
    let others = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    let candidates = others.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
    if let near = nearest(url.lastPathComponent, among: candidates) { return "Did you mean \(near)?" }
    return candidates.isEmpty ? nil : "There are: \(candidates.joined(separator: ", "))."
  }

  private static func merged(_ document: SourceNode, at path: String, overrides: [String]) throws -> SourceNode {
    var node = try withBase(document, at: path)
    for text in overrides {
      let override = try SourceNode.override(text)
      if override.value(of: "extends") != nil {
        throw LongtailError(.usage, "\(override.origin): `extends` belongs in a file", advice: "Start from the other file instead.")
      }
      node = (node.isNull ? SourceNode(.map([]), origin: node.origin) : node).overlaid(with: override)
    }
    return node
  }

  private static func withBase(_ document: SourceNode, at path: String) throws -> SourceNode {
    guard case .map(let entries) = document.content, let extends = entries.first(where: { $0.key == "extends" }) else { return document }
    guard let relative = extends.value.setting.stringValue, !relative.trimmed.isEmpty else {
      throw LongtailError(
        .usage, "\(extends.origin): `extends` is \(extends.value.setting), expected the path of one file",
        advice: "Write it relative to this file: extends: other.yaml")
    }
    let directory = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    let basePath = relative.hasPrefix("/") ? relative : directory + relative
    let base = try self.document(basePath, askedFor: "\(extends.origin)")
    if let further = base.entries?.first(where: { $0.key == "extends" }) {
      throw LongtailError(
        .usage, "\(further.origin): a file that is extended must not extend another (\(path) extends it)",
        advice: "Only one level is allowed: copy the keys of the third file into \(basePath).")
    }
    let own = SourceNode(.map(entries.filter { $0.key != "extends" }), origin: document.origin)
    return base.isNull ? own : base.overlaid(with: own)
  }

  private static func read(_ node: SourceNode, name: String) throws -> Configuration {
    let log = ProblemLog()
    var configuration = Configuration()
    configuration.name = name
    let manner = FileManner(origin: node.origin, allKeys: allKeys, commonNames: commonNames)
    SectionReader.read(&configuration, from: node, manner, log: log)
    try log.throwIfAny(advice: "The files in Configs/ are commented examples.")
    return configuration
  }

  /// Every key, whole, in the order of the listing.
  static var allKeys: [String] {
    SectionWriter.lines(of: Configuration(), listsAbsentSections: true).map(\.path)
  }
}
