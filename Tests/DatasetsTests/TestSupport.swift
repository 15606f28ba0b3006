import Datasets
import Foundation
import Images
import Tensors

/// Writes an image and its labels of a few pixels.
func writePair(image: String, labels: String, values: [UInt8], width given: Int? = nil) throws {
  let width = max(1, given ?? values.count)
  let height = values.count / width
  for path in [image, labels] {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
  }
  var picture = RGBImage(width: width, height: height)
  for index in values.indices { picture.pixels[3 * index] = values[index] }
  try picture.writePNG(to: image)
  guard let map = LabelImage(width: width, height: height, labels: values) else { return }
  try map.writePNG(to: labels)
}

/// Samples made up from their index: pixel (x, y) is red x, green y, blue index, of class (x + y + index) mod 3.
struct PatternDataset: SegmentationDataset {
  var width = 6
  var height = 5
  var samples = 10
  /// This sample cannot be read.
  var broken: Int?

  let name = "pattern"
  let classes = ["a", "b", "c"].map { ClassInfo(name: $0, colour: .white) }
  let labelMap = LabelMap(classCount: 3, ignored: [255])

  func count(of split: Split) -> Int { samples }
  func identifier(split: Split, index: Int) -> String { "number-\(index)" }
  func labelSource(split: Split, index: Int) -> String { "labels of number-\(index)" }
  func fileLabels(split: Split, index: Int) throws -> LabelImage { try sample(split: split, index: index).labels }
  func imageSize(split: Split, index: Int) throws -> ImageSize { ImageSize(width: width, height: height) }
  func fingerprint(of split: Split) throws -> [String] { [] }

  func sample(split: Split, index: Int) throws -> Sample {
    if index == broken { throw LongtailError(.badData, "number-\(index) is broken") }
    var image = RGBImage(width: width, height: height)
    var labels = LabelImage(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        image[x, y] = RGBColour(UInt8(x), UInt8(y), UInt8(index))
        labels[x, y] = UInt8((x + y + index) % 3)
      }
    }
    return Sample(image: image, labels: labels)
  }
}
