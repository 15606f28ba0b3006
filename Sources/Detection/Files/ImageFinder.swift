import Foundation
import Images
import Tensors

/// Looks for the images of annotations, and compares their sizes.
struct ImageFinder {
  /// The folder that names are relative to.
  let folder: String
  /// Whether only the last part of a name counts.
  let usesLastPart: Bool

  private static let imageEndings = ["jpg", "jpeg", "png", "JPG", "JPEG", "PNG"]
  private static let folderNames = ["images", "JPEGImages", "imgs", "img", "pictures"]

  /// Finds the folder in which most of some names are; nil where none of them is anywhere.
  /// - Parameters:
  ///   - path: the annotations.
  ///   - folder: where the images are, if that is known.
  ///   - names: the images' names, some of them.
  init?(beside path: String, folder: String?, names: [String]) {
    var candidates: [String] = []
    if let folder {
      candidates = [folder]
    } else {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      let url = URL(fileURLWithPath: path).standardizedFileURL
      let stem = url.deletingPathExtension().lastPathComponent
      let here = isFolder.boolValue ? url.path : url.deletingLastPathComponent().path
      let above = URL(fileURLWithPath: here).deletingLastPathComponent().path
      let shortened = stem.split(whereSeparator: { "_-".contains($0) }).last.map(String.init) ?? stem
      for base in [here, above] {
        candidates.append(base)
        for name in [stem, shortened] + Self.folderNames { candidates.append("\(base)/\(name)") }
        for name in Self.folderNames { candidates += ["\(base)/\(name)/\(stem)", "\(base)/\(name)/\(shortened)"] }
      }
    }
    var best: (finder: ImageFinder, found: Int)?
    var seen = Set<String>()
    for candidate in candidates where seen.insert(candidate).inserted && FileManager.default.fileExists(atPath: candidate) {
      for usesLastPart in [false, true] {
        let finder = ImageFinder(folder: candidate, usesLastPart: usesLastPart)
        let found = names.reduce(0) { $0 + (finder.path(of: $1) == nil ? 0 : 1) }
        if found > best?.found ?? 0 { best = (finder, found) }
      }
    }
    if best == nil, let folder { best = (ImageFinder(folder: folder, usesLastPart: false), 0) }
    guard let best else { return nil }
    self = best.finder
  }

  private init(folder: String, usesLastPart: Bool) { (self.folder, self.usesLastPart) = (folder, usesLastPart) }

  /// Where an image lies; nil for none. A name without an ending is tried with those of images.
  func path(of name: String) -> String? {
    guard !name.isEmpty else { return nil }
    let last = usesLastPart ? String(name.split(separator: "/").last ?? "") : name
    let path = last.hasPrefix("/") ? last : "\(folder)/\(last)"
    if Self.isFile(path) { return path }
    guard !last.contains(".") else { return nil }
    return Self.imageEndings.lazy.map { "\(path).\($0)" }.first(where: Self.isFile)
  }

  private static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
  }

  /// Compares the sizes of all images with what the annotations say, many at a time.
  /// - Parameter label: file and entry of an image, by its place in the set.
  static func check(
    _ reading: inout AnnotationReading, beside path: String, folder: String?, label: (Int) -> (file: String, entry: String)
  ) {
    let images = reading.set.images
    guard !images.isEmpty else { return }
    // Names spread over the set: images of some splits may lie elsewhere.
    let some = stride(from: 0, to: images.count, by: max(1, images.count / 40)).map { images[$0].filePath }
    guard let finder = ImageFinder(beside: path, folder: folder, names: some) else {
      reading.remarks.append("no images were found beside the annotations, so their sizes were not compared; --images names their folder")
      return
    }
    reading.imageFolder = finder.folder
    let problems = concurrentMap(images.count) { finder.problem(of: images[$0]) }
    for (k, problem) in problems.enumerated() {
      guard let problem else { continue }
      let (file, entry) = label(k)
      reading.faults.append(AnnotationFault(kind: problem.kind, file: file, entry: entry, message: problem.message))
    }
  }

  private func problem(of image: AnnotatedImage) -> AnnotationChecks.Problem? {
    let name = image.filePath
    // An image without a name was named already.
    if name.isEmpty { return nil }
    guard let path = path(of: name) else { return (.missingImage, "image '\(name)' is not in \(folder)") }
    do {
      let size = try ImageSize(contentsOf: path)
      // A size that is wrong in itself was named already.
      if image.width <= 0 || image.height <= 0 || (size.width == image.width && size.height == image.height) { return nil }
      return (.sizeDiffers, "is \(image.width)x\(image.height), but its file \(path) is \(size.width)x\(size.height)")
    } catch {
      return (.brokenImage, "its file cannot be read: \((error as? LongtailError)?.message ?? "\(error)")")
    }
  }

  /// Results in order, computed on a few threads: reading files waits more than it computes.
  static func concurrentMap<Result: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Result) -> [Result] {
    let results = [Result?](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.initialize(repeating: nil)
      nonisolated(unsafe) let slots = buffer
      DispatchQueue.concurrentPerform(iterations: count) { slots[$0] = body($0) }
      initialized = count
    }
    return results.compactMap { $0 }
  }
}
