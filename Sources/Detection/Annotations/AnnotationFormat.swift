import Foundation
import Tensors

/// How annotations are written down.
public enum AnnotationFormat: String, Sendable, CaseIterable {
  /// One JSON file of the COCO data set's form.
  case coco
  /// The same with what LVIS v1 adds: frequencies, negative and not exhaustively marked classes of each image.
  case lvis
  /// A folder of XML files, one an image, as PASCAL VOC has them.
  case voc
  /// A folder of text files, one an image, with numbers relative to the image's size.
  case yolo

  /// What people call it.
  package var title: String {
    switch self {
    case .coco: "COCO json"
    case .lvis: "LVIS json"
    case .voc: "VOC xml"
    case .yolo: "YOLO text"
    }
  }

  /// Looks what a path holds.
  /// - Returns: nil where it is not recognized as annotations; `.coco` for every JSON file, which is found to be LVIS when it is read.
  package static func recognize(_ path: String) -> AnnotationFormat? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    if !isFolder.boolValue {
      if path.hasSuffix(".json") { return .coco }
      if path.hasSuffix(".xml") { return .voc }
      return YOLODataFile.isOne(path) ? .yolo : nil
    }
    if VOCReader.folder(in: path) != nil { return .voc }
    if YOLODataFile.find(in: path) != nil || YOLOReader.hasLabels(path) { return .yolo }
    return COCOReader.files(in: path).isEmpty ? nil : .coco
  }

  /// Reads annotations and looks for what is wrong with them.
  /// - Parameters:
  ///   - path: a JSON file, a folder of XML files, a folder of text files or a `data.yaml`.
  ///   - format: what it is; recognized where nil.
  ///   - imageFolder: the folder of the images; looked for beside the annotations where nil.
  ///   - split: YOLO: the split of `data.yaml` that is read; all where nil.
  ///   - detectsLVIS: whether COCO json with LVIS' lists is read by the rules of LVIS.
  ///   - checksImages: whether the sizes of the images are compared. YOLO needs them in any case.
  /// - Throws: `.missingInput` for a path that is not there, `.badData` for one that cannot be read at all.
  package static func read(
    _ path: String, format: AnnotationFormat? = nil, imageFolder: String? = nil, split: String? = nil, checksImages: Bool = true,
    detectsLVIS: Bool = true
  ) throws -> AnnotationReading {
    guard FileManager.default.fileExists(atPath: path) else { throw LongtailError(.missingInput, "'\(path)' does not exist") }
    if let imageFolder, !FileManager.default.fileExists(atPath: imageFolder) {
      throw LongtailError(.missingInput, "the folder of images '\(imageFolder)' does not exist")
    }
    guard let format = format ?? recognize(path) else {
      throw LongtailError(
        .badData, "\(path): no annotations are recognized there",
        advice: "Known: COCO and LVIS json, a folder of VOC xml files, YOLO's data.yaml or a folder with labels/ and classes.txt.")
    }
    switch format {
    case .coco, .lvis:
      let file = try COCOReader.file(in: path)
      return try COCOReader(path: file, isLVIS: format == .lvis ? true : detectsLVIS ? nil : false).read(
        imageFolder: imageFolder, checksImages: checksImages)
    case .voc: return try VOCReader(path: path).read(imageFolder: imageFolder, checksImages: checksImages)
    case .yolo: return try YOLOReader(path: path, split: split).read(imageFolder: imageFolder)
    }
  }
}
