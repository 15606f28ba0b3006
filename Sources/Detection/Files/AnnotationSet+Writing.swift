import Foundation
import Tensors

extension AnnotationSet {
  /// Writes COCO json, with what LVIS adds where the set has it. Ids, polygons, runs and flags are as they were read.
  ///
  /// Numbers are in the shortest form that reads back exactly.
  /// - Throws: `.inputOutput`.
  package func writeCOCO(to path: String) throws {
    var text = "{\"info\":{},\"licenses\":[],\n\"images\":["
    for (k, image) in images.enumerated() {
      text += k == 0 ? "\n" : ",\n"
      text +=
        "{\"id\":\(image.id),\"file_name\":\(SettingValue.quoted(image.fileName)),\"width\":\(image.width),\"height\":\(image.height)"
      if !image.address.isEmpty { text += ",\"coco_url\":\(SettingValue.quoted(image.address))" }
      if format == .lvis {
        for (name, columns) in [
          ("neg_category_ids", image.negativeCategories), ("not_exhaustive_category_ids", image.notExhaustiveCategories),
        ] { text += ",\"\(name)\":[\(columns.map { "\(categories[$0].id)" }.joined(separator: ","))]" }
      }
      text += "}"
    }
    text += "],\n\"annotations\":["
    for (k, instance) in instances.enumerated() { text += (k == 0 ? "\n" : ",\n") + json(instance) }
    text += "],\n\"categories\":["
    for (k, category) in categories.categories.enumerated() {
      text += (k == 0 ? "\n" : ",\n") + "{\"id\":\(category.id),\"name\":\(SettingValue.quoted(category.name))"
      if !category.supercategory.isEmpty { text += ",\"supercategory\":\(SettingValue.quoted(category.supercategory))" }
      if !category.synset.isEmpty { text += ",\"synset\":\(SettingValue.quoted(category.synset))" }
      if let frequency = category.frequency { text += ",\"frequency\":\"\(frequency.rawValue)\"" }
      if let count = category.imageCount { text += ",\"image_count\":\(count)" }
      if let count = category.instanceCount { text += ",\"instance_count\":\(count)" }
      text += "}"
    }
    text += "]}\n"
    try AnnotationSet.write(text, to: path)
  }

  private func json(_ instance: Instance) -> String {
    func numbers(_ values: some Sequence<Double>) -> String { values.map(AnnotationChecks.text).joined(separator: ",") }
    let box = instance.box
    var text =
      "{\"id\":\(instance.id),\"image_id\":\(images[instance.image].id),\"category_id\":\(categories[instance.category].id),"
      + "\"bbox\":[\(numbers([box.x, box.y, box.width, box.height]))],\"area\":\(AnnotationChecks.text(instance.area)),"
      + "\"iscrowd\":\(instance.flags.contains(.crowd) ? 1 : 0)"
    // Both mean to judges that this object neither counts nor harms.
    if instance.flags.contains(.ignored) || instance.flags.contains(.difficult) { text += ",\"ignore\":1" }
    if instance.flags.contains(.group) { text += ",\"isgroupof\":1" }
    switch instance.outline {
    case .none: break
    case .polygons:
      text += ",\"segmentation\":[\((polygons(of: instance) ?? []).map { "[\(numbers($0))]" }.joined(separator: ","))]"
    case .runs(_, _, let isText):
      guard let mask = mask(of: instance) else { break }
      let counts = isText ? SettingValue.quoted(mask.text) : "[\(mask.counts.map { "\($0)" }.joined(separator: ","))]"
      text += ",\"segmentation\":{\"size\":[\(mask.height),\(mask.width)],\"counts\":\(counts)}"
    }
    return text + "}"
  }

  /// Writes YOLO's text files, one an image into `labels/`, and a `data.yaml` with the names; class numbers are columns.
  ///
  /// Crowds have no form there and are left out. A mask of several polygons becomes one line that leads from one to the next and back.
  /// - Parameters:
  ///   - directory: where to; made if it is not there.
  ///   - masks: whether masks are written, where there are some; else boxes.
  /// - Returns: how many instances were left out.
  /// - Throws: `.inputOutput`; `.badData` where two images would have one text file.
  @discardableResult
  package func writeYOLO(to directory: String, masks: Bool = false) throws -> Int {
    var lines = [String](repeating: "", count: images.count)
    var leftOut = 0
    for instance in instances {
      if instance.flags.contains(.crowd) {
        leftOut += 1
        continue
      }
      let image = images[instance.image]
      lines[instance.image] += "\(instance.category) \(numbers(instance, image, masks).map { "\($0)" }.joined(separator: " "))\n"
    }
    var seen: [String: Int] = [:]
    for (k, image) in images.enumerated() {
      let stem = AnnotationSet.labelStem(image.filePath)
      if let other = seen.updateValue(image.id, forKey: stem) {
        throw LongtailError(.badData, "images \(other) and \(image.id) would both be written to labels/\(stem).txt")
      }
      let path = "\(directory)/labels/\(stem).txt"
      try AnnotationSet.makeFolder(of: path)
      try AnnotationSet.write(lines[k], to: path)
    }
    let names = categories.categories.enumerated().map { "  \($0): \(SettingValue.quoted($1.name))\n" }.joined()
    try AnnotationSet.write(
      "# Images go into images/, beside labels/.\npath: .\ntrain: images\nval: images\nnames:\n\(names)", to: "\(directory)/data.yaml"
    )
    return leftOut
  }

  private func numbers(_ instance: Instance, _ image: AnnotatedImage, _ masks: Bool) -> [Double] {
    let (width, height) = (Double(image.width), Double(image.height))
    let box = instance.box
    guard masks, instance.hasMask else {
      return [(box.x + box.width / 2) / width, (box.y + box.height / 2) / height, box.width / width, box.height / height]
    }
    let polygons = disjointPolygons(of: instance)
    var path: [Double] = []
    for polygon in polygons {
      path += polygon
      if polygons.count > 1 { path += polygon.prefix(2) + (path.prefix(2)) }
    }
    if polygons.count > 1 { path.removeLast(2) }
    return path.enumerated().map { $1 / ($0 % 2 == 0 ? width : height) }
  }

  /// Polygons that have no pixel in common: one line that goes around all of them follows the even-odd rule, under which others would
  /// cancel.
  private func disjointPolygons(of instance: Instance) -> [[Double]] {
    guard let mask = mask(of: instance) else { return [] }
    guard let polygons = polygons(of: instance) else { return mask.polygons }
    let areas = polygons.map { RunLengthMask(polygons: [$0], width: mask.width, height: mask.height).area }
    return areas.reduce(0, +) == mask.area ? polygons : mask.polygons
  }

  /// An image's name without its ending, and without folders that would lead out.
  static func labelStem(_ name: String) -> String {
    let parts = name.split(separator: "/").filter { $0 != ".." && $0 != "." && $0 != "images" }
    let joined = parts.joined(separator: "/")
    guard let dot = joined.lastIndex(of: "."), joined[dot...].contains("/") == false else { return joined }
    return String(joined[..<dot])
  }

  static func makeFolder(of path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch { throw LongtailError(.inputOutput, "\(folder): cannot be made: \(error.localizedDescription)") }
  }

  static func write(_ text: String, to path: String) throws {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch { throw LongtailError(.inputOutput, "\(path): cannot be written: \(error.localizedDescription)") }
  }
}
