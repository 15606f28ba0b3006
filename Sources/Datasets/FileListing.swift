import Foundation
import Tensors

/// Finds the files of a data set and pairs them up.
package enum FileListing {
  /// Extensions of images, in lower case.
  package static let imageExtensions = ["png", "jpg", "jpeg"]

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
  package static func walk(_ folder: String, below prefix: String, extensions: [String], depth: Int) throws -> [String] {
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

  /// Whether a folder, or one below it, holds a file with one of these endings.
  static func holds(_ folder: String, extensions: [String]) -> Bool {
    (try? walk(folder, below: "", extensions: extensions, depth: 0).isEmpty) == false
  }

  /// A name without the ending of an image.
  static func withoutExtension<Text: StringProtocol>(_ name: Text) -> Text.SubSequence {
    guard let dot = name.lastIndex(of: "."), imageExtensions.contains(name[name.index(after: dot)...].lowercased()) else {
      return name[...]
    }
    return name[..<dot]
  }

  /// Whether there is a folder.
  package static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Whether there is anything at a path.
  package static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// Pairs images with labels of the same name, in the order of their names. The labels of `x.jpg` may be called `x.png` or `x.jpg.png`.
  /// - Parameters:
  ///   - list: only the samples that it names; all by default. Entries may carry folders in front that do not exist here.
  ///   - places: folders that paths in the list may start from.
  /// - Throws: `.badData` naming what has no partner, `.missingInput` naming what a list names and is not there.
  static func pairs(
    images: [String: String], labels: [String: String], list: String? = nil, places: [String] = []
  ) throws -> [PairedFiles.Pair] {
    let labels = try byImages(labels, images)
    if let list { return try pairs(images: images, labels: labels, list: SampleList(contentsOf: list), places: places) }
    try requirePartners(of: images, in: labels, missing: "label file")
    try requirePartners(of: labels, in: images, missing: "image")
    return images.compactMap { key, image in labels[key].map { PairedFiles.Pair(identifier: key, image: image, labels: $0) } }
      .sorted { $0.identifier < $1.identifier }
  }

  /// Label files by the keys of their images, where some have the image's whole name in front of their ending.
  /// - Throws: `.badData` for an image with labels of both kinds.
  private static func byImages(_ labels: [String: String], _ images: [String: String]) throws -> [String: String] {
    var result = labels
    for (key, image) in images {
      guard let dot = image.lastIndex(of: ".") else { continue }
      let whole = key + image[dot...]
      guard let file = labels[whole], images[whole] == nil else { continue }
      if let other = labels[key] {
        throw LongtailError(.badData, "\(image): both \(other) and \(file) may be its labels", advice: "Leave one of the two there.")
      }
      result[whole] = nil
      result[key] = file
    }
    return result
  }

  private static func requirePartners(of files: [String: String], in others: [String: String], missing: String) throws {
    let alone = files.filter { others[$0.key] == nil }.map(\.value).sorted()
    guard let first = alone.first else { return }
    let shown = alone.prefix(5).dropFirst().map { ", \($0)" }.joined()
    let more = alone.count > 5 ? " and \(alone.count - 5) more" : ""
    throw LongtailError(
      .badData, "\(first)\(shown)\(more): no \(missing) of the same name",
      advice: suffixAdvice(files, others)
        ?? "Images and labels are paired by name without extension; complete the pair, or name the samples in a list.")
  }

  /// What to set where the names of one kind are those of the other with something at the end.
  private static func suffixAdvice(_ files: [String: String], _ others: [String: String]) -> String? {
    var counts: [String: Int] = [:]
    let longer = others.keys.sorted()
    for key in files.keys where others[key] == nil {
      // Names that begin with the key follow it in the order of names.
      var low = 0
      var high = longer.count
      while low < high {
        let middle = (low + high) / 2
        if longer[middle] < key { low = middle + 1 } else { high = middle }
      }
      for name in longer[low...].prefix(8) where name.hasPrefix(key) && name != key {
        counts[String(name.dropFirst(key.count)), default: 0] += 1
      }
    }
    guard let best = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), 2 * best.value > files.count else { return nil }
    return "The names of the others end in \(best.key): set data.settings.labelSuffix to \"\(best.key)\" where these are the labels, "
      + "imageSuffix where they are the images."
  }
}

/// Images in folders, for commands that take them without labels.
package enum ImageFolder {
  /// Paths of the images below a folder, inside it and in order, as data sets find them: hidden ones are left out, links are followed.
  /// - Throws: `.inputOutput` for a folder that cannot be listed, `.badData` for links in a circle.
  package static func images(below folder: String) throws -> [String] {
    try FileListing.walk(folder, below: "", extensions: FileListing.imageExtensions, depth: 0)
  }
}
