import Foundation
import Tensors

/// Samples that a list names.
extension FileListing {
  /// The pairs that a list names among the files of two folders, in the order of their names.
  ///
  /// The whole line is looked for first, then what stands before quotes, a tab or blanks; what follows has to be numbers, or the path of
  /// the labels. Labels without a path of their own are those of the image's key, never others.
  /// - Parameter places: folders that paths in the list may start from.
  /// - Throws: `.missingInput` naming what the list names and is not there; `.badData` for names that may mean several files, that mean a
  ///   file of another folder, or that are listed twice.
  static func pairs(
    images: [String: String], labels: [String: String], list: SampleList, places: [String]
  ) throws -> [PairedFiles.Pair] {
    let (imageNames, labelNames) = (SampleNames(images), SampleNames(labels))
    var result: [PairedFiles.Pair] = []
    var lines: [String: Int] = [:]
    var known: (count: Int, line: SampleList.Line, name: String)?
    for line in list.lines {
      guard let (columns, key) = try imageName(of: line, in: list, imageNames, labelNames), let image = images[key] else { continue }
      // "tower 1" is the image tower with a column only where all lines have as many columns.
      if columns.isWhole || !columns.isMarked, let count = columns.numbers?.count {
        if let other = known, other.count != count {
          let wrong = other.count > count ? other : (count: count, line: line, name: columns.name)
          throw missingImage(wrong.line, list, name: wrong.line.text, doubtful: wrong.name)
        }
        known = (count, line, columns.name)
      }
      try requireSame(image, columns.name, key: key, line, list, places: places)
      guard let label = try labelFile(of: columns, key: key, line, list, imageNames, labelNames) else {
        throw list.error(line, .missingInput, "it names \(columns.name), but there is no such label file")
      }
      if let other = lines.updateValue(line.number, forKey: key) {
        throw list.error(line, .badData, "\(columns.name) is listed twice, in line \(other) too")
      }
      result.append(PairedFiles.Pair(identifier: key, image: image, labels: label))
    }
    if result.isEmpty { throw LongtailError(.badData, "\(list.path): no samples in it", advice: "Name a sample in each line.") }
    return result.sorted { $0.identifier < $1.identifier }
  }

  /// The part of a line that names an image, with the image's key; nil for a remark.
  private static func imageName(
    of line: SampleList.Line, in list: SampleList, _ imageNames: SampleNames, _ labelNames: SampleNames
  ) throws -> (SampleList.Columns, key: String)? {
    let ways = line.columns
    var doubtful: String?
    for columns in ways {
      // Behind a name without quotes only what cannot belong to it.
      let isSure = columns.isDelimited || columns.endsWithNumbers || isImageName(columns.rest)
      switch imageNames.match(columns.name) {
      case .one(let key) where !mayDropFolders(of: columns.name, key: key, imageNames, labelNames): continue
      case .one(let key) where isSure:
        // Labels that are nearer to the name belong to another sample, whose image is missing.
        if case .one(let other) = labelNames.match(columns.name), other != key {
          throw missingImage(line, list, name: columns.name, doubtful: nil)
        }
        if let other = ways.first(where: { isAnotherReading($0, than: columns, imageNames, labelNames) }) {
          throw list.error(
            line, .badData, "it may name \(columns.name) or \(other.name)",
            advice: "Put a tab behind the name, or quotes around it.")
        }
        return (columns, key)
      case .several(let keys) where isSure:
        throw list.error(
          line, .badData, "\(columns.name) may be \(keys.prefix(3).joined(separator: " or "))",
          advice: "Write the folders in front of the name too.")
      case .none:
        // Labels of that name: the sample is meant, and its image is missing.
        guard case .one(let key) = labelNames.match(columns.name),
          SampleNames.droppedFolders(columns.name, key: key).isEmpty
        else { continue }
        throw missingImage(line, list, name: columns.name, doubtful: nil)
      default: doubtful = doubtful ?? columns.name
      }
    }
    if line.mayBeRemark { return nil }
    let name = ways.dropFirst().first(where: \.isMarked)?.name ?? ways.last { !$0.isWhole && $0.endsWithNumbers }?.name
    throw missingImage(line, list, name: name ?? line.text, doubtful: doubtful)
  }

  /// Whether a line may be divided in another way just as well: nothing marks where the name ends, only numbers follow, and there are an
  /// image or labels of that name.
  private static func isAnotherReading(
    _ other: SampleList.Columns, than columns: SampleList.Columns, _ imageNames: SampleNames, _ labelNames: SampleNames
  ) -> Bool {
    guard !columns.isMarked, !other.isMarked, other.name != columns.name, other.endsWithNumbers else { return false }
    return imageNames[other.name] != nil || labelNames[other.name] != nil
  }

  /// Whether folders in front of a name may be those of another machine: not where a sample lies in a folder of that name, nor where they
  /// hold a path of their own.
  private static func mayDropFolders(of name: String, key: String, _ imageNames: SampleNames, _ labelNames: SampleNames) -> Bool {
    guard let nearest = SampleNames.droppedFolders(name, key: key).last else { return true }
    if imageNames.folders.contains(nearest) || labelNames.folders.contains(nearest) { return false }
    return SampleList.Columns.all(of: name).dropFirst().allSatisfy { first in
      first.isMarked || !first.rest.contains("/") || !isImageName(first.name) && imageNames.match(first.name) == .none
    }
  }

