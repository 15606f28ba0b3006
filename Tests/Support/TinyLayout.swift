import CImageFormats
import Foundation
import Images
import Tensors

/// Data sets of a few small images, in the exact layouts of their distributors: what a reader must not see lies beside.
public enum TinyLayout: String, CaseIterable, Sendable {
  case camvid, cityscapes, ade20k, pascalVOC, oxfordPets, nyuv2, nyuv2Official
  /// `images/` with `labels/`, without splits.
  case plain
  /// `train/images` with `train/masks`, black and white, `_mask` at the end of the labels' names.
  case binary
  /// Colours as labels, with `class_dict.csv`.
  case colours

  /// Images of 32 x 24.
  public static let size = ImageSize(width: 32, height: 24)

  /// What `DatasetRegistry` should take it for.
  public var dataset: String {
    switch self {
    case .nyuv2Official: "nyuv2"
    case .plain, .binary, .colours: "folder"
    default: rawValue
    }
  }

  /// The file's number for each of six classes, and that for ignored pixels.
  public var numbers: (classes: [UInt8], ignored: UInt8?) {
    switch self {
    case .camvid: ([3, 1, 0, 5, 8, 10], 11)
    case .cityscapes: ([7, 11, 23, 26, 24, 33], 0)
    case .ade20k: ([1, 4, 2, 5, 13, 150], 0)
    case .pascalVOC: ([0, 15, 7, 12, 20, 1], 255)
    case .oxfordPets: ([2, 1, 3, 1, 3, 1], nil)
    case .nyuv2: ([12, 5, 6, 4, 11, 2], 0)
    case .plain: ([0, 1, 2, 3, 4, 5], 255)
    case .binary: ([0, 255, 0, 255, 0, 255], nil)
    case .nyuv2Official, .colours: ([0, 1, 2, 3, 4, 5], nil)
    }
  }

  /// Writes it.
  /// - Returns: what a person would name as the data set: a folder, or a file.
  public func write(in root: String) throws -> String {
    switch self {
    case .camvid:
      for (split, count) in [("train", 6), ("val", 3)] {
        for index in 0..<count { try pair("\(root)/\(split)/\(index).png", "\(root)/\(split)annot/\(index).png", index) }
      }
      return root
    case .cityscapes:
      for (split, city, count) in [("train", "aachen", 6), ("val", "lindau", 3)] {
        for index in 0..<count {
          let name = "\(city)/\(city)_00000\(index)_000019"
          try pair("\(root)/leftImg8bit/\(split)/\(name)_leftImg8bit.png", "\(root)/gtFine/\(split)/\(name)_gtFine_labelIds.png", index)
          for other in ["color.png", "instanceIds.png", "polygons.json"] {
            try text("not to be read", "\(root)/gtFine/\(split)/\(name)_gtFine_\(other)")
          }
        }
      }
      return root
    case .ade20k:
      for (split, short, count) in [("training", "train", 6), ("validation", "val", 3)] {
        for index in 1...count {
          let name = "\(split)/ADE_\(short)_0000000\(index)"
          try pair("\(root)/ADEChallengeData2016/images/\(name).jpg", "\(root)/ADEChallengeData2016/annotations/\(name).png", index)
        }
      }
      return root
    case .pascalVOC:
      let base = "\(root)/VOCdevkit/VOC2012"
      let names = (0..<9).map { "2007_00000\($0)" }
      for (index, name) in names.enumerated() {
        try pair("\(base)/JPEGImages/\(name).jpg", "\(base)/SegmentationClass/\(name).png", index, palette: true)
      }
      try picture(9).write(to: "\(base)/JPEGImages/2012_000009.jpg")
      try text(names.prefix(6).joined(separator: "\n") + "\n", "\(base)/ImageSets/Segmentation/train.txt")
      try text(names.dropFirst(6).joined(separator: "\n") + "\n", "\(base)/ImageSets/Segmentation/val.txt")
      return root
    case .oxfordPets:
      let samples = (0..<9).map { ["Abyssinian_\($0 + 1) 1 1 1", "american_bulldog_\($0 + 1) 2 2 1", "Bengal_\($0 + 1) 6 1 2"][$0 % 3] }
      for (index, line) in samples.enumerated() {
        let name = line.split(separator: " ")[0]
        try pair("\(root)/images/\(name).jpg", "\(root)/annotations/trimaps/\(name).png", index)
        try text("not to be read", "\(root)/annotations/trimaps/._\(name).png")
      }
      try text("not to be read", "\(root)/images/Abyssinian_100.mat")
      try text("#Image CLASS-ID SPECIES BREED ID\n" + samples.joined(separator: "\n"), "\(root)/annotations/list.txt")
      try text(samples.prefix(6).joined(separator: "\n") + "\n", "\(root)/annotations/trainval.txt")
      try text(samples.dropFirst(6).joined(separator: "\n") + "\n", "\(root)/annotations/test.txt")
      return root
    case .nyuv2:
      for number in 1...12 {
        try pair("\(root)/images/00\(number / 10)\(number % 10).png", "\(root)/labels13/00\(number / 10)\(number % 10).png", number)
      }
      return root
    case .nyuv2Official:
      try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
      try MATLABFixture.write(to: "\(root)/nyu_depth_v2_labeled.mat", samples: 12)
      return "\(root)/nyu_depth_v2_labeled.mat"
    case .plain:
      for index in 0..<10 { try pair("\(root)/images/\(index).jpg", "\(root)/labels/\(index).png", index) }
      return root
    case .binary:
      for (split, count) in [("train", 6), ("val", 3)] {
        for index in 0..<count { try pair("\(root)/\(split)/images/\(index).png", "\(root)/\(split)/masks/\(index)_mask.png", index) }
      }
      return root
    case .colours:
      for (split, count) in [("train", 6), ("val", 3)] {
        for index in 0..<count {
          try pair("\(root)/\(split)/\(index).png", nil, index)
          var map = RGBImage(width: Self.size.width, height: Self.size.height)
          for y in 0..<map.height { for x in 0..<map.width { map[x, y] = Self.classColours[min(3, label(x, y, index))].colour } }
          try map.write(to: "\(root)/\(split)_labels/\(index).png")
        }
      }
      try text(
        "name,r,g,b\n" + Self.classColours.map { "\($0.name),\($0.colour.red),\($0.colour.green),\($0.colour.blue)\n" }.joined(),
        "\(root)/class_dict.csv")
      return root
    }
  }

