/// A mask of an image as the lengths of its runs, column by column from the top left, beginning with background.
///
/// The form, and every operation here, is that of the COCO API (`maskApi.c` of pycocotools 2.0.11): results are equal bit for bit.
/// Cost: 4 bytes a run; operations are linear in the number of runs.
package struct RunLengthMask: Sendable, Hashable {
  /// Columns of the image.
  package let width: Int
  /// Rows of the image.
  package let height: Int
  /// Lengths of background, mask, background, ... in the order of columns. Their sum is `width * height`.
  package let counts: [UInt32]

  /// The most pixels that an image may have: positions are counted in 31 bits.
  package static let pixelLimit = Int(Int32.max)

  /// Takes runs whose sum is known to be right.
  init(width: Int, height: Int, trusted counts: [UInt32]) {
    (self.width, self.height, self.counts) = (width, height, counts)
  }

  /// Takes runs; nil where they do not add up to the image's pixels, or the image has too many of them.
  package init?(width: Int, height: Int, counts: [UInt32]) {
    guard RunLengthMask.fits(counts[...], width: width, height: height) else { return nil }
    self.init(width: width, height: height, trusted: counts)
  }

  /// Whether runs add up to an image's pixels.
  static func fits(_ counts: ArraySlice<UInt32>, width: Int, height: Int) -> Bool {
    guard width > 0, height > 0, height <= pixelLimit / width else { return false }
    return counts.reduce(0) { $0 + Int($1) } == width * height
  }

  /// Codes an image of zeros and others, row by row.
  /// - Parameter pixels: `width * height` numbers; one that is not zero belongs to the mask.
  package init(width: Int, height: Int, pixels: [UInt8]) {
    var counts: [UInt32] = []
    var (isInside, length) = (false, UInt32(0))
    for x in 0..<width {
      for y in 0..<height {
        if (pixels[y * width + x] != 0) != isInside {
          counts.append(length)
          (isInside, length) = (!isInside, 0)
        }
        length += 1
      }
    }
    counts.append(length)
    self.init(width: width, height: height, trusted: counts)
  }

  /// The image, row by row: 1 in the mask, 0 elsewhere.
  package var pixels: [UInt8] {
    var pixels = [UInt8](repeating: 0, count: width * height)
    var position = 0
    for (place, count) in counts.enumerated() {
      if place % 2 == 1 { for k in position..<position + Int(count) { pixels[k % height * width + k / height] = 1 } }
      position += Int(count)
    }
    return pixels
  }

  /// The number of pixels in the mask.
  package var area: Int { RunLengthMask.area(counts[...]) }

  static func area(_ counts: ArraySlice<UInt32>) -> Int {
    var (area, place) = (0, counts.startIndex + 1)
    while place < counts.endIndex {
      area += Int(counts[place])
      place += 2
    }
    return area
  }

  /// The smallest box around the mask, in whole pixels; all zeros for an empty mask.
  package var box: Box { RunLengthMask.box(counts[...], height: height) }

  static func box(_ counts: ArraySlice<UInt32>, height: Int) -> Box {
    var (left, top, right, bottom) = (Int.max, Int.max, -1, -1)
    var (start, isInside) = (0, false)
    for count in counts {
      let end = start + Int(count)
      if isInside, end > start {
        let (first, last) = (start / height, (end - 1) / height)
        (left, right) = (min(left, first), max(right, last))
        if first < last {
          (top, bottom) = (0, height - 1)
        } else {
          (top, bottom) = (min(top, start % height), max(bottom, (end - 1) % height))
        }
      }
      (start, isInside) = (end, !isInside)
    }
    guard right >= 0 else { return Box(x: 0, y: 0, width: 0, height: 0) }
    return Box(x: Double(left), y: Double(top), width: Double(right - left + 1), height: Double(bottom - top + 1))
  }
}
