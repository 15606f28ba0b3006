import Datasets
import Images
import Tensors
import Testing

/// The bits that pipelines of resize, scale, crop, flip and jitter gave before there was more to augmentation. Runs that were begun then go on
/// with them.
@Suite struct AugmentationBitsTests {
  /// A digest of images and labels over some epochs and samples.
  private func digest(_ change: (inout AugmentationPipeline) -> Void) throws -> String {
    var pipeline = AugmentationPipeline()
    pipeline.seed = 11
    change(&pipeline)
    let dataset = PatternDataset(width: 40, height: 30)
    let (height, width) = (48, 48)
    var bytes: [UInt8] = []
    for epoch in 0..<3 {
      for index in 0..<4 {
        var images = [Float](repeating: 0, count: 3 * height * width)
        var labels = [Int32](repeating: 0, count: height * width)
        let sample = pipeline.prepared(try dataset.sample(split: .train, index: index))
        try images.withUnsafeMutableBufferPointer { images in
          try labels.withUnsafeMutableBufferPointer { labels in
            try pipeline.write(sample, epoch: epoch, index: index, height: height, width: width, images: images, labels: labels)
          }
        }
        images.withUnsafeBytes { bytes += $0 }
        labels.withUnsafeBytes { bytes += $0 }
      }
    }
    return try String(bytes.withUnsafeBytes { try SHA256Digest(of: $0) }.description.prefix(16))
  }

  @Test func pipelinesWithoutTheNewerKeysGiveTheSameBits() throws {
    let found = [
      try digest { _ in },
      try digest { $0.horizontalFlipProbability = 0.5 },
      try digest {
        $0.resize = ImageSize(width: 36, height: 24)
        $0.randomScale = 0.5...1.9
        $0.randomCrop = ImageSize(width: 32, height: 31)
        $0.horizontalFlipProbability = 0.5
      },
      try digest {
        $0.randomCrop = ImageSize(width: 45, height: 20)
        $0.brightness = 0.3
        $0.contrast = 0.2
        $0.saturation = 0.4
        $0.hue = 0.1
      },
    ]
    #expect(found == ["72d1185681ba45c2", "d1c1f0cb67b8312c", "10cfdcf432df1b5f", "6af8856eee27a8f1"])
  }
}
