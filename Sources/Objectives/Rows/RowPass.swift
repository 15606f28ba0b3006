import Tensors
import Threading

/// Eight rows of one image, in a tile.
struct Tile {
  /// `values[k]` is class `k` of the eight rows; ignored rows are 0.
  let values: UnsafeMutablePointer<Lanes>
  /// Label of each row; -1 where the row is ignored or does not exist, the number of classes for background without a column.
  let labels: UnsafePointer<Int32>
  /// 1 where the label counts, 0 elsewhere.
  let validity: Lanes
  /// Whether any row is ignored or missing.
  let hasIgnored: Bool
  /// Room for eight vectors of the kernel's own.
  let room: UnsafeMutablePointer<Lanes>
  /// What loss and gradient of the eight rows are multiplied by, then what the rows count: 1 where the pass reads no weights.
  let weights: UnsafePointer<Float>
  /// Classes.
  let classes: Int
  /// The image, as the caller counts them.
  let image: Int
  /// Whether each row is an image of its own, counted by `row`.
  let rowsAreImages: Bool
  /// The first row within the image.
  let row: Int
  /// Rows that exist, 1 to 8.
  let count: Int
  /// The first row, counted over all images.
  let ordinal: Int
}

extension Tile {
  /// What loss and gradient of each row are multiplied by.
  @inline(__always)
  var rowWeight: Lanes { UnsafeRawPointer(weights).load(as: Lanes.self) }
}

/// What is done with a tile. Kernels are values, so that the loop over tiles is compiled for each of them.
protocol TileKernel {
  /// Sums that the kernel collects over a chunk of rows.
  var slots: Int { get }
  /// Computes on the tile in place and adds to the chunk's sums.
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>)
}

/// Runs a kernel once over all rows of a view, in parallel, with sums that do not depend on the number of threads.
///
/// Rows are cut into chunks of `chunkRows` within each image. Each chunk has float64 sums of its own, and the chunks are added in order.
/// The working memory is kept from step to step, so that a step allocates no buffer. Only the loop that calls the kernel is compiled for
/// each of them: tiles are filled and written back by `TileCursor`, once for all.
final class RowPass {
  /// Rows in a chunk: a multiple of 8. Part of the definition of the sums, therefore fixed.
  static let chunkRows = 2048

  private var tiles = WorkingMemory()
  private var partials = WorkingMemory()
  private var sourceOffsets = WorkingMemory()
  private var targetOffsets = WorkingMemory()

  /// Runs `kernel` over every row.
  /// - Parameters:
  ///   - source: the rows to read.
  ///   - target: where the tiles go afterwards; may be the same memory; nil to only read.
  ///   - labels: one a row, negative = ignored; nil: all rows count, and labels read 0.
  ///   - part: the part of labelled rows that is read in place of `labels`, with weights.
  ///   - background: what the label of background rows reads, a class or the number of classes; nil refuses such rows.
  ///   - keepsImages: whether images of one row each stay images of their own, instead of being taken as the rows of one.
  ///   - perImage: receives each image and its sums, in order; needs `keepsImages`.
  ///   - body: receives the sums of the kernel over all rows.
  /// - Throws: `LongtailError` for views that do not fit, a label that is not a class, and weights and shares out of range.
  func run<Kernel: TileKernel>(
    _ kernel: Kernel, source: RowsView, target: RowsView?, labels: UnsafeBufferPointer<Int32>?, part: RowPart? = nil,
    background: Int32? = nil, keepsImages: Bool = false, perImage: ((Int, UnsafeMutablePointer<Double>) -> Void)? = nil,
    _ body: (UnsafeMutableBufferPointer<Double>) throws -> Void
  ) throws {
    let work = try work(
      source: source, target: target, labels: labels, part: part, background: background, slots: kernel.slots, keepsImages: keepsImages)
    withExtendedLifetime((source.buffer, target?.buffer)) {
      ComputePool.forEach(parts: work.workers) { worker in
        var cursor = TileCursor(work, worker: worker)
        while let tile = cursor.next() { kernel.process(tile, sums: cursor.sums) }
      }
    }
    try body(try work.total(perImage: perImage))
  }

  /// Checks the views and gets the memory for a run.
  private func work(
    source: RowsView, target: RowsView?, labels: UnsafeBufferPointer<Int32>?, part: RowPart?, background: Int32?,
    slots kernelSlots: Int, keepsImages: Bool
  ) throws -> RowWork {
    try source.checkBounds("the rows of logits")
    if let target {
      try target.checkBounds("the rows of the gradient")
      try target.checkShape(equals: source, "gradient and logits")
    }
    if let labels, labels.count != source.rows {
      throw LongtailError(.internalError, "\(labels.count) labels for \(source.rows) rows of logits")
    }
    let view = keepsImages ? source : source.flattened
    let chunksPerImage = (view.rowsPerImage + RowPass.chunkRows - 1) / RowPass.chunkRows
    let chunks = view.images * chunksPerImage
    let slots = kernelSlots + 1  // the last one holds 1 + the place of the first bad label
    let sums = partials.doubles((chunks + 1) * slots)
    sums.update(repeating: 0)
    let workers = max(1, min(ComputePool.threadCount, chunks))
    let padded = max(RowAccess.paddedClasses(of: source), target.map { RowAccess.paddedClasses(of: $0) } ?? 0)
    let tileLanes = (padded + 7) / 8 * 8 + 16
    guard let sumsBase = sums.baseAddress, let tileBase = tiles.lanes(tileLanes * workers).baseAddress,
      let sourceTable = sourceOffsets.integers(padded).baseAddress, let targetTable = targetOffsets.integers(padded).baseAddress
    else { throw LongtailError(.internalError, "no working memory for \(source.rows) rows") }
    func access(_ rows: RowsView, _ table: UnsafeMutablePointer<Int>) -> RowAccess {
      RowAccess(
        keepsImages ? rows : rows.flattened, base: rows.buffer.baseAddress.assumingMemoryBound(to: Float.self), classOffsets: table)
    }
    return RowWork(
      source: source, view: view, rowsAreImages: !keepsImages && source.rowsPerImage == 1, labels: labels, part: part,
      background: background, reader: access(source, sourceTable), writer: target.map { access($0, targetTable) }, chunks: chunks,
      chunksPerImage: chunksPerImage, workers: workers, tiles: tileBase, tileLanes: tileLanes, sums: sumsBase, slots: slots)
  }
}
