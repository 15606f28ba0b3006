import Foundation
import Kernels
import Tensors
import Testing

@testable import Detection

/// Numbers that the parts of a detector have to give: those of `Oracle/make_region_values.py`, and those of the folder `shared`, which were
/// compared with torch and torchvision. Both have the same keys.
struct RegionValues: CustomTestStringConvertible, @unchecked Sendable {
  let name: String
  let root: [String: Any]

  var testDescription: String { name }

  /// Both, or the first alone where there is no `shared`.
  static let all: [RegionValues] = {
    let own = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/regions.json")
    var places = [("Oracle/regions.json", own)]
    if let shared = TestFiles.shared {
      places.append(("shared", URL(fileURLWithPath: "\(shared)/golden/detection_golden.json")))
    } else {
      print("SKIPPED values of ../shared/golden/detection_golden.json: there is no ../shared")
    }
    return places.compactMap { name, url in
      guard let data = try? Data(contentsOf: url), let root = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
        return nil
      }
      return RegionValues(name: name, root: root)
    }
  }()

  /// A part of a part, by keys.
  func dictionary(_ keys: String...) throws -> [String: Any] {
    var part = root
    for key in keys { part = try #require(part[key] as? [String: Any], "\(name): \(keys)") }
    return part
  }
}

extension [String: Any] {
  func value<Wanted>(_ key: String, as type: Wanted.Type = Wanted.self) throws -> Wanted {
    try #require(self[key] as? Wanted, "\(key) is no \(type)")
  }
  func numbers(_ key: String) throws -> [Double] { try value(key, as: [NSNumber].self).map(\.doubleValue) }
  func integers(_ key: String) throws -> [Int] { try value(key, as: [NSNumber].self).map(\.intValue) }
  func matrix(_ key: String) throws -> [[Double]] { try value(key, as: [[NSNumber]].self).map { $0.map(\.doubleValue) } }
  func boxes(_ key: String) throws -> [CornerBox] { try matrix(key).map { CornerBox(numbers: $0) } }
  /// All numbers of nested lists, in order.
  func flat(_ key: String) throws -> [Float] {
    func flatten(_ value: Any) -> [Float] {
      if let list = value as? [Any] { return list.flatMap(flatten) }
      return [(value as? NSNumber)?.floatValue ?? .nan]
    }
    return flatten(try value(key, as: [Any].self))
  }
}

extension CornerBox {
  init(numbers: [Double]) { self.init(Float(numbers[0]), Float(numbers[1]), Float(numbers[2]), Float(numbers[3])) }
  var numbers: [Float] { [left, top, right, bottom] }
}

extension SIMD4<Float> {
  init(numbers: [Double]) { self.init(numbers.map(Float.init)) }
  var numbers: [Float] { (0..<4).map { self[$0] } }
}

/// Whether numbers agree up to float32: relative to the larger of 1 and the number.
func expectClose(
  _ a: [Float], _ b: [Float], _ tolerance: Float = 2e-6, _ hint: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  guard a.count == b.count else {
    Issue.record("\(hint): \(a.count) numbers, expected \(b.count)", sourceLocation: sourceLocation)
    return
  }
  var worst: Float = 0
  for (one, other) in zip(a, b) where one != other {
    let error = abs(one - other) / max(1, abs(other))
    worst = max(worst, error.isNaN ? .infinity : error)
  }
  #expect(worst <= tolerance, "\(hint): differs by \(worst)", sourceLocation: sourceLocation)
}

/// An activation with numbers given in the order image, channel, row, column, in blocks of channels.
struct TestFeatures {
  let blocks: ChannelBlocks
  let buffer: HostBuffer

  init(images: Int, channels: Int, height: Int, width: Int, block: Int, values: [Float]? = nil) {
    let count = (channels + block - 1) / block
    blocks = ChannelBlocks(
      images: images, channels: channels, height: height, width: width, block: block, blockStride: height * width * block,
      imageStride: count * height * width * block)
    buffer = HostBuffer(floatCount: blocks.floatCount)
    guard let values else { return }
    buffer.withFloats { floats in for (place, value) in values.enumerated() { floats[index(place)] = value } }
  }

  private func index(_ place: Int) -> Int {
    let (channelPlace, position) = place.quotientAndRemainder(dividingBy: blocks.positions)
    let (image, channel) = channelPlace.quotientAndRemainder(dividingBy: blocks.channels)
    return image * blocks.imageStride + channel / blocks.block * blocks.blockStride + position * blocks.block + channel % blocks.block
  }

  var values: [Float] {
    buffer.withFloats { floats in (0..<blocks.images * blocks.channels * blocks.positions).map { floats[index($0)] } }
  }

  func region() throws -> FloatRegion { try FloatRegion(buffer, offset: 0, count: blocks.floatCount) }

  /// The same as rows: a row a position.
  var rows: RowsView {
    RowsView(
      buffer: buffer, images: blocks.images, rowsPerImage: blocks.positions, classes: blocks.channels, imageStride: blocks.imageStride,
      rowStride: blocks.block, classStride: blocks.block == 1 ? blocks.positions : 1,
      blockSize: blocks.block == 1 ? blocks.channels : blocks.block, blockStride: blocks.blockStride)
  }
}
