import Foundation
import Tensors

/// Finds the files of a data set and pairs them up.
enum FileListing {
  /// Extensions of pictures, in lower case.
  static let imageExtensions = ["png", "jpg", "jpeg"]

  /// Files below a folder, by their path inside it without extension and `suffix`. Names that begin with a dot are left out,
  /// as are files that do not end in `suffix`.
  /// - Throws: `.missingInput` where there is no folder, `.badData` where two files have the same name.
  static func files(in folder: String, extensions: [String], suffix: String = "") throws -> [String: String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw LongtailError(.missingInput, "\(folder): there is no such folder")
    }
    var found: [String: String] = [:]
    for path in try walk(folder, below: "", extensions: extensions, depth: 0) {
      let stem = String(path[..<(path.lastIndex(of: ".") ?? path.endIndex)])
      guard stem.hasSuffix(suffix) else { continue }
      let key = String(stem.dropLast(suffix.count))
      if let other = found[key] {
        throw LongtailError(.badData, "\(folder)/\(path): \(other) has the same name; which one is meant?")
      }
      found[key] = "\(folder)/\(path)"
    }
    return found
  }

  /// Paths of the files below a folder, in order. Links are followed, to a depth that no data set needs but a circle of links exceeds.
  private static func walk(_ folder: String, below prefix: String, extensions: [String], depth: Int) throws -> [String] {
    guard depth < 16 else { throw LongtailError(.badData, "\(folder)/\(prefix): folders are nested too deeply; do links run in a circle?") }
    let place = prefix.isEmpty ? folder : "\(folder)/\(prefix)"
    let entries: [String]
    do { entries = try FileManager.default.contentsOfDirectory(atPath: place) } catch {
      throw LongtailError(.inputOutput, "\(place): the folder cannot be listed: \(error.localizedDescription)")
    }
    var paths: [String] = []
    for entry in entries.sorted() where !entry.hasPrefix(".") {
      let path = prefix.isEmpty ? entry : "\(prefix)/\(entry)"
      if let dot = entry.lastIndex(of: "."), extensions.contains(entry[entry.index(after: dot)...].lowercased()) {
        paths.append(path)
        continue
      }
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder), isFolder.boolValue {
        paths += try walk(folder, below: path, extensions: extensions, depth: depth + 1)
      }
    }
    return paths
  }

  /// The samples that a list names: the first word of each line, without an extension. Empty lines and lines with `#` are left out.
  /// - Throws: `.missingInput`, `.badData` where it is no text or names something twice.
  static func names(in list: String) throws -> [String] {
    var names: [String] = []
    var seen = Set<String>()
    for words in try rows(in: list) {
      guard let word = words.first else { continue }
      let name = withoutExtension(word)
      guard seen.insert(name).inserted else { throw LongtailError(.badData, "\(list): \(name) stands in it twice") }
      names.append(name)
    }
    return names
  }

  /// The words of each line of a list. Empty lines and lines with `#` are left out.
  /// - Throws: `.missingInput`, `.badData` where it is no text.
  static func rows(in list: String) throws -> [[String]] {
    guard FileManager.default.fileExists(atPath: list) else { throw LongtailError(.missingInput, "\(list): there is no such list") }
    guard let data = FileManager.default.contents(atPath: list), let text = String(data: data, encoding: .utf8) else {
      throw LongtailError(.badData, "\(list): not a text file in UTF-8")
    }
    return text.split(whereSeparator: \.isNewline).compactMap { line in
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let first = words.first, !first.hasPrefix("#") else { return [String]?.none }
      return words
    }
  }

  /// A name without the ending of a picture.
  private static func withoutExtension(_ name: String) -> String {
    guard let dot = name.lastIndex(of: "."), imageExtensions.contains(name[name.index(after: dot)...].lowercased()) else { return name }
    return String(name[..<dot])
  }

  /// The pairs that a list names by two paths in each line: the picture and its labels.
  /// - Parameter root: the folder that paths start from.
  /// - Throws: `.missingInput` for a file that does not exist, `.badData` for a line with fewer words, or a picture that stands in it twice.
  static func pairs(in list: String, root: String) throws -> [PairedFiles.Pair] {
    var seen = Set<String>()
    let pairs = try rows(in: list).enumerated().map { place, words -> PairedFiles.Pair in
      guard words.count >= 2 else {
        throw LongtailError(
          .badData, "\(list): entry \(place + 1), \(words[0]), has no second path",
          advice: "Without folders of pictures and labels, each line names both: picture.jpg labels.png")
      }
      let paths = words.prefix(2).map { $0.hasPrefix("/") ? $0 : "\(root)/\($0)" }
      for path in paths where !FileManager.default.fileExists(atPath: path) {
        throw LongtailError(.missingInput, "\(list): it names \(path), but there is no such file")
      }
      let name = withoutExtension(words[0])
      guard seen.insert(name).inserted else { throw LongtailError(.badData, "\(list): \(name) stands in it twice") }
      return PairedFiles.Pair(identifier: name, image: paths[0], labels: paths[1])
    }
    return pairs.sorted { $0.identifier < $1.identifier }
  }

  /// Whether there is a folder.
  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Whether there is anything at a path.
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// Pairs pictures with labels of the same name, in the order of their names.
  /// - Parameter names: only these; all by default. Entries may carry folders in front that do not exist here.
  /// - Throws: `.badData` naming what has no partner, `.missingInput` naming what a list asks for in vain.
  static func pairs(
    images: [String: String], labels: [String: String], names: [String]?, list: String = ""
  ) throws -> [PairedFiles.Pair] {
    var result: [PairedFiles.Pair] = []
    if let names {
      let imageKeys = byShortName(images)
      let labelKeys = byShortName(labels)
      for name in names {
        let short = name.split(separator: "/").last.map(String.init) ?? name
        guard let image = images[name] ?? imageKeys[short] else {
          throw LongtailError(.missingInput, "\(list): it names \(name), but there is no such picture")
        }
        guard let label = labels[name] ?? labelKeys[short] else {
          throw LongtailError(.missingInput, "\(list): it names \(name), but there is no such label file")
        }
        result.append(PairedFiles.Pair(identifier: short, image: image, labels: label))
      }
    } else {
      try requirePartners(of: images, in: labels, missing: "label file")
      try requirePartners(of: labels, in: images, missing: "picture")
      for (key, image) in images {
        if let label = labels[key] { result.append(PairedFiles.Pair(identifier: key, image: image, labels: label)) }
      }
    }
    return result.sorted { $0.identifier < $1.identifier }
  }

  /// Paths by the last part of their names, where that is unique.
  private static func byShortName(_ files: [String: String]) -> [String: String] {
    Dictionary(grouping: files.keys) { key in key.split(separator: "/").last.map(String.init) ?? key }
      .compactMapValues { $0.count == 1 ? files[$0[0]] : nil }
  }

  private static func requirePartners(of files: [String: String], in others: [String: String], missing: String) throws {
    let alone = files.filter { others[$0.key] == nil }.map(\.value).sorted()
    guard let first = alone.first else { return }
    let shown = alone.prefix(5).dropFirst().map { ", \($0)" }.joined()
    let more = alone.count > 5 ? " and \(alone.count - 5) more" : ""
    throw LongtailError(
      .badData, "\(first)\(shown)\(more): no \(missing) of the same name",
      advice: "Pictures and labels are paired by name without extension; complete the pair, or name the samples in a list.")
  }
}
