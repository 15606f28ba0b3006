import Datasets
import Images
import Tensors

/// Images with blocks of rare classes on ground: which classes an image shows follows from its index.
///
/// Class 0 is ground everywhere; class 1 a wide block in every image; classes 2, 3, 4 blocks of 6 x 5 pixels in every 4th, 8th and 16th image.
/// A pixel's red is 50 times its class, its green the image's index, its blue 200.
struct BlockDataset: SegmentationDataset {
  var width = 32
  var height = 24
  var samples = 32

  let name = "blocks"
  let classes = ["ground", "wide", "often", "seldom", "rare"].map { ClassInfo(name: $0, colour: .white) }
  let labelMap = LabelMap(classCount: 5, ignored: [255])

  func count(of split: Split) -> Int { split == .train ? samples : 0 }
  func identifier(split: Split, index: Int) -> String { "block-\(index)" }
  func labelSource(split: Split, index: Int) -> String { "labels of block-\(index)" }
  func fileLabels(split: Split, index: Int) throws -> LabelImage { try sample(split: split, index: index).labels }
  func imageSize(split: Split, index: Int) throws -> ImageSize { ImageSize(width: width, height: height) }
  func fingerprint(of split: Split) throws -> [String] { [] }

  /// The classes of an image.
  static func shown(_ index: Int) -> [Int] { [0, 1] + [(2, 4), (3, 8), (4, 16)].filter { index % $0.1 == 0 }.map(\.0) }

  func sample(split: Split, index: Int) throws -> Sample {
    var labels = LabelImage(width: width, height: height, fill: 0)
    func block(_ label: UInt8, _ x: Range<Int>, _ y: Range<Int>) { for row in y { for column in x { labels[column, row] = label } } }
    block(1, 2..<width - 2, 18..<22)
    for label in BlockDataset.shown(index).dropFirst(2) { block(UInt8(label), 9 * label - 16..<9 * label - 10, 4..<9) }
    var image = RGBImage(width: width, height: height)
    for y in 0..<height { for x in 0..<width { image[x, y] = RGBColour(50 * labels[x, y], UInt8(index), 200) } }
    return Sample(image: image, labels: labels)
  }

  /// The classes of all images.
  var shownClasses: SampleClasses {
    get throws { try SampleClasses(countingLabelsOf: self, split: .train, threads: 1, skipsUnreadable: false) }
  }

  /// A pipeline that only sets values to what pixels are, and knows the classes.
  func pipeline(_ change: (inout AugmentationPipeline) -> Void) throws -> AugmentationPipeline {
    var pipeline = AugmentationPipeline()
    pipeline.mean = [0, 0, 0]
    pipeline.standardDeviation = [1 / 255.0, 1 / 255.0, 1 / 255.0]
    pipeline.seed = 21
    change(&pipeline)
    return try pipeline.knowing(
      shownClasses, names: classes.map(\.name), sampler: SampleOrder(seed: 21, count: samples))
  }

  /// A view of an image.
  func view(_ pipeline: AugmentationPipeline, _ index: Int, epoch: Int = 0, occurrence: Int = 0) throws -> AugmentedView {
    func prepared(_ index: Int) throws -> AnnotatedImage { pipeline.prepared(try annotatedImage(split: .train, index: index)) }
    return try pipeline.view(
      of: prepared(index), draw: SampleDraw(seed: pipeline.seed, epoch: epoch, index: index, occurrence: occurrence), other: prepared)
  }
}

extension AugmentedView {
  /// The label of each pixel.
  var labels: LabelImage { annotation as? LabelImage ?? LabelImage(width: 0, height: 0) }
}