  private static func missingImage(_ line: SampleList.Line, _ list: SampleList, name: String, doubtful: String?) -> LongtailError {
    list.error(
      line, .missingInput, "it names \(name), but there is no such image",
      advice: doubtful.map {
        "There is an image \($0). If the rest of the line is another column, put a tab between, or quotes around the name."
      })
  }

  /// The labels of a sample: those that the line names, else those of the image's key; nil where there are none.
  private static func labelFile(
    of columns: SampleList.Columns, key: String, _ line: SampleList.Line, _ list: SampleList, _ imageNames: SampleNames,
    _ labelNames: SampleNames
  ) throws -> String? {
    let all = columns.rest.isEmpty ? [] : SampleList.Columns.all(of: columns.rest)
    let paths = all.filter { isImageName($0.name) || $0.name.contains("/") }
    guard let first = paths.first else { return labelNames[key] }
    for second in paths where second.endsWithNumbers || second.isMarked {
      switch labelNames.match(second.name) {
      // The image's own labels, where the list writes them with fewer folders.
      case .several(let keys) where keys.contains(key): return labelNames[key]
      case .several(let keys):
        throw list.error(
          line, .badData, "\(second.name) may be \(keys.prefix(3).joined(separator: " or "))",
          advice: "Write the folders in front of the name too.")
      // Where nothing says that the image's name has ended, only its own labels show it. Labels of a folder that samples lie in are of no
      // other folder.
      case .one(let found) where found == key || columns.isDelimited && mayDropFolders(of: second.name, key: found, imageNames, labelNames):
        return labelNames[found]
      default: continue
      }
    }
    throw list.error(line, .missingInput, "it names \(first.name), but there is no such label file")
  }

  /// Refuses a line whose path is a file that is there, but another one than the folder of images has under that name.
  private static func requireSame(
    _ image: String, _ name: String, key: String, _ line: SampleList.Line, _ list: SampleList, places: [String]
  ) throws {
    guard !SampleNames.droppedFolders(name, key: key).isEmpty else { return }
    let starts = name.hasPrefix("/") ? [name] : places.map { "\($0)/\(name)" }
    let endings = [""] + (isImageName(name) ? [] : imageExtensions.map { ".\($0)" })
    for path in starts.flatMap({ start in endings.map { start + $0 } }) where isFile(path) {
      guard resolved(path) != resolved(image) else { return }
      throw list.error(
        line, .badData, "it names \(path), which is not among the images; there, \(image) has that name",
        advice: "Name the folder of images that the list is for.")
    }
  }

  // MARK: Two paths a line

  /// The pairs that a list names by two paths in each line: the image and its labels. Paths with blanks may stand as they are, as long as
  /// there is one way to read the line.
  /// - Parameter root: the folder that paths start from.
  /// - Throws: `.missingInput` for a file that does not exist; `.badData` for a line with fewer words, one that can be read in two ways,
  ///   and a image that is listed twice.
  static func pairs(in path: String, root: String) throws -> [PairedFiles.Pair] {
    let list = try SampleList(contentsOf: path)
    func place(_ name: String) -> String { name.hasPrefix("/") ? name : "\(root)/\(name)" }
    var seen: [String: Int] = [:]
    var result: [PairedFiles.Pair] = []
    for line in list.lines {
      var ways: [(image: String, labels: String)] = []
      for first in line.columns where !first.rest.isEmpty && isFile(place(first.name)) {
        for second in SampleList.Columns.all(of: first.rest)
        where second.endsWithNumbers && isFile(place(second.name)) {
          ways.append((first.name, second.name))
        }
      }
      guard let way = ways.first else {
        if line.mayBeRemark { continue }
        throw missingPath(line, list, place)
      }
      if let other = ways.dropFirst().first(where: { $0.image != way.image || $0.labels != way.labels }) {
        throw list.error(
          line, .badData, "it may name \(way.image) and \(way.labels), or \(other.image) and \(other.labels)",
          advice: "Put quotes around both paths, or a tab between them.")
      }
      let (image, labels) = (place(way.image), place(way.labels))
      guard resolved(image) != resolved(labels) else {
        throw list.error(line, .badData, "it names one file, \(image), as image and as labels")
      }
      let name = String(withoutExtension(way.image))
      for mark in Set([name, resolved(image)]) {
        if let other = seen.updateValue(line.number, forKey: mark) {
          throw list.error(line, .badData, "\(name) is listed twice, in line \(other) too")
        }
      }
      result.append(PairedFiles.Pair(identifier: name, image: image, labels: labels))
    }
    return result.sorted { $0.identifier < $1.identifier }
  }

  private static func missingPath(_ line: SampleList.Line, _ list: SampleList, _ place: (String) -> String) -> LongtailError {
    let divided = line.columns.filter { !$0.rest.isEmpty }
    guard !divided.isEmpty, !isFile(place(line.text)) else {
      return list.error(
        line, .badData, "\(line.text) has no second path",
        advice: "Without folders of images and labels, each line names both: image.jpg labels.png")
    }
    if divided.count == 1 || divided[0].isMarked, let missing = [divided[0].name, divided[0].rest].first(where: { !isFile(place($0)) }) {
      return list.error(line, .missingInput, "it names \(place(missing)), but there is no such file")
    }
    return list.error(
      line, .missingInput, "'\(line.text)' cannot be divided into an image and its labels that are both there",
      advice: "Put quotes around both paths, or a tab between them.")
  }

  // MARK: Names

  /// Whether a name ends like an image's.
  static func isImageName(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return imageExtensions.contains(name[name.index(after: dot)...].lowercased())
  }

  private static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
  }

  private static func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
}
