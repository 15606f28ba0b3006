import Tensors

/// Goes over the tiles of one worker: fills the next one, and writes back the one before.
struct TileCursor {
  /// The sums of the chunk that the current tile belongs to.
  private(set) var sums: UnsafeMutablePointer<Double>

  private let work: RowWork
  private let values: UnsafeMutablePointer<Lanes>
  private let room: UnsafeMutablePointer<Lanes>
  private var chunk: Int
  private var image = 0
  private var row = 0
  private var count = 0
  private var end = 0

  init(_ work: RowWork, worker: Int) {
    self.work = work
    values = work.tiles + worker * work.tileLanes
    room = values + (work.tileLanes - 16)
    sums = work.sums
    chunk = worker - work.workers
    let weights = UnsafeMutableRawPointer(room + 10).assumingMemoryBound(to: Float.self)
    weights.update(repeating: 1, count: 16)
  }

  /// The next eight rows, after those before were written back; nil after the last.
  ///
  /// Kept out of the loops that call it, which are compiled once for each kernel.
  @inline(never)
  mutating func next() -> Tile? {
    if count > 0, let writer = work.writer { writer.store(image: image, row: row, count: count, from: values) }
    row &+= count
    if row >= end {
      chunk &+= work.workers
      if chunk >= work.chunks {
        count = 0
        return nil
      }
      sums = work.sums + (chunk &+ 1) &* work.slots
      image = chunk / work.chunksPerImage
      row = chunk % work.chunksPerImage &* RowPass.chunkRows
      end = min(work.view.rowsPerImage, row &+ RowPass.chunkRows)
    }
    count = min(8, end &- row)
    return load()
  }

  @inline(__always)
  private mutating func load() -> Tile {
    let classes = work.view.classes
    let padded = work.tileLanes &- 16
    let ordinal = image &* work.view.rowsPerImage &+ row
    work.reader.load(image: image, row: row, count: count, into: values)
    for k in classes..<max(classes, padded) { values[k] = Lanes(repeating: 0) }
    let validityRoom = LaneNumbers(room)
    let labels = UnsafeMutableRawPointer(room + 1).assumingMemoryBound(to: Int32.self)
    let weights = UnsafeMutableRawPointer(room + 10).assumingMemoryBound(to: Float.self)
    var ignored = count < 8
    for lane in 0..<8 {
      var label: Int32 = -1
      if let part = work.part {
        (weights[lane], weights[8 &+ lane]) = (0, 0)
        if lane < count { label = readEntry(part, row: ordinal &+ lane, weight: weights + lane) }
      } else if lane < count {
        label = work.labels.map { $0[ordinal &+ lane] } ?? 0
        if label >= Int32(truncatingIfNeeded: classes) { label = unusual(label, ofRow: ordinal &+ lane) }
      }
      if label < 0 { ignored = true }
      labels[lane] = max(label, -1)
      validityRoom[lane] = label < 0 ? 0 : 1
    }
    let validity = room[0]
    if ignored {
      // Exact zeros, whatever the network wrote there.
      for k in 0..<classes {
        values[k] = values[k].replacing(with: Lanes(repeating: 0), where: validity .== Lanes(repeating: 0))
      }
    }
    return Tile(
      values: values, labels: UnsafePointer(labels), validity: validity, hasIgnored: ignored, room: room + 2,
      weights: UnsafePointer(weights), classes: classes, image: image, rowsAreImages: work.rowsAreImages, row: row, count: count,
      ordinal: ordinal)
  }

  /// The label of a row of a part, and its weight and count, eight apart; negative for rows that are ignored or cannot be read.
  @inline(__always)
  private func readEntry(_ part: RowPart, row: Int, weight: UnsafeMutablePointer<Float>) -> Int32 {
    guard
      part.isValid(row, classes: Int32(truncatingIfNeeded: work.view.classes), takesBackground: work.background != nil)
    else {
      noteBad(row)
      return -1
    }
    let entry = part.entry(at: row)
    let label = entry.label == RowLabel.background ? work.background ?? -1 : entry.label
    if label >= 0 { (weight[0], weight[8]) = (entry.weight, entry.count) }
    return label
  }

  /// What a label that is not a class reads. Kept out of the loop, which would be slower with it.
  @inline(never)
  private func unusual(_ label: Int32, ofRow row: Int) -> Int32 {
    if let background = work.background, label == RowLabel.background { return background }
    noteBad(row)
    return -1
  }

  private func noteBad(_ row: Int) {
    let bad = sums + (work.slots &- 1)
    if bad.pointee == 0 { bad.pointee = Double(row &+ 1) }
  }
}
