import Longtail

/// Pictures of one, two or three dots; three are rare. The label of a picture is how many it shows.
struct Dots: ImageDataset {
  /// The class of a picture.
  struct Count: RowAnnotation {
    let label: Int32
    var byteCount: Int { 4 }
    func resized(to size: ImageSize) -> Count { self }
    func write(_ geometry: Geometry, to rows: UnsafeMutableBufferPointer<Int32>) { rows[0] = label }
  }

  let name = "dots"
  let classes: [ClassInfo]
  private let (train, validation): (Int, Int)

  init(train: Int) { self.init(["one", "two", "three"].enumerated().map { ClassInfo(name: $1, colour: .distinct($0)) }, train: train, 16) }
  /// The classes of a checkpoint, without pictures.
  init(recorded classes: [ClassInfo]) { self.init(classes, train: 0, 0) }
  private init(_ classes: [ClassInfo], train: Int, _ validation: Int) {
    (self.classes, self.train, self.validation) = (classes, train, validation)
  }

  func count(of split: Split) -> Int { split == .train ? train : split == .validation ? validation : 0 }
  func identifier(split: Split, index: Int) -> String { "\(split.rawValue)-\(index)" }
  func imageSize(split: Split, index: Int) throws -> ImageSize { ImageSize(width: 16, height: 16) }
  func fingerprint(of split: Split) throws -> [String] { ["dots \(count(of: split))"] }
  func label(_ index: Int) -> Int { [0, 1, 0, 2, 0, 1, 0, 1][index % 8] }

  func image(_ split: Split, _ index: Int) -> RGBImage {
    let random = CounterRandom(seed: split == .train ? 1 : 2, purpose: .synthesis, sample: index)
    var image = RGBImage(width: 16, height: 16)
    for dot in 0...label(index) {
      let (x, y) = (random.integer(2 * dot, below: 3) + 5 * dot, random.integer(2 * dot + 1, below: 12))
      image.fill(x: x..<x + 3, y: y..<y + 3, with: RGBColour(240, 240, 240))
    }
    return image
  }
  func annotatedImage(split: Split, index: Int) throws -> Datasets.AnnotatedImage {
    Datasets.AnnotatedImage(image: image(split, index), annotation: Count(label: Int32(label(index))))
  }
  func count(split: Split, index: Int, into statistics: inout LabelStatistics) throws {
    statistics.add(
      counts: [(class: label(index), count: 1)], size: try imageSize(split: split, index: index),
      source: identifier(split: split, index: index))
  }
}
