import Foundation
import Images
import Testing

/// A small annotated set of a format, and one thing that is done to it: the generator of the tests of `inspect`. A new kind of fault is one
/// more line in the list of its format.
struct AnnotationFaultCase: CustomTestStringConvertible, Sendable {
  /// What is done to a file.
  enum Change: Sendable {
    /// A piece of its text, which has to be there, becomes another.
    case replace(String, String)
    /// Only so many bytes are left.
    case cut(Int)
    /// Other content.
    case write(String)
    /// Other bytes.
    case bytes([UInt8])
    /// An image of another size.
    case picture(Int, Int)
    case delete
  }

  var format: String
  var name: String
  /// The file that is changed, in the set's folder.
  var file: String
  var change: Change
  /// The kind of fault that has to be found; nil where the file cannot be read at all, and the message is all there is.
  var kind: String?
  /// The end of the name of the file that has to be named.
  var namedFile: String
  /// What has to be named in it.
  var entry: String

  var testDescription: String { "\(format): \(name)" }

  init(
    _ format: String, _ name: String, _ file: String, _ change: Change, _ kind: String?, _ entry: String, namedFile: String? = nil
  ) {
    (self.format, self.name, self.file, self.change, self.kind, self.entry) = (format, name, file, change, kind, entry)
    self.namedFile = namedFile ?? file
  }

  /// Writes the set with its fault.
  /// - Returns: the path to inspect.
  func write(to directory: String) throws -> String {
    let target = try AnnotationFaultCase.writeSound(format, to: directory)
    let path = "\(directory)/\(file)"
    switch change {
    case .replace(let old, let new):
      let text = try String(contentsOfFile: path, encoding: .utf8)
      guard text.contains(old) else { throw CocoaError(.fileReadCorruptFile, userInfo: ["piece": old]) }
      // The first place alone.
      let changed = text.range(of: old).map { text.replacingCharacters(in: $0, with: new) } ?? text
      try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
    case .cut(let count):
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      try data.prefix(count).write(to: URL(fileURLWithPath: path))
    case .write(let text): try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    case .bytes(let bytes): try Data(bytes).write(to: URL(fileURLWithPath: path))
    case .picture(let width, let height): try RGBImage(width: width, height: height).writePNG(to: path)
    case .delete: try FileManager.default.removeItem(atPath: path)
    }
    return target
  }

  /// Writes a set with nothing wrong: three images of 64x48.
  static func writeSound(_ format: String, to directory: String) throws -> String {
    let folder = format == "voc" ? "JPEGImages" : "images"
    try FileManager.default.createDirectory(atPath: "\(directory)/\(folder)", withIntermediateDirectories: true)
    for name in ["a", "b", "c"] { try RGBImage(width: 64, height: 48).writePNG(to: "\(directory)/\(folder)/\(name).png") }
    func put(_ text: String, _ file: String) throws {
      let url = URL(fileURLWithPath: "\(directory)/\(file)")
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    switch format {
    case "coco", "lvis":
      try put(format == "coco" ? coco : lvis, "set.json")
      return "\(directory)/set.json"
    case "voc":
      for (name, text) in voc { try put(text, "Annotations/\(name).xml") }
      try put("cat\ndog\nbird\n", "classes.txt")
      return directory
    default:
      for (name, text) in yolo { try put(text, "labels/\(name).txt") }
      try put("path: .\ntrain: images\nval: images\nnc: 3\nnames: [cat, dog, bird]\n", "data.yaml")
      try FileManager.default.removeItem(atPath: "\(directory)/data.yaml")
      try put("train: images\nnc: 3\nnames: [cat, dog, bird]\n", "data.yaml")
      return "\(directory)/data.yaml"
    }
  }

  private static let coco = """
    {"info":{},"images":[
    {"id":1,"file_name":"a.png","width":64,"height":48},
    {"id":2,"file_name":"b.png","width":64,"height":48},
    {"id":7,"file_name":"c.png","width":64,"height":48}],
    "annotations":[
    {"id":1,"image_id":1,"category_id":1,"bbox":[10,11,20,21],"area":420,"iscrowd":0},
    {"id":2,"image_id":1,"category_id":3,"bbox":[5,5,10,10],"area":100,"iscrowd":0,"segmentation":[[5,5,15,5,15,15,5,15]]},
    {"id":3,"image_id":2,"category_id":1,"bbox":[2,0,3,48],"area":144,"iscrowd":1,"segmentation":{"size":[48,64],"counts":[96,144,2832]}},
    {"id":40,"image_id":2,"category_id":3,"bbox":[2,0,3,48],"area":144,"iscrowd":0,"segmentation":{"size":[48,64],"counts":"P3`4`h2"}}],
    "categories":[{"id":1,"name":"cat"},{"id":3,"name":"dog"}]}
    """

  private static let lvis = """
    {"info":{},"images":[
    {"id":1,"file_name":"a.png","width":64,"height":48,"neg_category_ids":[5],"not_exhaustive_category_ids":[3]},
    {"id":2,"file_name":"b.png","width":64,"height":48,"neg_category_ids":[],"not_exhaustive_category_ids":[]},
    {"id":7,"file_name":"c.png","width":64,"height":48,"neg_category_ids":[1],"not_exhaustive_category_ids":[]}],
    "annotations":[
    {"id":1,"image_id":1,"category_id":1,"bbox":[10,11,20,21],"area":420},
    {"id":2,"image_id":1,"category_id":3,"bbox":[5,5,10,10],"area":100,"segmentation":[[5,5,15,5,15,15,5,15]]},
    {"id":40,"image_id":2,"category_id":3,"bbox":[2,0,3,48],"area":144,"segmentation":{"size":[48,64],"counts":[96,144,2832]}}],
    "categories":[{"id":1,"name":"cat","frequency":"f"},{"id":3,"name":"dog","frequency":"c"},{"id":5,"name":"owl","frequency":"r"}]}
    """

  private static let voc: KeyValuePairs = [
    "a": """
    <annotation><folder>JPEGImages</folder><filename>a.png</filename>
    <size><width>64</width><height>48</height><depth>3</depth></size><segmented>0</segmented>
    <object><name>cat</name><pose>Left</pose><truncated>0</truncated><difficult>0</difficult>
    <bndbox><xmin>11</xmin><ymin>12</ymin><xmax>30</xmax><ymax>32</ymax></bndbox></object>
    <object><name>dog</name><difficult>1</difficult>
    <bndbox><xmin>0</xmin><ymin>1.5</ymin><xmax>64</xmax><ymax>48</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax></bndbox></part></object>
    </annotation>
    """,
    "b": """
    <annotation><filename>b.png</filename><size><width>64</width><height>48</height></size>
    <object><name>bird</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>5</xmax><ymax>9</ymax></bndbox></object></annotation>
    """,
    "c": "<annotation><filename>c.png</filename><size><width>64</width><height>48</height></size></annotation>\n",
  ]

  private static let yolo: KeyValuePairs = [
    "a": "0 0.5 0.5 0.25 0.5\n1 0.25 0.25 0.125 0.125\n", "b": "2 0.1 0.1 0.4 0.1 0.4 0.4 0.1 0.4\n\n0 0.5 0.5 1 1\n",
  ]
}
