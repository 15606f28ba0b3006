import Foundation
import Images

/// Experiments that take a second: a network of a few channels, images of a few pixels, one thread, direct kernels.
public enum TinyExperiment {
  /// Writes a configuration with the generated scenes, 64 x 48.
  /// - Returns: its path.
  public static func scenes(in directory: String, train: Int = 12, validation: Int = 5) throws -> String {
    try write(
      """
      data:
        name: scenes
        size: {width: 64, height: 48}
        settings: {width: 64, height: 48, train: \(train), validation: \(validation)}
        augmentation: {flip: 0.5}
      """, in: directory)
  }

  /// The class of a pixel of a file that `folder` and `camVid` write; ignored ones lie in the lower right part.
  public static func label(x: Int, y: Int, image: Int, classes: Int, size: ImageSize, ignored: UInt8?) -> UInt8 {
    if let ignored, x * 2 > size.width, y * 3 > size.height * (image % 3) { return ignored }
    // Ever longer stretches, so that the first classes are frequent.
    let place = (x * 7 + y * 3 + image * 11) % 64
    return UInt8(max(0, (0..<classes).last { place >= 64 - 64 >> $0 } ?? 0))
  }

  /// Writes images with labels of four classes (255 ignored), and a configuration that reads them as a `folder`.
  /// - Parameter ignores: whether some of the pixels, in each image another part, are ignored.
  /// - Returns: the configuration's path. The files are `train/images/0.png` and so on.
  public static func folder(
    in directory: String, size: ImageSize = ImageSize(width: 64, height: 48), train: Int = 12, validation: Int = 3, ignores: Bool = true
  ) throws -> String {
    for (split, count) in [("train", train), ("val", validation)] {
      for index in 0..<count {
        try writePair(
          image: "\(directory)/\(split)/images/\(index).png", labels: "\(directory)/\(split)/labels/\(index).png", size: size,
          number: index, classes: 4, ignored: ignores ? 255 : nil)
      }
    }
    return try write(
      """
      data:
        name: folder
        root: \(directory)
        settings:
          trainImages: train/images
          trainLabels: train/labels
          validationImages: val/images
          validationLabels: val/labels
          classes: [ground, wall, tree, sign]
      """, in: directory)
  }

  /// Writes images in CamVid's layout (11 ignored), of a size that no network's stride divides, and a configuration that reads them.
  /// - Returns: the configuration's path.
  public static func camVid(
    in directory: String, size: ImageSize = ImageSize(width: 50, height: 38), train: Int = 6, validation: Int = 3
  ) throws -> String {
    for (split, count) in [("train", train), ("val", validation)] {
      for index in 0..<count {
        try writePair(
          image: "\(directory)/\(split)/\(index).png", labels: "\(directory)/\(split)annot/\(index).png", size: size, number: index,
          classes: 6, ignored: 11)
      }
    }
    return try write("data:\n  name: camvid\n  root: \(directory)", in: directory)
  }

  /// Overwrites one pixel of a label file.
  public static func setLabel(_ label: UInt8, count: Int, in file: String) throws {
    var labels = try LabelImage(contentsOf: file)
    for x in 0..<count { labels[x, 0] = label }
    try labels.writePNG(to: file)
  }

  /// Adds what all have in common to the part that is about data, and writes `tiny.yaml`.
  private static func write(_ data: String, in directory: String) throws -> String {
    let text =
      data + """

        model: {name: unet, width: 8, batchNorm: synchronized}
        objective:
          name: pat
          settings: {exponent: 1, homogenization: rootMeanSquare, statistic: logits, maximumScale: 20}
        training: {epochs: 2, globalBatch: 4}
        checkpoint: {every: 1, keepLast: 100}
        engine: {algorithms: direct, threads: 1}
        reporting: {every: 1, pictures: 0}

        """
    let path = "\(directory)/tiny.yaml"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// Writes an image and its labels, whose classes follow `label(x:y:image:classes:size:ignored:)`.
  public static func writePair(image: String, labels: String, size: ImageSize, number: Int, classes: Int, ignored: UInt8?) throws {
    for path in [image, labels] {
      try FileManager.default.createDirectory(
        atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
    }
    var picture = RGBImage(width: size.width, height: size.height)
    var map = LabelImage(width: size.width, height: size.height)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let seen = label(x: x, y: y, image: number, classes: classes, size: size, ignored: nil)
        picture[x, y] = RGBColour(40 &* seen, UInt8((x * 3) % 256), UInt8((y * 5 + number * 20) % 256))
        map[x, y] = label(x: x, y: y, image: number, classes: classes, size: size, ignored: ignored)
      }
    }
    try picture.writePNG(to: image)
    try map.writePNG(to: labels)
  }
}
