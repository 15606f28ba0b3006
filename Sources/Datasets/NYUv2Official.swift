import Foundation
import Images
import Tensors

/// NYU Depth V2 as its official MATLAB file: arrays `images` (rows, columns, 3, samples) and `labels` (rows, columns, samples) of 894
/// classes.
struct NYUv2Official: SegmentationDataset {
  let name = "nyuv2"
  let classes: [ClassInfo]
  let labelMap: LabelMap
  private let file: MATLABFile
  private let size: ImageSize
  private let numbers: [Split: [Int]]

  init(path: String, _ settings: NYUv2.Settings) throws {
    file = try MATLABFile(path: path)
    let images = try file.extents("images", type: .uint8)
    let labels = try file.extents("labels", type: .uint16)
    guard images.count == 4, images[2] == 3, labels.count == 3, labels == [images[0], images[1], images[3]] else {
      throw LongtailError(
        .badData, "\(path): images of \(NYUv2Official.text(images)) and labels of \(NYUv2Official.text(labels)) do not belong together",
        advice: "Expected are rows x columns x 3 x samples, and rows x columns x samples.")
    }
    size = ImageSize(width: images[1], height: images[0])
    guard size.width > 0, size.height > 0, size.width <= ImageLimits.standard.decodedBytes / 3 / size.height else {
      throw LongtailError(.badData, "\(path): images of \(size) pixels")
    }
    numbers = settings.splits(Array(0..<images[3]).map { $0 + 1 }) { $0 }
    classes = settings.classes == 13 ? NYUv2.classes13 : NYUv2.classes40
    labelMap = NYUv2.meaning(of: 40, classes: classes.count)
  }

  func count(of split: Split) -> Int { numbers[split]?.count ?? 0 }
  func identifier(split: Split, index: Int) -> String { (try? number(split, index)).map(NYUv2.name) ?? "\(split.rawValue) \(index)" }
  func labelSource(split: Split, index: Int) -> String { "\(file.path), sample \(identifier(split: split, index: index))" }
  func imageSize(split: Split, index: Int) throws -> ImageSize { size }

  /// Numbers from 0 to 40, made of the file's 0 to 894.
  func fileLabels(split: Split, index: Int) throws -> LabelImage {
    let (labels, unknown) = try read(split, index)
    if let first = unknown.first { throw LabelMap.unknownLabel(first, others: unknown.count - 1) }
    return labels
  }

  func sample(split: Split, index: Int) throws -> Sample {
    let labels = try fileLabels(split: split, index: index)
    return Sample(
      image: try image(split, index), labels: try labelMap.apply(to: labels, source: labelSource(split: split, index: index)))
  }

  func examine(split: Split, index: Int) throws -> Examination {
    let (labels, unknown) = try read(split, index)
    return Examination(size: size, image: try image(split, index), labels: labels, unknown: unknown)
  }

  func fingerprint(of split: Split) throws -> [String] {
    let attributes = try attributes()
    let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    return ["\(file.path) \(byteCount(attributes)) \(changed)", (numbers[split] ?? []).map { "\($0)" }.joined(separator: " ")]
  }

  func listing(of split: Split) throws -> [String] {
    let bytes = byteCount(try attributes())
    return (numbers[split] ?? []).map { "sample \($0) in a file of \(bytes) bytes" }
  }

  // MARK: Reading

  private func number(_ split: Split, _ index: Int) throws -> Int {
    guard let list = numbers[split], list.indices.contains(index) else {
      throw LongtailError(.internalError, "data set nyuv2: there is no sample \(index) in \(split.rawValue)")
    }
    return list[index]
  }

  private func image(_ split: Split, _ index: Int) throws -> RGBImage {
    let number = try number(split, index)
    let (width, height) = (size.width, size.height)
    let planes = try file.read8("images", start: [0, 0, 0, number - 1], count: [height, width, 3, 1])
    var image = RGBImage(width: width, height: height)
    // Columns one after the other, colour by colour.
    for channel in 0..<3 {
      for x in 0..<width {
        let column = (channel * width + x) * height
        for y in 0..<height { image.pixels[3 * (y * width + x) + channel] = planes[column + y] }
      }
    }
    return image
  }

  private func read(_ split: Split, _ index: Int) throws -> (labels: LabelImage, unknown: [UnknownLabel]) {
    let number = try number(split, index)
    let (width, height) = (size.width, size.height)
    let numbers = try file.read16("labels", start: [0, 0, number - 1], count: [height, width, 1])
    var labels = LabelImage(width: width, height: height)
    var unknown: [UInt16: Int] = [:]
    for x in 0..<width {
      for y in 0..<height {
        let label = numbers[x * height + y]
        if Int(label) < NYUv2.classOf894.count {
          labels.labels[y * width + x] = NYUv2.classOf894[Int(label)]
        } else {
          unknown[label, default: 0] += 1
        }
      }
    }
    let source = labelSource(split: split, index: index)
    return (labels, unknown.sorted { $0.key < $1.key }.map { UnknownLabel(source: source, label: Int($0.key), pixels: $0.value) })
  }

  private func attributes() throws -> [FileAttributeKey: Any] {
    do { return try FileManager.default.attributesOfItem(atPath: file.path) } catch {
      throw LongtailError(.missingInput, "\(file.path): there is no such file")
    }
  }

  private func byteCount(_ attributes: [FileAttributeKey: Any]) -> Int { (attributes[.size] as? NSNumber)?.intValue ?? 0 }

  private static func text(_ extents: [Int]) -> String { extents.map { "\($0)" }.joined(separator: " x ") }
}
