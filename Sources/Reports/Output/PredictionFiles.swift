import Datasets
import Foundation
import Tasks
import Tensors

/// Which files a prediction reads and which it writes, worked out before anything is read or written.
///
/// Results of an image that was named lie in the output folder itself; those of a folder keep the folders below it. No two images have a
/// result in common, no result takes the place of an image, and none of a file that longtail did not write.
package struct PredictionFiles: Sendable {
  /// An image and its results.
  package struct Entry: Sendable, Equatable {
    /// The image.
    package var image: String
    /// Its own results, one for each suffix of the task.
    package var results: [String]

    /// - Parameter name: the path inside the output folder, without ending.
    init(image: String, name: String, output: String, suffixes: [String]) {
      self.image = image
      results = suffixes.map { "\(output)/\(name)\($0)" }
    }
  }

  /// The images, in the order of the arguments; those of a folder by name.
  package private(set) var entries: [Entry] = []
  /// Results of all images together.
  package private(set) var shared: [String] = []
  /// What was left out, in sentences.
  package private(set) var notes: [String] = []

  /// Works out names.
  /// - Parameters:
  ///   - paths: images, and folders of images.
  ///   - output: the folder of the results.
  ///   - names: what the results of this many images are called.
  ///   - overwrites: whether files that longtail did not write may be replaced; images never are.
  /// - Throws: `.missingInput` for what is not there, `.usage` naming the files for results that would meet each other, an image, or a file
  ///   that longtail did not write.
  package init(images paths: [String], output: String, overwrites: Bool = false, names: (_ count: Int) -> PredictionNames) throws {
    let place = FilePlace(output)
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: output, isDirectory: &isFolder), !isFolder.boolValue {
      throw LongtailError(.usage, "\(output) is a file, but results need a folder", advice: "Name another --output.")
    }
    let suffixes = names(1).suffixes
    var seen: Set<[String]> = []
    // Folders whose images are read because the folder, or one above it, was named.
    var folders: [String: String] = [:]
    for path in paths {
      for (image, name) in try expand(path, output: place) {
        let entry = Entry(image: image, name: name, output: output, suffixes: suffixes)
        let found = FilePlace(image)
        if image != path { folders[found.folder] = path }
        if seen.insert([found.path] + entry.results).inserted { entries.append(entry) }
      }
    }
    shared = names(entries.count).shared.map { "\(output)/\($0)" }
    try requireDistinctResults()
    try requireForeignImages(folders, output: place)
    if !overwrites { try requireReplaceable() }
  }

  /// A path as it is, or the images below a folder; with the path inside the output folder, without ending.
  private mutating func expand(_ path: String, output: FilePlace) throws -> [(image: String, name: String)] {
    func stem(_ path: String) -> String { (path as NSString).deletingPathExtension }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw LongtailError(.missingInput, "there is no \(path)")
    }
    if !isFolder.boolValue { return [(path, stem((path as NSString).lastPathComponent))] }
    let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    let all = try ImageFolder.images(below: folder).map { (image: "\(folder)/\($0)", name: stem($0)) }
    // Results of an earlier time are no images.
    let images = all.filter { !OwnFile.isOwn($0.image) }
    let earlier = all.count - images.count
    if earlier > 0 {
      notes.append("\(folder): \(earlier == 1 ? "1 file is" : "\(earlier) files are") results of longtail, and no images: left out")
    }
    guard !images.isEmpty else {
      throw LongtailError(
        .missingInput, "\(path) holds no PNG or JPEG files" + (earlier > 0 ? " but results of longtail" : ", nor do folders in it"))
    }
    return images
  }

  /// Refuses two images with one result.
  private func requireDistinctResults() throws {
    var owners: [String: Entry] = [:]
    for entry in entries {
      for result in entry.results {
        // Not all file systems distinguish upper case from lower case, or know more than one way to write a letter.
        let key = result.precomposedStringWithCanonicalMapping.lowercased()
        guard let other = owners.updateValue(entry, forKey: key) else { continue }
        let others = other.results.filter { $0 != result && $0.precomposedStringWithCanonicalMapping.lowercased() == key }
        let names = others.first.map { "\($0) and \(result), which some file systems take for one name" } ?? result
        throw LongtailError(
          .usage, "\(other.image) and \(entry.image) would both become \(names)",
          advice: "Nothing was written. Name the folder that holds them all, whose folders the results keep; or rename one of the two, or "
            + "give each an --output of its own.")
      }
    }
    for entry in entries {
      for result in entry.results {
        var folder = (result as NSString).deletingLastPathComponent
        while !folder.isEmpty, folder != "/", folder != "." {
          if let other = owners[folder.precomposedStringWithCanonicalMapping.lowercased()] {
            throw LongtailError(
              .usage, "\(other.image) would become \(folder), which has to be a folder for \(entry.image)",
              advice: "Nothing was written. Rename one of the two, or give each an --output of its own.")
          }
          folder = (folder as NSString).deletingLastPathComponent
        }
      }
    }
  }

  /// Refuses results in the place of images, or in a folder whose images are read: there the next call would take them for images.
  private func requireForeignImages(_ folders: [String: String], output: FilePlace) throws {
    if let folder = folders[output.path] {
      throw LongtailError(
        .usage, "results would lie among the images of \(folder), whose folder \(output.path) is the output too",
        advice: "Nothing was written. Name another --output, which may be a new folder in it.")
    }
    let images = Dictionary(entries.map { (FilePlace($0.image).path, $0.image) }) { one, _ in one }
    for (results, owner) in entries.map({ ($0.results, $0.image) }) + [(shared, "all images")] {
      for result in results {
        let place = FilePlace(result)
        if let image = images[place.path] {
          throw LongtailError(
            .usage, "\(result), a result of \(owner), would take the place of the image \(image)",
            advice: "Nothing was written. Name another --output.")
        }
        if let folder = folders[place.folder] {
          throw LongtailError(
            .usage, "\(result) would lie among the images of \(folder)",
            advice: "Nothing was written. Name another --output, which may be a new folder in it.")
        }
      }
    }
  }

  /// Refuses to replace files that were not written here, or were changed since.
  private func requireReplaceable() throws {
    let foreign = (entries.flatMap(\.results) + shared).filter { path in
      var status = stat()
      return lstat(path, &status) == 0 && !OwnFile.isOwn(path)
    }
    guard let first = foreign.first else { return }
    throw LongtailError(
      .usage,
      "\(first)\(foreign.count > 1 ? " and \(foreign.count - 1) more files are" : " is") there already, and not as longtail predict wrote "
        + (foreign.count > 1 ? "them" : "it"),
      advice: "Nothing was written. Name another --output, or replace them with --overwrite.")
  }
}
