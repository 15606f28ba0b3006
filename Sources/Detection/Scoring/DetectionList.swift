/// Detections of a set of images: class, box or mask, and score.
///
/// Cost: about 100 bytes a detection, and 4 a run of a mask.
package struct DetectionList: Sendable {
  /// One detection.
  struct Element: Sendable {
    /// The place of its image in the annotations.
    var image: Int32
    /// The column of its class.
    var category: Int32
    var score: Double
    var box: Box
    /// Of the box, or of the mask where boxes are not given.
    var area: Double
    var outline = Outline.none
  }

  var elements: [Element] = []
  var outlines = OutlineStorage()

  /// A list without any.
  package init() {}

  /// How many there are.
  package var count: Int { elements.count }

  /// Adds a box.
  /// - Parameters:
  ///   - image: the place of its image in the annotations.
  ///   - category: the column of its class.
  ///   - score: how sure the detector is; finite.
  ///   - box: where it is; finite, without negative sides.
  package mutating func append(image: Int, category: Int, score: Double, box: Box) {
    elements.append(Element(image: Int32(image), category: Int32(category), score: score, box: box, area: box.area))
  }

  /// Adds a mask; its box and its area are those of the mask.
  package mutating func append(image: Int, category: Int, score: Double, mask: RunLengthMask) {
    let outline = outlines.append(runs: mask.counts, isText: true)
    elements.append(
      Element(
        image: Int32(image), category: Int32(category), score: score, box: mask.box, area: Double(mask.area), outline: outline))
  }

  /// The pixels of a detection: its mask, or its box where it has none.
  func mask(of element: Element, in image: AnnotatedImage) -> RunLengthMask {
    outlines.mask(element.outline, width: image.width, height: image.height)
      ?? RunLengthMask(box: element.box, width: image.width, height: image.height)
  }

  /// Brings them into an order that depends on nothing but what they are.
  mutating func sortByContent() {
    let outlines = outlines
    func precedes(_ a: Element, _ b: Element) -> Bool {
      if a.score != b.score { return a.score > b.score }
      if a.image != b.image { return a.image < b.image }
      if a.category != b.category { return a.category < b.category }
      let (x, y) = ([a.box.x, a.box.y, a.box.width, a.box.height, a.area], [b.box.x, b.box.y, b.box.width, b.box.height, b.area])
      if x != y { return x.lexicographicallyPrecedes(y) }
      return outlines.numbers(a.outline).lexicographicallyPrecedes(outlines.numbers(b.outline))
    }
    elements.sort(by: precedes)
  }
}

extension OutlineStorage {
  /// All that makes an outline what it is, to compare by.
  fileprivate func numbers(_ outline: Outline) -> [Double] {
    switch outline {
    case .none: []
    case .polygons: (polygons(outline) ?? []).flatMap { [Double($0.count)] + $0 }
    case .runs(let first, let count, _): runs[first..<first + count].map(Double.init)
    }
  }
}
