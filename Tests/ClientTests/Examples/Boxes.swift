import Longtail

/// One drawn box an image: data for detection.
struct Boxes: DetectionDataset {
  static let entry = DetectionDatasets.Entry("oneBox", summary: "one drawn box an image", about: "2 classes, no files.") { _, _ in Boxes() }

  let name = "oneBox"
  let categories = CategoryTable([Category(id: 1, name: "flat"), Category(id: 2, name: "tall")])

  func count(of split: Split) -> Int { split == .train ? 16 : 4 }
  func identifier(split: Split, index: Int) -> String { "\(split.rawValue)-\(index)" }
  func source(split: Split, index: Int) -> String { "box \(identifier(split: split, index: index))" }
  func imageSize(split: Split, index: Int) throws -> ImageSize { ImageSize(width: 64, height: 64) }
  func fingerprint(of split: Split) throws -> [String] { ["oneBox 1 \(count(of: split))"] }

  /// The box, and its class.
  private func box(_ split: Split, _ index: Int) -> (box: Box, label: Int) {
    let random = CounterRandom(seed: split == .train ? 1 : 2, purpose: .synthesis, sample: index)
    let (label, x, y) = (index % 4 == 0 ? 1 : 0, random.integer(0, below: 24), random.integer(1, below: 24))
    return (Box(x: Double(x), y: Double(y), width: label == 1 ? 10 : 40, height: label == 1 ? 40 : 10), label)
  }

  func image(split: Split, index: Int) throws -> RGBImage {
    let box = box(split, index).box
    var image = RGBImage(width: 64, height: 64)
    image.fill(x: Int(box.x)..<Int(box.x + box.width), y: Int(box.y)..<Int(box.y + box.height), with: .distinct(3))
    return image
  }

  func objects(split: Split, index: Int) throws -> BoxAnnotation {
    let (box, label) = box(split, index)
    return BoxAnnotation(
      objects: [BoxAnnotation.Object(box: CornerBox(box), label: Int32(label))], size: ImageSize(width: 64, height: 64))
  }

  func annotations(of split: Split) throws -> AnnotationSet {
    let indices = 0..<count(of: split)
    return AnnotationSet(
      format: .coco,
      images: indices.map { Detection.AnnotatedImage(id: $0 + 1, fileName: identifier(split: split, index: $0), width: 64, height: 64) },
      categories: categories,
      instances: indices.map { Instance(id: $0 + 1, image: $0, category: box(split, $0).label, box: box(split, $0).box) })
  }
}
