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
  /// What loss and gradient of the eight rows are multiplied by, then what the rows count; of weighted passes alone.
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

/// Whether rows have weights: known when a pass is compiled, so that rows without pay nothing.
protocol RowWeighting {
  static var isWeighted: Bool { get }
}

/// Every row counts as one.
enum EqualRows: RowWeighting {
  @inline(__always) static var isWeighted: Bool { false }
}

/// Rows count as a `RowPart` says.
enum WeightedRows: RowWeighting {
  @inline(__always) static var isWeighted: Bool { true }
}

/// What is done with a tile. Kernels are values, so that the pass is compiled for each of them.
protocol TileKernel {
  /// Whether the pass reads the weights of rows.
  associatedtype Weighting: RowWeighting = EqualRows
  /// Sums that the kernel collects over a chunk of rows.
  var slots: Int { get }
  /// Computes on the tile in place and adds to the chunk's sums.
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>)
}

/// Runs a kernel once over all rows of a view, in parallel, with sums that do not depend on the number of threads.
///
/// Rows are cut into chunks of `chunkRows` within each image. Each chunk has float64 sums of its own, and the chunks are added in order.
/// The working memory is kept from step to step, so that a step allocates no buffer.
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
  ///   - part: the part of labelled rows that is read in place of `labels`, for kernels with weights.
  ///   - background: what the label of background rows reads, a class or the number of classes; nil refuses such rows.
  ///   - keepsImages: whether images of one row each stay images of their own, instead of being taken as the rows of one.
  ///   - perImage: receives each image and its sums, in order; needs `keepsImages`.
  ///   - body: receives the sums of the kernel over all rows.
  /// - Throws: `LongtailError` for views that do not fit, a label that is not a class, and weights and shares out of range.
  func run<Kernel: TileKernel, Result>(
    _ kernel: Kernel, source: RowsView, target: RowsView?, labels: UnsafeBufferPointer<Int32>?, part: RowPart? = nil,
    background: Int32? = nil, keepsImages: Bool = false, perImage: ((Int, UnsafeMutablePointer<Double>) -> Void)? = nil,
    _ body: (UnsafeMutableBufferPointer<Double>) throws -> Result
  ) throws -> Result {
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
    let slots = kernel.slots + 1  // the last one holds 1 + the place of the first bad label
    let sums = partials.doubles((chunks + 1) * slots)
    sums.update(repeating: 0)
    let workers = max(1, min(ComputePool.threadCount, chunks))
    let padded = max(RowAccess.paddedClasses(of: source), target.map { RowAccess.paddedClasses(of: $0) } ?? 0)
    let tileLanes = (padded + 7) / 8 * 8 + 16
    guard let sumsBase = sums.baseAddress, let tileBase = tiles.lanes(tileLanes * workers).baseAddress,
      let sourceTable = sourceOffsets.integers(padded).baseAddress, let targetTable = targetOffsets.integers(padded).baseAddress
    else { throw LongtailError(.internalError, "no working memory for \(source.rows) rows") }

    source.buffer.withFloats { sourceFloats in
      (target ?? source).buffer.withFloats { targetFloats in
        guard let sourceBase = sourceFloats.baseAddress, let targetBase = targetFloats.baseAddress else { return }
        let reader = RowAccess(view, base: sourceBase, classOffsets: sourceTable)
        let writer = target.map { RowAccess(keepsImages ? $0 : $0.flattened, base: targetBase, classOffsets: targetTable) }
        ComputePool.forEach(parts: workers) { worker in
          let tile = tileBase + worker * tileLanes
          var chunk = worker
          while chunk < chunks {
            let first = chunk % chunksPerImage * RowPass.chunkRows
            RowPass.process(
              kernel, reader, writer, rowsAreImages: !keepsImages && source.rowsPerImage == 1, image: chunk / chunksPerImage,
              rows: first..<min(view.rowsPerImage, first + RowPass.chunkRows),
              view: view, labels: labels, part: part, background: background, tile: tile, padded: tileLanes - 16,
              sums: sumsBase + (chunk + 1) * slots)
            chunk += workers
          }
        }
      }
    }
    for chunk in 0..<chunks {
      let partial = sumsBase + (chunk + 1) * slots
      for slot in 0..<(slots - 1) { sumsBase[slot] += partial[slot] }
      if sumsBase[slots - 1] == 0 { sumsBase[slots - 1] = partial[slots - 1] }
    }
    if sumsBase[slots - 1] > 0 {
      throw RowPass.badRow(Int(sumsBase[slots - 1]) - 1, labels: labels, part: part, view: source)
    }
    if let perImage, chunksPerImage > 0 {
      for image in 0..<view.images {
        let first = sumsBase + (image * chunksPerImage + 1) * slots
        for chunk in 1..<chunksPerImage {
          for slot in 0..<(slots - 1) { first[slot] += first[chunk * slots + slot] }
        }
        perImage(image, first)
      }
    }
    return try body(UnsafeMutableBufferPointer(start: sumsBase, count: kernel.slots))
  }

  @inline(__always)
  private static func process<Kernel: TileKernel>(
    _ kernel: Kernel, _ reader: RowAccess, _ writer: RowAccess?, rowsAreImages: Bool, image: Int, rows: Range<Int>, view: RowsView,
    labels: UnsafeBufferPointer<Int32>?, part: RowPart?, background: Int32?, tile values: UnsafeMutablePointer<Lanes>, padded: Int,
    sums: UnsafeMutablePointer<Double>
  ) {
    let classes = view.classes
    let room = values + padded
    let validityRoom = UnsafeMutableRawPointer(room).assumingMemoryBound(to: Float.self)
    let labelRoom = UnsafeMutableRawPointer(room + 1).assumingMemoryBound(to: Int32.self)
    let weightRoom = UnsafeMutableRawPointer(room + 10).assumingMemoryBound(to: Float.self)
    var row = rows.lowerBound
    while row < rows.upperBound {
      let count = min(8, rows.upperBound &- row)
      let ordinal = image &* view.rowsPerImage &+ row
      reader.load(image: image, row: row, count: count, into: values)
      for k in classes..<max(classes, padded) { values[k] = Lanes(repeating: 0) }
      var ignored = count < 8
      for lane in 0..<8 {
        var label: Int32 = -1
        if Kernel.Weighting.isWeighted {
          (weightRoom[lane], weightRoom[8 &+ lane]) = (0, 0)
          if lane < count, let part {
            let entry = part.entry(at: ordinal &+ lane)
            if part.isValid(ordinal &+ lane, classes: Int32(truncatingIfNeeded: classes), takesBackground: background != nil) {
              label = entry.label == RowLabel.background ? background ?? -1 : entry.label
              if label >= 0 { (weightRoom[lane], weightRoom[8 &+ lane]) = (entry.weight, entry.count) }
            } else if sums[kernel.slots] == 0 {
              sums[kernel.slots] = Double(ordinal &+ lane &+ 1)
            }
          }
        } else if lane < count {
          label = labels.map { $0[ordinal &+ lane] } ?? 0
          if label >= Int32(truncatingIfNeeded: classes) {
            label = RowPass.label(label, ofRow: ordinal &+ lane, background: background, bad: sums + kernel.slots)
          }
        }
        if label < 0 { ignored = true }
        labelRoom[lane] = max(label, -1)
        validityRoom[lane] = label < 0 ? 0 : 1
      }
      let validity = room[0]
      if ignored {
        // Exact zeros, whatever the network wrote there.
        for k in 0..<classes {
          values[k] = values[k].replacing(with: Lanes(repeating: 0), where: validity .== Lanes(repeating: 0))
        }
      }
      kernel.process(
        Tile(
          values: values, labels: UnsafePointer(labelRoom), validity: validity, hasIgnored: ignored, room: room + 2,
          weights: UnsafePointer(weightRoom), classes: classes, image: image, rowsAreImages: rowsAreImages, row: row, count: count,
          ordinal: ordinal), sums: sums)
      writer?.store(image: image, row: row, count: count, from: values)
      row &+= 8
    }
  }

  /// What a label that is not a class reads. Kept out of the loop, which would be slower with it.
  @inline(never)
  private static func label(_ label: Int32, ofRow row: Int, background: Int32?, bad: UnsafeMutablePointer<Double>) -> Int32 {
    if let background, label == RowLabel.background { return background }
    if bad.pointee == 0 { bad.pointee = Double(row &+ 1) }
    return -1
  }

  private static func badRow(_ row: Int, labels: UnsafeBufferPointer<Int32>?, part: RowPart?, view: RowsView) -> LongtailError {
    let place =
      view.rowsPerImage == 1
      ? "sample \(row)" : "image \(row / view.rowsPerImage) of this rank's batch, pixel \(row % view.rowsPerImage)"
    return LabelledRows.problem(part?.contents(of: row) ?? .init(label: labels?[row] ?? 0), at: place, classes: view.classes)
  }
}
