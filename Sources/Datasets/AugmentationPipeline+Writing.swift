import Foundation
import Images
import Tensors

extension AugmentationPipeline {
  /// Augments an image and writes it as a network takes it.
  ///
  /// The image goes to the upper left of each plane; what is to its right and below it is 0, the mean colour.
  /// - Parameters:
  ///   - image: as `prepared` gave it.
  ///   - epoch: counted from 0.
  ///   - index: the sample's index in its split.
  ///   - occurrence: how often the sample came before in this epoch.
  ///   - height: rows of the output, at least those of the augmented image.
  ///   - width: columns of the output.
  ///   - planes: `3 * height * width` floats: the planes red, green, blue.
  /// - Returns: where the image lies in the output, for its annotation.
  /// - Throws: `.badData` where the augmented image is larger than the output.
  package func write(
    _ image: RGBImage, epoch: Int, index: Int, occurrence: Int = 0, height: Int, width: Int,
    to planes: UnsafeMutableBufferPointer<Float>
  ) throws -> Geometry {
    let size = ImageSize(width: image.width, height: image.height)
    let choice = decisions(size: size, epoch: epoch, index: index, occurrence: occurrence)
    guard choice.crop.width <= width, choice.crop.height <= height else {
      throw LongtailError(
        .badData, "sample \(index) is \(choice.crop) after augmentation, larger than the batch's \(width) x \(height)",
        advice: "Set a fixed size to resize or crop to.")
    }
    guard planes.count >= 3 * height * width else {
      throw LongtailError(.internalError, "a batch of \(width) x \(height) was given too little memory")
    }
    let geometry = Geometry(choice, source: size, output: ImageSize(width: width, height: height))
    let (columns, rows) = (geometry.columns, geometry.rows)
    // A part of the image, as large as `columns` and `rows`; the window begins where they do in it.
    let isScaled = choice.scaled != size
    let part =
      isScaled ? image.resized(width: choice.scaled.width, height: choice.scaled.height, columns: columns, rows: rows) : image
    let window = Window(
      x: isScaled ? 0 : columns.lowerBound, y: isScaled ? 0 : rows.lowerBound, width: columns.count, height: rows.count)
    planes[0..<3 * height * width].update(repeating: 0)
    if choice.changesColours {
      writeChanged(part, window, geometry, ColourChange(choice, image: part, window: window), planes)
    } else {
      writePlain(part, window, geometry, planes)
    }
    return geometry
  }

  /// Augments an image with a class for each pixel, and writes both.
  /// - Parameters:
  ///   - images: see the other form.
  ///   - labels: `height * width` labels; -1 is ignored, as all is that the image does not cover.
  /// - Throws: as the other form.
  package func write(
    _ sample: Sample, epoch: Int, index: Int, height: Int, width: Int, images: UnsafeMutableBufferPointer<Float>,
    labels: UnsafeMutableBufferPointer<Int32>
  ) throws {
    let geometry = try write(sample.image, epoch: epoch, index: index, height: height, width: width, to: images)
    labels.update(repeating: -1)
    try sample.labels.write(geometry, to: labels)
  }

  /// Writes a view as a network takes it: colour jitter and normalization.
  /// - Parameters:
  ///   - view: as `view(of:draw:other:)` gave it.
  ///   - height: rows of the output, at least those of the view.
  ///   - width: columns of the output.
  ///   - planes: `3 * height * width` floats.
  /// - Returns: where the view lies in the output, for its annotation.
  /// - Throws: `.badData` where the view is larger than the output.
  package func write(
    _ view: AugmentedView, height: Int, width: Int, to planes: UnsafeMutableBufferPointer<Float>
  ) throws -> Geometry {
    let size = view.image.size
    try requireRoom(size, height: height, width: width, planes: planes.count)
    let geometry = Geometry(size, output: ImageSize(width: width, height: height))
    let window = Window(x: 0, y: 0, width: size.width, height: size.height)
    if size != geometry.output { planes[0..<3 * height * width].update(repeating: 0) }
    if view.decisions.changesColours {
      writeChanged(view.image, window, geometry, ColourChange(view.decisions, image: view.image, window: window), planes)
    } else {
      writePlain(view.image, window, geometry, planes)
    }
    return geometry
  }

  private func requireRoom(_ size: ImageSize, height: Int, width: Int, planes: Int) throws {
    guard size.width <= width, size.height <= height else {
      throw LongtailError(
        .badData, "a view is \(size) after augmentation, larger than the batch's \(width) x \(height)",
        advice: "Set a fixed size to resize or crop to.")
    }
    guard planes >= 3 * height * width else {
      throw LongtailError(.internalError, "a batch of \(width) x \(height) was given too little memory")
    }
  }

  /// The part of an image that is seen.
  struct Window {
    var x: Int
    var y: Int
    var width: Int
    var height: Int
  }

