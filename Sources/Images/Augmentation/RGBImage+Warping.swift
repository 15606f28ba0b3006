/// How a resampled pixel is made from those around its source.
package enum Interpolation: String, Sendable, CaseIterable {
  /// The pixel that the source lies in.
  case nearest
  /// The four nearest pixels, weighted linearly.
  case bilinear
  /// Sixteen pixels, by the cubic of Catmull's family with a = -1 that Pillow's `transform` uses.
  case bicubic
}

extension RGBImage {
  /// Resamples through a map, as Pillow's `Image.transform` does, bit for bit. Nothing is smoothed where the image shrinks.
  /// - Parameters:
  ///   - map: from positions in the result to positions in this image.
  ///   - size: of the result; this image's by default.
  ///   - interpolation: how pixels are mixed; neighbours outside the image repeat its border.
  ///   - fill: the colour where the source lies outside.
  package func warped(by map: PlaneMap, size: ImageSize? = nil, interpolation: Interpolation, fill: RGBColour = .black) -> RGBImage {
    let size = size ?? ImageSize(width: width, height: height)
    var result = RGBImage(width: size.width, height: size.height, fill: fill)
    if width == 0 || height == 0 || result.pixels.isEmpty { return result }
    pixels.withUnsafeBufferPointer { input in
      result.pixels.withUnsafeMutableBufferPointer { output in
        let source = WarpSource(pixels: input, width: width, height: height, channels: 3)
        if interpolation == .nearest && map.isAffine {
          source.copyNearest(map, size: size, into: output)
          return
        }
        for y in 0..<size.height {
          for x in 0..<size.width {
            let place = map(Double(x) + 0.5, Double(y) + 0.5)
            source.write(place.x, place.y, interpolation, into: output, at: 3 * (y * size.width + x))
          }
        }
      }
    }
    return result
  }

  /// The image turned counter-clockwise about its middle, as Pillow's `rotate` without `expand` does.
  package func rotated(degrees: Double, interpolation: Interpolation = .nearest, fill: RGBColour = .black) -> RGBImage {
    let map = PlaneMap.rotation(degrees: degrees, centre: SIMD2(Double(width), Double(height)) / 2)
    return map == .identity ? self : warped(by: map, interpolation: interpolation, fill: fill)
  }
}

extension LabelImage {
  /// Resamples through a map by the nearest pixel, as images with the same map are: numbers are never mixed.
  /// - Parameters:
  ///   - map: from positions in the result to positions in this image.
  ///   - size: of the result; this image's by default.
  ///   - fill: the number where the source lies outside.
  package func warped(by map: PlaneMap, size: ImageSize? = nil, fill: UInt8 = LabelImage.ignored) -> LabelImage {
    let size = size ?? ImageSize(width: width, height: height)
    var result = LabelImage(width: size.width, height: size.height, fill: fill)
    if width == 0 || height == 0 || result.labels.isEmpty { return result }
    labels.withUnsafeBufferPointer { input in
      result.labels.withUnsafeMutableBufferPointer { output in
        WarpSource(pixels: input, width: width, height: height, channels: 1).copyNearest(map, size: size, into: output)
      }
    }
    return result
  }
}

/// The pixels that a warp reads.
struct WarpSource {
  let pixels: UnsafeBufferPointer<UInt8>
  let width: Int
  let height: Int
  let channels: Int

