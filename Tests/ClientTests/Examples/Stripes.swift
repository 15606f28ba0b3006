import Longtail

/// Drawn stripes, lying or standing: images for recognition.
struct Stripes: ImageSource {
  static let entry = RecognitionDatasets.Entry("stripes", summary: "drawn stripes: 2 classes", about: "One in five stands.") { _, _ in
    func part(_ count: Int) -> LabelledImages.Part {
      let labels = (0..<count).map { Int32($0 % 5 == 0 ? 1 : 0) }
      return .init(source: Stripes(labels: labels), names: labels.indices.map { "\($0)" }, labels: labels)
    }
    return try LabelledImages(name: "stripes", classes: ["lying", "standing"], parts: [.train: part(40), .validation: part(10)])
  }

  let labels: [Int32]

  var count: Int { labels.count }
  func location(of index: Int) -> String { "stripes \(index)" }
  func fingerprint(of index: Int) -> String { "stripes 1 \(index) \(labels[index])" }

  func content(of index: Int) throws -> ImageContent {
    var image = RGBImage(width: 32, height: 32)
    let offset = CounterRandom(seed: 1, purpose: .synthesis, sample: index).integer(0, below: 8)
    for place in stride(from: offset, to: 30, by: 8) {
      let (across, whole) = (place..<place + 2, 0..<32)
      image.fill(x: labels[index] == 1 ? across : whole, y: labels[index] == 1 ? whole : across, with: .distinct(index))
    }
    return .pixels(image)
  }
}