  private func writePlain(_ source: RGBImage, _ window: Window, _ target: Geometry, _ output: UnsafeMutableBufferPointer<Float>) {
    // (v / 255 - mean) / deviation for each possible value, in double precision once.
    let plane = target.output.width * target.output.height
    var table: [Float] = []
    for channel in 0..<3 {
      for value in 0..<256 { table.append(Float((Double(value) / 255 - mean[channel]) / standardDeviation[channel])) }
    }
    table.withUnsafeBufferPointer { table in
      source.pixels.withUnsafeBufferPointer { input in
        for row in 0..<window.height {
          var (position, step) = target.line(row)
          var index = 3 * ((window.y + row) * source.width + window.x)
          for _ in 0..<window.width {
            output[position] = table[Int(input[index])]
            output[position &+ plane] = table[256 &+ Int(input[index &+ 1])]
            output[position &+ 2 &* plane] = table[512 &+ Int(input[index &+ 2])]
            position &+= step
            index &+= 3
          }
        }
      }
    }
  }

  private func writeChanged(
    _ source: RGBImage, _ window: Window, _ target: Geometry, _ change: ColourChange, _ output: UnsafeMutableBufferPointer<Float>
  ) {
    let scale = SIMD4<Float>(Float(1 / standardDeviation[0]), Float(1 / standardDeviation[1]), Float(1 / standardDeviation[2]), 0)
    let plane = target.output.width * target.output.height
    let shift = SIMD4<Float>(Float(mean[0]), Float(mean[1]), Float(mean[2]), 0)
    source.pixels.withUnsafeBufferPointer { input in
      for row in 0..<window.height {
        var (position, step) = target.line(row)
        var index = 3 * ((window.y + row) * source.width + window.x)
        for _ in 0..<window.width {
          let changed = change.apply(Float(input[index]), Float(input[index &+ 1]), Float(input[index &+ 2]))
          let normalized = (changed - shift) * scale
          output[position] = normalized.x
          output[position &+ plane] = normalized.y
          output[position &+ 2 &* plane] = normalized.z
          position &+= step
          index &+= 3
        }
      }
    }
  }
}

/// Brightness, contrast, saturation and hue as one affine map of colours, cut off to [0, 1] at the end only.
struct ColourChange {
  private var red: SIMD4<Float>
  private var green: SIMD4<Float>
  private var blue: SIMD4<Float>
  private var offset: SIMD4<Float>

  /// Grey of a colour (ITU-R BT.601).
  private static let grey = SIMD3<Double>(0.299, 0.587, 0.114)

  init(_ choice: AugmentationDecisions, image: RGBImage, window: AugmentationPipeline.Window) {
    let meanGrey = ColourChange.meanGrey(image, window) * choice.brightness
    // Rows of the matrix, brightness and contrast first: both are multiples of the identity.
    let gain = choice.brightness * choice.contrast
    let grey = ColourChange.grey
    let rest = 1 - choice.saturation
    let saturate = (0..<3).map { channel -> SIMD3<Double> in
      var row = grey * rest
      row[channel] += choice.saturation
      return row
    }
    // Rotation about the grey axis (Rodrigues' formula).
    let angle = 2 * Double.pi * choice.hue
    let third = (1 - cos(angle)) / 3
    let skew = sin(angle) / 3.0.squareRoot()
    let same = cos(angle) + third
    let turn = [
      SIMD3(same, third - skew, third + skew), SIMD3(third + skew, same, third - skew), SIMD3(third - skew, third + skew, same),
    ]
    var columns = [SIMD4<Float>](repeating: .zero, count: 3)
    for row in 0..<3 {
      let combined = saturate[0] * turn[row].x + saturate[1] * turn[row].y + saturate[2] * turn[row].z
      for column in 0..<3 { columns[column][row] = Float(combined[column] * gain / 255) }
    }
    red = columns[0]
    green = columns[1]
    blue = columns[2]
    // Saturation and hue leave greys alone, so the offset of the contrast passes through them.
    let shift = Float((1 - choice.contrast) * meanGrey)
    offset = SIMD4(shift, shift, shift, 0)
  }

  @inline(__always)
  func apply(_ r: Float, _ g: Float, _ b: Float) -> SIMD4<Float> {
    let sum = red * r + green * g + blue * b + offset
    return pointwiseMin(pointwiseMax(sum, .zero), .one)
  }

  /// Mean grey on a scale from 0 to 1.
  private static func meanGrey(_ image: RGBImage, _ window: AugmentationPipeline.Window) -> Double {
    var sums = SIMD3<Int>.zero
    image.pixels.withUnsafeBufferPointer { input in
      for row in 0..<window.height {
        let line = 3 * ((window.y + row) * image.width + window.x)
        for column in 0..<window.width {
          let index = line &+ 3 &* column
          sums &+= SIMD3(Int(input[index]), Int(input[index &+ 1]), Int(input[index &+ 2]))
        }
      }
    }
    let count = Double(max(1, window.width * window.height)) * 255
    return (Double(sums.x) * grey.x + Double(sums.y) * grey.y + Double(sums.z) * grey.z) / count
  }
}
