import Datasets
import Foundation
import Images
import Tensors

/// CIFAR-10 and CIFAR-100 in their binary form (Krizhevsky, 2009): records of one or two label bytes and 3072 bytes of red, green, blue
/// planes.
enum CIFARFiles {
  private static let size = ImageSize(width: 32, height: 32)

  /// Which of the two.
  enum Kind: String, CaseIterable {
    case cifar10, cifar100

    /// Files of the training images.
    var train: [String] { self == .cifar10 ? (1...5).map { "data_batch_\($0).bin" } : ["train.bin"] }
    /// The file of the test images.
    var test: String { self == .cifar10 ? "test_batch.bin" : "test.bin" }
    /// The file of the class names.
    var names: String { self == .cifar10 ? "batches.meta.txt" : "fine_label_names.txt" }
    /// Label bytes of a record: CIFAR-100 has the superclass in front.
    var labelBytes: Int { self == .cifar10 ? 1 : 2 }
    /// Classes.
    var classCount: Int { self == .cifar10 ? 10 : 100 }
    /// The published archive.
    var archive: String { self == .cifar10 ? "cifar-10-binary.tar.gz" : "cifar-100-binary.tar.gz" }
    /// What the archive for Python unpacks to.
    var otherFolder: String { self == .cifar10 ? "cifar-10-batches-py" : "cifar-100-python" }
    /// The first file of training images in it.
    var otherFile: String { self == .cifar10 ? "data_batch_1" : "train" }
    /// The folder that the published archive unpacks to.
    var folder: String { self == .cifar10 ? "cifar-10-batches-bin" : "cifar-100-binary" }
  }

  /// Opens the binary files in a folder, in the published one below it, or the class folders that others made of them.
  /// - Throws: `.missingInput` where there are neither; `.badData` where a file is damaged.
  static func open(_ kind: Kind, root: String) throws -> LabelledImages {
    let places = [root, "\(root)/\(kind.folder)"]
    guard let folder = places.first(where: { FileListing.exists("\($0)/\(kind.test)") }) else {
      if places.contains(where: { FileListing.exists("\($0)/\(kind.train[0])") }) {
        throw LongtailError(.missingInput, "\(root): \(kind.train[0]) is there, but \(kind.test) is not")
      }
      if FileListing.isFolder("\(root)/train") {
        let images = try ClassFolders.open(name: kind.rawValue, root: root)
        guard images.classes.count == kind.classCount else {
          throw LongtailError(
            .badData, "\(root): \(images.classes.count) class folders, but \(kind.rawValue) has \(kind.classCount) classes",
            advice: "For another data set in class folders set data.name to folder.")
        }
        return images
      }
      if let other = places.flatMap({ ["\($0)/\(kind.otherFolder)", "\($0)/\(kind.otherFile)"] }).first(where: FileListing.exists) {
        throw LongtailError(
          .badData, "\(other): this is \(kind.rawValue) for Python, which is not read", advice: "Fetch the binary version: \(kind.archive)."
        )
      }
      throw LongtailError(
        .missingInput, "\(root): neither \(kind.test) nor a folder train is there",
        advice: "The root holds the binary version's files, or class folders below train and test.")
    }
    var images = try LabelledImages(
      name: kind.rawValue, classes: classNames(kind, folder),
      parts: [.train: part(kind, kind.train.map { "\(folder)/\($0)" }), .test: part(kind, ["\(folder)/\(kind.test)"])])
    for (split, expected) in [(Split.train, 50_000), (.test, 10_000)] where images.count(of: split) != expected {
      images.remarks.append("\(folder): \(images.count(of: split)) \(split.rawValue) images, but \(kind.rawValue) has \(expected)")
    }
    return images
  }

  private static func classNames(_ kind: Kind, _ folder: String) throws -> [String] {
    let path = "\(folder)/\(kind.names)"
    guard FileListing.exists(path) else { return (0..<kind.classCount).map { "class \($0)" } }
    let file = try ReadableFile(path: path)
    let text = String(decoding: try file.bytes(0..<file.byteCount), as: UTF8.self)
    let names = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    guard names.count == kind.classCount else {
      throw LongtailError(.badData, "\(path): \(names.count) class names, expected \(kind.classCount)")
    }
    return names
  }

  private static func part(_ kind: Kind, _ paths: [String]) throws -> LabelledImages.Part {
    let record = kind.labelBytes + 3 * size.width * size.height
    var bytes: [UInt8] = []
    var labels: [Int32] = []
    for path in paths {
      let content = try CompressedFile.read(path)
      guard content.count > 0, content.count % record == 0 else {
        throw LongtailError(.badData, "\(path): \(content.count) bytes are not whole records of \(record)", advice: "Fetch the file again.")
      }
      for start in stride(from: 0, to: content.count, by: record) {
        let label = content[start + kind.labelBytes - 1]
        guard Int(label) < kind.classCount else {
          throw LongtailError(.badData, "\(path): image \(start / record) has label \(label), but there are \(kind.classCount) classes")
        }
        labels.append(Int32(label))
      }
      bytes += content
    }
    let origin = paths.count == 1 ? paths[0] : "\(paths[0]) and \(paths.count - 1) more"
    let source = try PackedSource(
      bytes: bytes, origin: origin, size: size, layout: .planes, start: kind.labelBytes, stride: record, count: labels.count)
    return LabelledImages.Part(source: source, names: labels.indices.map(PackedNames.name), labels: labels)
  }
}