  /// The colours of `colours`; the last is ignored.
  public static let classColours: [(name: String, colour: RGBColour)] = [
    ("Road", RGBColour(128, 64, 128)), ("Sky", RGBColour(128, 128, 128)), ("Car", RGBColour(64, 0, 128)), ("Void", .black),
  ]

  private func label(_ x: Int, _ y: Int, _ index: Int) -> Int {
    Int(TinyExperiment.label(x: x, y: y, image: index, classes: 6, size: Self.size, ignored: nil))
  }

  private func picture(_ index: Int) -> RGBImage {
    var picture = RGBImage(width: Self.size.width, height: Self.size.height)
    for y in 0..<picture.height {
      for x in 0..<picture.width { picture[x, y] = RGBColour(UInt8(40 * label(x, y, index)), UInt8(x * 7), UInt8(y * 9 + index)) }
    }
    return picture
  }

  /// Labels are nil where the caller writes them.
  private func pair(_ image: String, _ labels: String?, _ index: Int, palette: Bool = false) throws {
    try picture(index).write(to: image)
    guard let labels else { return }
    var map = LabelImage(width: Self.size.width, height: Self.size.height)
    for y in 0..<map.height {
      for x in 0..<map.width {
        let isIgnored = x < 4 && y < 5
        map[x, y] = isIgnored ? numbers.ignored ?? numbers.classes[0] : numbers.classes[label(x, y, index)]
      }
    }
    try folder(of: labels)
    try map.writePNG(to: labels, palette: palette ? (0..<256).map { RGBColour.distinct($0) } : nil)
  }

  private func text(_ text: String, _ path: String) throws {
    try folder(of: path)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
}

private func folder(of path: String) throws {
  try FileManager.default.createDirectory(
    atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
}

extension RGBImage {
  /// Writes a JPEG where the name says so, else a PNG; folders are made.
  public func write(to path: String) throws {
    try folder(of: path)
    guard path.hasSuffix(".jpg") else { return try writePNG(to: path) }
    try Data(jpeg()).write(to: URL(fileURLWithPath: path))
  }

  /// The image as a JPEG file.
  public func jpeg(quality: Int32 = 90) throws -> [UInt8] {
    guard let handle = tjInitCompress() else { throw LongtailError(.inputOutput, "no memory for the JPEG encoder") }
    defer { tjDestroy(handle) }
    var buffer: UnsafeMutablePointer<UInt8>?
    var count: UInt = 0
    let status = tjCompress2(
      handle, pixels, Int32(width), 0, Int32(height), Int32(TJPF_RGB.rawValue), &buffer, &count, Int32(TJSAMP_420.rawValue), quality, 0)
    guard status == 0, let buffer else { throw LongtailError(.inputOutput, "a JPEG could not be encoded") }
    defer { tjFree(buffer) }
    return [UInt8](UnsafeBufferPointer(start: buffer, count: Int(count)))
  }
}