  /// Whole columns and rows, by whole-number steps of 2^-16 pixels where the map turns or slants, as Pillow counts them.
  func copyNearest(_ map: PlaneMap, size: ImageSize, into output: UnsafeMutableBufferPointer<UInt8>) {
    if map.isAffine && map.column.y == 0 && map.row.x == 0 {
      // Positions are added up: rounding then falls as in Pillow.
      let columns = positions(from: map.column.z + map.column.x * 0.5, step: map.column.x, count: size.width, limit: width)
      let rows = positions(from: map.row.z + map.row.y * 0.5, step: map.row.y, count: size.height, limit: height)
      for (y, row) in rows.enumerated() where row >= 0 {
        for (x, column) in columns.enumerated() where column >= 0 {
          copy(column, row, into: output, at: channels * (y * size.width + x))
        }
      }
      return
    }
    let corners = [(0, 0), (size.width, size.height), (0, size.height), (size.width, 0)].map { map(Double($0.0), Double($0.1)) }
    guard map.isAffine, corners.allSatisfy({ abs($0.x) < 32768 && abs($0.y) < 32768 }) else {
      for y in 0..<size.height {
        for x in 0..<size.width {
          let place = map(Double(x) + 0.5, Double(y) + 0.5)
          write(place.x, place.y, .nearest, into: output, at: channels * (y * size.width + x))
        }
      }
      return
    }
    func fixed(_ value: Double) -> Int { Int((value * 65536 + 0.5).rounded(.down)) }
    let across = (fixed(map.column.x), fixed(map.row.x))
    let down = (fixed(map.column.y), fixed(map.row.y))
    var start = (
      fixed(map.column.z + map.column.x * 0.5 + map.column.y * 0.5), fixed(map.row.z + map.row.x * 0.5 + map.row.y * 0.5)
    )
    for y in 0..<size.height {
      var (sourceX, sourceY) = start
      for x in 0..<size.width {
        let (column, row) = (sourceX >> 16, sourceY >> 16)
        if column >= 0, column < width, row >= 0, row < height { copy(column, row, into: output, at: channels * (y * size.width + x)) }
        sourceX += across.0
        sourceY += across.1
      }
      start = (start.0 + down.0, start.1 + down.1)
    }
  }

  private func positions(from start: Double, step: Double, count: Int, limit: Int) -> [Int] {
    var position = start
    return (0..<count).map { _ in
      defer { position += step }
      return position >= 0 && position < Double(limit) ? Int(position) : -1
    }
  }

  @inline(__always)
  private func copy(_ column: Int, _ row: Int, into output: UnsafeMutableBufferPointer<UInt8>, at place: Int) {
    let source = channels * (row * width + column)
    for channel in 0..<channels { output[place + channel] = pixels[source + channel] }
  }

  /// One pixel; what lies outside is left as it is.
  @inline(__always)
  func write(_ x: Double, _ y: Double, _ interpolation: Interpolation, into output: UnsafeMutableBufferPointer<UInt8>, at place: Int) {
    guard x >= 0, x < Double(width), y >= 0, y < Double(height) else { return }
    switch interpolation {
    case .nearest: copy(Int(x), Int(y), into: output, at: place)
    case .bilinear: bilinear(x - 0.5, y - 0.5, into: output, at: place)
    case .bicubic: bicubic(x - 0.5, y - 0.5, into: output, at: place)
    }
  }

  @inline(__always)
  private func column(_ x: Int) -> Int { 3 * min(width - 1, max(0, x)) }

  private func bilinear(_ x: Double, _ y: Double, into output: UnsafeMutableBufferPointer<UInt8>, at place: Int) {
    let (left, top) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
    let (dx, dy) = (x - Double(left), y - Double(top))
    let upper = 3 * width * min(height - 1, max(0, top))
    let lower = 3 * width * min(height - 1, top + 1)
    let (first, second) = (column(left), column(left + 1))
    for channel in 0..<3 {
      let a = Double(pixels[upper + first + channel])
      let above = a + (Double(pixels[upper + second + channel]) - a) * dx
      let c = Double(pixels[lower + first + channel])
      let below = c + (Double(pixels[lower + second + channel]) - c) * dx
      output[place + channel] = UInt8(above + (below - above) * dy)
    }
  }

  @inline(__always)
  private func cubic(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ t: Double) -> Double {
    let linear = -a + c
    let square = 2 * (a - b) + c - d
    let cube = -a + b - c + d
    return b + t * (linear + t * (square + t * cube))
  }

  private func bicubic(_ x: Double, _ y: Double, into output: UnsafeMutableBufferPointer<UInt8>, at place: Int) {
    let (left, top) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
    let (dx, dy) = (x - Double(left), y - Double(top))
    let columns = SIMD4(column(left - 1), column(left), column(left + 1), column(left + 2))
    for channel in 0..<3 {
      func line(_ row: Int) -> Double {
        let start = 3 * width * min(height - 1, max(0, row)) + channel
        return cubic(
          Double(pixels[start + columns[0]]), Double(pixels[start + columns[1]]), Double(pixels[start + columns[2]]),
          Double(pixels[start + columns[3]]), dx)
      }
      let value = cubic(line(top - 1), line(top), line(top + 1), line(top + 2), dy)
      output[place + channel] = value <= 0 ? 0 : value >= 255 ? 255 : UInt8(value)
    }
  }
}
