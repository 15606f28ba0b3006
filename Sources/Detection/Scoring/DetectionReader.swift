import Tensors

/// Reads detections in the form of COCO's results: a list of objects with image_id, category_id, score, and bbox or segmentation.
final class DetectionReader {
  private let path: String
  private let annotations: AnnotationSet
  private let shape: DetectionShape
  /// Reads boxes and masks, and gathers what is wrong with them.
  private let values: COCOReader
  private let images: [Int: Int]
  private var list = DetectionList()
  private var place = -1
  /// Whether the first entry has a box: then areas are those of boxes, as in the references.
  private var firstHasBox: Bool?

  private init(path: String, annotations: AnnotationSet, shape: DetectionShape) {
    (self.path, self.annotations, self.shape) = (path, annotations, shape)
    values = COCOReader(path: path, isLVIS: false)
    images = Dictionary(annotations.images.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  fileprivate static func read(_ path: String, _ annotations: AnnotationSet, _ shape: DetectionShape) throws -> DetectionList {
    let reader = DetectionReader(path: path, annotations: annotations, shape: shape)
    try JSONText.scan(path, place: { reader.place < 0 ? "" : "detections[\(reader.place)]" }) { try reader.scan(&$0) }
    let faults = reader.values.faults
    guard let first = faults.first else { return reader.list }
    let more = faults.dropFirst().prefix(9).map { "\n  \($0)" }.joined()
    throw LongtailError(
      .badData, "\(first)\(more)\(faults.count > 10 ? "\n  and \(faults.count - 10) more" : "")",
      advice:
        "Each detection needs image_id, category_id, score, and bbox (x, y, width, height) or segmentation, with ids of the annotations.")
  }

  private func scan(_ scanner: inout JSONScanner) throws {
    guard try scanner.kind() == .list else { throw scanner.mistake("expected a list of detections") }
    try scanner.list { scanner, place in
      self.place = place
      if try scanner.kind() == .object {
        try self.scanDetection(&scanner)
      } else {
        self.values.problem(.badValue, "is not an object")
        try scanner.skip()
      }
      self.values.report("detections", place, id: nil)
    }
  }

  private func scanDetection(_ scanner: inout JSONScanner) throws {
    var (image, category): (Int?, Int?)
    var (score, box): (Double?, Box?)
    var (sawImage, sawCategory, sawScore, sawBox) = (false, false, false, false)
    var maskStart: Int?
    let values = values
    try scanner.object { scanner, key in
      switch key {
      case "image_id": (image, sawImage) = (try values.whole("image_id", &scanner), true)
      case "category_id": (category, sawCategory) = (try values.whole("category_id", &scanner), true)
      case "score": (score, sawScore) = (try values.number("score", &scanner), true)
      case "bbox":
        let start = scanner.offset
        if try scanner.isEmptyList() { break }
        scanner.offset = start
        (box, sawBox) = (try values.box("bbox", &scanner), true)
      case "segmentation":
        _ = scanner.peek()
        maskStart = scanner.offset
        try scanner.skip()
      default: try scanner.skip()
      }
    }
    for (name, saw) in [("image_id", sawImage), ("category_id", sawCategory), ("score", sawScore)] where !saw {
      values.problem(.missingValue, "has no \(name)")
    }
    if let score, !score.isFinite { values.problem(.notFinite, "score is \(score)") }
    if sawScore, score == nil, values.problems.isEmpty { values.problem(.missingValue, "has no score") }
    check(box)
    let imagePlace = image.flatMap { images[$0] }
    if let image, imagePlace == nil { values.problem(.unknownImage, "there is no image \(image) in the annotations") }
    let column = category.flatMap { annotations.categories.column(ofID: $0) }
    if let category, column == nil { values.problem(.unknownCategory, "there is no class \(category) in the annotations") }
    // A mask is read where it is needed: for masks, and for boxes where there is no box.
    var outline = Outline.none
    if let maskStart, let imagePlace, shape == .mask || !sawBox {
      outline = try mask(at: maskStart, scanner, annotations.images[imagePlace])
    } else if !sawBox, maskStart == nil {
      values.problem(.missingValue, "has neither bbox nor segmentation")
    }
    guard values.problems.isEmpty, let imagePlace, let column, let score else { return }
    add(
      DetectionList.Element(
        image: Int32(imagePlace), category: Int32(column), score: score, box: box ?? Box(x: 0, y: 0, width: 0, height: 0), area: 0,
        outline: outline), hasBox: sawBox)
  }

  private func check(_ box: Box?) {
    guard let box else { return }
    if !box.isFinite {
      values.problem(.notFinite, "bbox \(AnnotationChecks.text(box)) is not finite")
    } else if box.width < 0 || box.height < 0 {
      values.problem(.negativeSide, "bbox \(AnnotationChecks.text(box)) has a negative side")
    } else if max(abs(box.x), abs(box.y), box.width, box.height) > RunLengthMask.coordinateLimit, shape == .mask {
      values.problem(.outside, "bbox \(AnnotationChecks.text(box)) is far outside of the image")
    }
  }

  /// Reads the mask that was passed over.
  private func mask(at offset: Int, _ scanner: JSONScanner, _ image: AnnotatedImage) throws -> Outline {
    var scanner = scanner
    scanner.offset = offset
    let (outline, size) = try values.outline(&scanner, into: &list.outlines)
    if let size, size.height != image.height || size.width != image.width {
      values.problem(
        .badMask, "segmentation.size is \(size.height) x \(size.width), but the image has \(image.height) rows of \(image.width) pixels")
    } else if outline == .none, values.problems.isEmpty {
      values.problem(.missingValue, "has an empty segmentation")
    }
    return outline
  }

  private func add(_ element: DetectionList.Element, hasBox: Bool) {
    var element = element
    let firstHasBox = firstHasBox ?? hasBox
    self.firstHasBox = firstHasBox
    if firstHasBox, !hasBox {
      return values.problem(.missingValue, "has no bbox, but the first detection has one")
    }
    if !firstHasBox {
      let image = annotations.images[Int(element.image)]
      let mask = list.mask(of: element, in: image)
      element.area = Double(mask.area)
      if !hasBox { element.box = mask.box }
    } else {
      element.area = element.box.area
    }
    list.elements.append(element)
  }
}

extension DetectionList {
  /// Reads a file of COCO's results.
  /// - Parameters:
  ///   - path: the file.
  ///   - annotations: the set whose ids it uses.
  ///   - shape: what will be compared. For masks a detection with a box alone covers the box; for boxes one with a mask alone has the box
  ///     around it.
  /// - Throws: `.missingInput`; `.badData` with file and entry, such as `detections[17]`.
  package init(contentsOf path: String, annotations: AnnotationSet, shape: DetectionShape) throws {
    self = try DetectionReader.read(path, annotations, shape)
  }
}
