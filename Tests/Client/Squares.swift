import Longtail

/// Drawn squares whose label files say 10 for the ground, 20 for large squares, 30 for small ones, and 99 for what is not judged.
struct Squares: SegmentationDataset {
  static let entry = DatasetEntry(RegistryEntry("squares", summary: "drawn squares: 3 classes", about: "No files.") { _, _ in Squares() })
  let name = "squares"
  let classes = ["ground", "large", "small"].enumerated().map { ClassInfo(name: $1, colour: .distinct($0)) }
  var labelMap: LabelMap {
    var map = LabelMap()
    (map[10], map[20], map[30], map[99]) = (.classIndex(0), .classIndex(1), .classIndex(2), .ignored)
    return map
  }
  func count(of split: Split) -> Int { split == .train ? 16 : 4 }
  func identifier(split: Split, index: Int) -> String { "\(split.rawValue)-\(index)" }
  func labelSource(split: Split, index: Int) -> String { "squares \(identifier(split: split, index: index))" }
  func imageSize(split: Split, index: Int) throws -> ImageSize { ImageSize(width: 32, height: 32) }
  func fingerprint(of split: Split) throws -> [String] { ["squares \(count(of: split))"] }
  func fileLabels(split: Split, index: Int) throws -> LabelImage { drawn(split, index).labels }
  func sample(split: Split, index: Int) throws -> Sample {
    let (image, labels) = drawn(split, index)
    return Sample(image: image, labels: try labelMap.apply(to: labels, source: labelSource(split: split, index: index)))
  }

  private func drawn(_ split: Split, _ index: Int) -> (image: RGBImage, labels: LabelImage) {
    let random = CounterRandom(seed: split == .train ? 1 : 2, purpose: .synthesis, sample: index)
    var (image, labels) = (RGBImage(width: 32, height: 32), LabelImage(width: 32, height: 32, fill: 10))
    for (side, label) in [(14, 20), (5, 30)] {
      let (x, y) = (random.integer(side, below: 32 - side), random.integer(label, below: 32 - side))
      image.fill(x: x..<x + side, y: y..<y + side, with: .distinct(label / 10))
      for row in y..<y + side { for column in x..<x + side { labels.labels[32 * row + column] = UInt8(label) } }
    }
    labels.labels[0] = 99
    return (image, labels)
  }
}
