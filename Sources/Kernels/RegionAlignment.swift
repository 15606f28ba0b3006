import Foundation
import Tensors
import Threading

/// RoIAlign over the levels of a pyramid: each region's part of the features, as a small grid of means of bilinear samples; and its transpose.
///
/// Each of `height` x `width` bins is the mean of `samples` x `samples` positions in it, or, with `samples` 0, of as many as there are whole
/// feature cells in a bin, rounded up. A position more than one cell outside gives 0; else it is clamped to the features.
/// Not aligned, a region begins at x1 times the level's scale and has a side of 1 cell at least; aligned, it begins half a cell before.
/// Source: He, Gkioxari, Dollár, Girshick, "Mask R-CNN", 2017, in the float32 of torchvision's kernels.
///
/// Cost: `samples`^2 x 4 products a float of the output, both ways; weights are worked out once a region, backward once a region and block.
/// Every number is the same at any number of threads: backward, a thread owns channel blocks of an image and takes its regions in order.
package struct RegionAlignment: Sendable {
  /// Where a region lies.
  package struct Region: Sendable, Equatable {
    /// The image in the batch; negative for a row without a region, whose output is 0.
    package var image: Int32
    /// The level, the finest first.
    package var level: Int32
    /// The edges, in pixels of the prepared image.
    package var left, top, right, bottom: Float

    /// A region of a level.
    package init(image: Int32, level: Int32, left: Float, top: Float, right: Float, bottom: Float) {
      (self.image, self.level) = (image, level)
      (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
    }

    /// No region.
    package static let absent = Region(image: -1, level: 0, left: 0, top: 0, right: 0, bottom: 0)
  }

  /// Where samples lie.
  package struct Sampling: Sendable, Equatable {
    /// Samples along each axis of a bin; 0 adapts to the region.
    package var samples: Int
    /// Whether positions are those of the centres of cells.
    package var isAligned: Bool

    /// Two by two, not aligned: torchvision's detectors.
    package static let torchvision = Sampling(samples: 2, isAligned: false)

    /// Describes the samples.
    package init(samples: Int, isAligned: Bool) { (self.samples, self.isAligned) = (samples, isAligned) }
  }

  let levels: [ChannelBlocks]
  let output: ChannelBlocks
  let scales: [Float]
  let sampling: Sampling

  /// Plans for levels that differ in their extents alone.
  /// - Parameters:
  ///   - levels: the features, the finest first.
  ///   - scales: features a pixel of each level: 1/4, 1/8, ...
  ///   - output: an image for each region; its extents are the bins.
  /// - Returns: nil where images, channels or blocks differ, or something is empty.
  package init?(levels: [ChannelBlocks], scales: [Float], output: ChannelBlocks, sampling: Sampling = .torchvision) {
    guard let first = levels.first, levels.count == scales.count, output.positions > 0,
      levels.allSatisfy({ $0.images == first.images && $0.channels == output.channels && $0.block == output.block && $0.positions > 0 })
    else { return nil }
    (self.levels, self.scales, self.output, self.sampling) = (levels, scales, output, sampling)
  }

  /// Writes the grid of each region, zeros where there is none.
  /// - Parameters:
  ///   - features: the levels, where the plan says.
  ///   - regions: as many as the output has images.
  package func forward(_ features: [FloatRegion], _ regions: UnsafeBufferPointer<Region>, into y: FloatRegion) {
    precondition(regions.count == output.images && features.count == levels.count, "RoIAlign: \(regions.count) regions")
    let to = y.base
    ComputePool.forEach(parts: regions.count) { row in
      let region = regions[row]
      let begin = to + row * output.imageStride
      guard isPlaced(region) else { return begin.update(repeating: 0, count: output.imageStride) }
      let level = levels[Int(region.level)]
      let from = features[Int(region.level)].base + Int(region.image) * level.imageStride
      withGrid(of: region) { grid in
        for block in 0..<output.blocks {
          grid.gather(from + block * level.blockStride, into: begin + block * output.blockStride, block: output.block)
        }
      }
    }
  }

  /// Writes the gradient of every level from that of the output.
  package func backward(gradient y: FloatRegion, _ regions: UnsafeBufferPointer<Region>, into features: [FloatRegion]) {
    precondition(regions.count == output.images && features.count == levels.count, "RoIAlign: \(regions.count) regions")
    let from = y.base
    ComputePool.forEach(parts: levels[0].images * output.blocks) { part in
      let (image, block) = part.quotientAndRemainder(dividingBy: output.blocks)
      for (level, region) in zip(levels, features) {
        (region.base + image * level.imageStride + block * level.blockStride).update(
          repeating: 0, count: level.positions * level.block)
      }
      for row in 0..<regions.count where Int(regions[row].image) == image && isPlaced(regions[row]) {
        let place = Int(regions[row].level)
        let to = features[place].base + image * levels[place].imageStride + block * levels[place].blockStride
        withGrid(of: regions[row]) { grid in
          grid.scatter(from + row * output.imageStride + block * output.blockStride, into: to, block: output.block)
        }
      }
    }
  }

  @inline(__always)
  private func isPlaced(_ region: Region) -> Bool {
    region.image >= 0 && Int(region.image) < levels[0].images && region.level >= 0 && Int(region.level) < levels.count
  }

  /// Calls `body` with the samples of a region along both axes, which lie on the stack.
  @inline(__always)
  private func withGrid(of region: Region, _ body: (RegionGrid) -> Void) {
    let level = levels[Int(region.level)]
    let scale = scales[Int(region.level)]
    let rows = RegionAxis(region.top, region.bottom, scale: scale, bins: output.height, extent: level.height, sampling)
    let columns = RegionAxis(region.left, region.right, scale: scale, bins: output.width, extent: level.width, sampling)
    withUnsafeTemporaryAllocation(of: RegionTap.self, capacity: rows.count + columns.count) { taps in
      guard let base = taps.baseAddress else { return }
      rows.write(to: base)
      columns.write(to: base + rows.count)
      body(
        RegionGrid(
          rows: UnsafePointer(base), columns: UnsafePointer(base + rows.count), height: output.height, width: output.width,
          rowSamples: rows.samples, columnSamples: columns.samples, extent: level.width))
    }
  }
}

/// A sample along one axis: two neighbours and their weights.
private struct RegionTap {
  /// Negative where the sample gives 0.
  var low: Int32
  var high: Int32
  var lowWeight: Float
  var highWeight: Float
}

/// The samples of a region along one axis.
private struct RegionAxis {
  let start: Float
  let bin: Float
  let bins: Int
  let extent: Int
  let samples: Int

  init(_ low: Float, _ high: Float, scale: Float, bins: Int, extent: Int, _ sampling: RegionAlignment.Sampling) {
    let shift: Float = sampling.isAligned ? 0.5 : 0
    let (first, last) = (low * scale - shift, high * scale - shift)
    start = first
    let size = sampling.isAligned ? last - first : max(last - first, 1)
    bin = size / Float(bins)
    // No more samples than the features have cells make sense; numbers that are not finite have none.
    let adapted = bin.isFinite ? max(0, min(Float(extent + 2), bin.rounded(.up))) : 0
    samples = sampling.samples > 0 ? sampling.samples : Int(adapted)
    (self.bins, self.extent) = (bins, extent)
  }

  var count: Int { max(1, bins * samples) }

  func write(to taps: UnsafeMutablePointer<RegionTap>) {
    for index in 0..<bins * samples {
      let (number, sample) = index.quotientAndRemainder(dividingBy: samples)
      let place = start + Float(number) * bin + (Float(sample) + 0.5) * bin / Float(samples)
      guard place >= -1, place <= Float(extent) else {
        taps[index] = RegionTap(low: -1, high: -1, lowWeight: 0, highWeight: 0)
        continue
      }
      let inside = max(0, place)
      let low = Int(inside)
      if low >= extent - 1 {
        taps[index] = RegionTap(low: Int32(extent - 1), high: Int32(extent - 1), lowWeight: 1, highWeight: 0)
      } else {
        let fraction = inside - Float(low)
        taps[index] = RegionTap(low: Int32(low), high: Int32(low + 1), lowWeight: 1 - fraction, highWeight: fraction)
      }
    }
  }
}

/// The samples of a region along both axes.
private struct RegionGrid {
  let rows: UnsafePointer<RegionTap>
  let columns: UnsafePointer<RegionTap>
  let height: Int
  let width: Int
  let rowSamples: Int
  let columnSamples: Int
  /// Columns of the features.
  let extent: Int

  /// Reads one block of channels.
  @inline(__always)
  func gather(_ source: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>, block: Int) {
    let count = Float(max(1, rowSamples * columnSamples))
    for bin in 0..<height &* width {
      let (row, column) = bin.quotientAndRemainder(dividingBy: width)
      let out = target + bin &* block
      var lane = 0
      while lane < block {
        let isWide = block &- lane >= 8
        var sum = Lanes8.Lanes.zero
        for i in row &* rowSamples..<(row &+ 1) &* rowSamples where rows[i].low >= 0 {
          let upper = source + Int(rows[i].low) &* extent &* block + lane
          let lower = source + Int(rows[i].high) &* extent &* block + lane
          for j in column &* columnSamples..<(column &+ 1) &* columnSamples where columns[j].low >= 0 {
            let (left, right) = (Int(columns[j].low) &* block, Int(columns[j].high) &* block)
            let w1 = rows[i].lowWeight * columns[j].lowWeight
            let w2 = rows[i].lowWeight * columns[j].highWeight
            let w3 = rows[i].highWeight * columns[j].lowWeight
            let w4 = rows[i].highWeight * columns[j].highWeight
            if isWide {
              sum.addProduct(Lanes8.load(upper + left), Lanes8.Lanes(repeating: w1))
              sum.addProduct(Lanes8.load(upper + right), Lanes8.Lanes(repeating: w2))
              sum.addProduct(Lanes8.load(lower + left), Lanes8.Lanes(repeating: w3))
              sum.addProduct(Lanes8.load(lower + right), Lanes8.Lanes(repeating: w4))
            } else {
              sum[0] += w1 * upper[left] + w2 * upper[right] + w3 * lower[left] + w4 * lower[right]
            }
          }
        }
        if isWide { Lanes8.store(sum / count, out + lane) } else { out[lane] = sum[0] / count }
        lane &+= isWide ? 8 : 1
      }
    }
  }

  /// Adds one block of channels.
  @inline(__always)
  func scatter(_ gradient: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>, block: Int) {
    let share = 1 / Float(max(1, rowSamples * columnSamples))
    for bin in 0..<height &* width {
      let (row, column) = bin.quotientAndRemainder(dividingBy: width)
      let own = gradient + bin &* block
      for i in row &* rowSamples..<(row &+ 1) &* rowSamples where rows[i].low >= 0 {
        let upper = target + Int(rows[i].low) &* extent &* block
        let lower = target + Int(rows[i].high) &* extent &* block
        for j in column &* columnSamples..<(column &+ 1) &* columnSamples where columns[j].low >= 0 {
          let (left, right) = (Int(columns[j].low) &* block, Int(columns[j].high) &* block)
          let (above, below) = (rows[i].lowWeight * share, rows[i].highWeight * share)
          RegionGrid.add(own, above * columns[j].lowWeight, to: upper + left, block)
          RegionGrid.add(own, above * columns[j].highWeight, to: upper + right, block)
          RegionGrid.add(own, below * columns[j].lowWeight, to: lower + left, block)
          RegionGrid.add(own, below * columns[j].highWeight, to: lower + right, block)
        }
      }
    }
  }

  @inline(__always)
  private static func add(_ source: UnsafeMutablePointer<Float>, _ weight: Float, to target: UnsafeMutablePointer<Float>, _ block: Int) {
    var lane = 0
    while lane &+ 8 <= block {
      Lanes8.store(
        Lanes8.load(target + lane).addingProduct(Lanes8.load(source + lane), Lanes8.Lanes(repeating: weight)), target + lane)
      lane &+= 8
    }
    while lane < block {
      target[lane] += weight * source[lane]
      lane &+= 1
    }
  }
}
