import Kernels
import Tensors

/// The link between the stages: what each region shows of the pyramid becomes an image of the second stage, and its gradient goes back.
///
/// Compiled once for a shape. The output's memory is the caller's: the input of the second network, in channel blocks like the levels'.
package struct RegionPooling {
  private let alignment: RegionAlignment
  private let levels: [ChannelBlocks]
  /// How the output lies in memory.
  package let output: ChannelBlocks

  /// - Parameters:
  ///   - levels: the pyramid's levels as rows, the finest first, with their extents.
  ///   - pyramid: their strides.
  ///   - rows: regions of a step, unused ones included.
  ///   - size: rows and columns of what is read of a region.
  /// - Throws: `LongtailError` where the levels' layouts differ.
  package init(
    levels: [(rows: RowsView, height: Int, width: Int)], pyramid: PyramidLevels, rows: Int, size: Int = 7,
    sampling: RegionAlignment.Sampling = .torchvision
  ) throws {
    self.levels = levels.map { ChannelBlocks($0.rows, height: $0.height, width: $0.width) }
    guard let first = self.levels.first else { throw LongtailError(.internalError, "a pyramid without levels") }
    output = ChannelBlocks(
      images: rows, channels: first.channels, height: size, width: size, block: first.block,
      blockStride: size * size * first.block,
      imageStride: first.blocks * size * size * first.block)
    guard let alignment = RegionAlignment(levels: self.levels, scales: pyramid.scales, output: output, sampling: sampling) else {
      throw LongtailError(.internalError, "\(levels.count) levels of different layouts, or not those of strides \(pyramid)")
    }
    self.alignment = alignment
  }

  /// Reads the regions.
  package func forward(_ values: [RowsView], _ regions: UnsafeBufferPointer<RegionAlignment.Region>, into input: FloatRegion) throws {
    try alignment.forward(zip(values, levels).map { try $0.region($1) }, regions, into: input)
  }

  /// Reads the regions into a network's input.
  package func forward(_ values: [RowsView], _ regions: UnsafeBufferPointer<RegionAlignment.Region>, into input: RowsView) throws {
    try forward(values, regions, into: try FloatRegion(input.buffer, offset: input.offset, count: output.floatCount))
  }

  /// The same from the gradient of a network's input.
  package func backward(gradient: RowsView, _ regions: UnsafeBufferPointer<RegionAlignment.Region>, into levels: [RowsView]) throws {
    try backward(gradient: try FloatRegion(gradient.buffer, offset: gradient.offset, count: output.floatCount), regions, into: levels)
  }

  /// Writes the gradient of all levels from that of the second stage's input.
  package func backward(
    gradient: FloatRegion, _ regions: UnsafeBufferPointer<RegionAlignment.Region>, into levels: [RowsView]
  ) throws {
    try alignment.backward(gradient: gradient, regions, into: zip(levels, self.levels).map { try $0.region($1) })
  }
}

extension ChannelBlocks {
  /// Rows as an activation: planes are blocks of one channel.
  init(_ rows: RowsView, height: Int, width: Int) {
    let isPlanes = rows.rowStride == 1 && rows.classes > 1
    self.init(
      images: rows.images, channels: rows.classes, height: height, width: width, block: isPlanes ? 1 : rows.blockSize,
      blockStride: isPlanes ? rows.classStride : rows.blockStride == 0 ? height * width * rows.blockSize : rows.blockStride,
      imageStride: rows.imageStride)
  }
}

extension RowsView {
  /// Its memory.
  fileprivate func region(_ view: ChannelBlocks) throws -> FloatRegion {
    try FloatRegion(buffer, offset: offset, count: view.floatCount)
  }
}
