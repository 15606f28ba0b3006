import Tensors

/// What a run of a pass goes over, and its memory.
struct RowWork {
  /// The rows as the caller has them.
  let source: RowsView
  /// The same, images of one row each taken as the rows of one unless they are kept.
  let view: RowsView
  let rowsAreImages: Bool
  let labels: UnsafeBufferPointer<Int32>?
  /// Read in place of `labels`.
  let part: RowPart?
  /// What the label of background rows reads; nil refuses such rows.
  let background: Int32?
  let reader: RowAccess
  let writer: RowAccess?
  let chunks: Int
  let chunksPerImage: Int
  let workers: Int
  /// The tiles of all workers, `tileLanes` vectors each, of which the last 16 are room.
  let tiles: UnsafeMutablePointer<Lanes>
  let tileLanes: Int
  /// `slots` numbers for the whole, then for each chunk; the last of them is 1 + the first bad row.
  let sums: UnsafeMutablePointer<Double>
  let slots: Int

  /// Adds the chunks in order.
  /// - Parameter perImage: receives each image and its sums.
  /// - Returns: the sums over all rows.
  /// - Throws: `LongtailError` for the first row that a worker could not read.
  func total(perImage: ((Int, UnsafeMutablePointer<Double>) -> Void)?) throws -> UnsafeMutableBufferPointer<Double> {
    let bad = slots - 1
    for chunk in 0..<chunks {
      let partial = sums + (chunk + 1) * slots
      for slot in 0..<bad { sums[slot] += partial[slot] }
      if sums[bad] == 0 { sums[bad] = partial[bad] }
    }
    if sums[bad] > 0 { throw badRow(Int(sums[bad]) - 1) }
    if let perImage, chunksPerImage > 0 {
      for image in 0..<view.images {
        let first = sums + (image * chunksPerImage + 1) * slots
        for chunk in 1..<chunksPerImage {
          for slot in 0..<bad { first[slot] += first[chunk * slots + slot] }
        }
        perImage(image, first)
      }
    }
    return UnsafeMutableBufferPointer(start: sums, count: bad)
  }

  private func badRow(_ row: Int) -> LongtailError {
    let place =
      source.rowsPerImage == 1
      ? "sample \(row)" : "image \(row / source.rowsPerImage) of this rank's batch, pixel \(row % source.rowsPerImage)"
    return LabelledRows.problem(part?.contents(of: row) ?? .init(label: labels?[row] ?? 0), at: place, classes: source.classes)
  }
}
