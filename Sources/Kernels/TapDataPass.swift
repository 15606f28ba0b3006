import Threading

/// What the passes of a `TapConvolution` have to know of it.
struct TapShape: Sendable {
  let images: Int
  let height: Int
  let width: Int
  let inputBlocks: Int
  let outputBlocks: Int
  let slots: Int
  /// Taps of the whole kernel.
  let kernelCount: Int
  let taps: [TapConvolution.Tap]
  let regions: [TapConvolution.Region]
}

/// The forward pass of a convolution by taps and its backward pass by data: M = sum over the taps of U V.
///
/// U lies as [panels of 16 channels][taps][depth][16]. V of a chunk of positions, one tap and part of the depth as
/// [positions / 6][depth / 8][6][8]; M of a chunk as [panels][positions][16].
struct TapDataPass: Sendable {
  typealias Floats = UnsafeMutablePointer<Float>

  /// Depth of a product that leaves its panel in the first-level cache, in blocks of 8.
  private static let depthStep = 32
  /// Depth that is copied at a time, in blocks of 8.
  private static let depthLimit = 64

  /// Some positions of one region, and what they cost.
  private struct Chunk: Sendable {
    let region: Int
    let first: Int
    let count: Int
    let cost: Int
  }

  private let shape: TapShape
  private let backward: Bool
  /// Blocks of 8 channels of what is read.
  private let depth: Int
  /// Blocks of 8 channels of what is written.
  private let outputs: Int
  private let panels: Int
  private let part: Int
  private let chunk: Int
  /// The chunks of each thread.
  private let chunks: [[Chunk]]

  init(_ shape: TapShape, backward: Bool) {
    self.shape = shape
    self.backward = backward
    depth = backward ? shape.outputBlocks : shape.inputBlocks
    outputs = backward ? shape.inputBlocks : shape.outputBlocks
    panels = (outputs + 1) / 2
    part = min(depth, TapDataPass.depthLimit)
    // V of a chunk stays in the second-level cache; every thread gets several.
    let positions = shape.images * shape.height * shape.width
    let share = (positions + 2 * shape.slots - 1) / max(1, 2 * shape.slots)
    let limit = max(48, min(192, 6144 / part))
    chunk = max(6, min(limit, (share + 5) / 6 * 6))
    var all: [Chunk] = []
    for (number, region) in shape.regions.enumerated() {
      let positions = shape.images * region.positions
      for first in stride(from: 0, to: positions, by: chunk) {
        let count = min(chunk, positions - first)
        all.append(Chunk(region: number, first: first, count: count, cost: (count + 5) / 6 * region.taps.count))
      }
    }
    // The longest first, each to the thread that has least to do.
    var (lists, loads) = (Array(repeating: [Chunk](), count: shape.slots), Array(repeating: 0, count: shape.slots))
    for piece in all.sorted(by: { ($0.cost, $1.region, $1.first) > ($1.cost, $0.region, $0.first) }) {
      let slot = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      lists[slot].append(piece)
      loads[slot] += piece.cost
    }
    chunks = lists
  }

  /// Pairs of a position and a tap, positions in groups of 6.
  var innerTapPositions: Int { chunks.joined().reduce(0) { $0 + 6 * $1.cost } }

  /// Pairs of a chunk and a tap.
  var weightRounds: Int { chunks.joined().reduce(0) { $0 + shape.regions[$1.region].taps.count } }

  private var panelStride: Int { shape.taps.count * depth * 128 }
  private var vCount: Int { chunk * part * 8 }
  private var mCount: Int { panels * chunk * 16 }

  var scratchCount: Int { panels * panelStride + shape.slots * (vCount + mCount) }

  func run(source: Floats, weights: Floats, destination: Floats, scratch: Floats) {
    if shape.images == 0 { return }
    let u = scratch
    let buffers = u + panels * panelStride
    ComputePool.forEach(parts: panels) { panel in
      if backward {
        packTransposedWeights(weights, panel: panel, into: u + panel * panelStride)
      } else {
        packWeights(weights, panel: panel, into: u + panel * panelStride)
      }
    }
    ComputePool.forEach(parts: shape.slots) { slot in
      let v = buffers + slot * (vCount + mCount)
      for piece in chunks[slot] { compute(piece, source: source, u: u, v: v, m: v + vCount, destination: destination) }
    }
  }

  private func compute(_ piece: Chunk, source: Floats, u: Floats, v: Floats, m: Floats, destination: Floats) {
    let region = shape.regions[piece.region]
    let positions = RectanglePositions(rows: region.rows, columns: region.columns)
    let groups = (piece.count + 5) / 6
    var isFirst = true
    for tap in region.taps {
      var block = 0
      while block < depth {
        let blocks = min(part, depth - block)
        pack(source, piece, positions, shape.taps[tap], block..<block + blocks, into: v)
        for panel in 0..<panels {
          multiply(
            u + panel * panelStride + (tap * depth + block) * 128, v, depth: blocks, groups: groups, into: m + panel * chunk * 16,
            adding: !isFirst)
        }
        isFirst = false
        block += blocks
      }
    }
    for panel in 0..<panels { store(m + panel * chunk * 16, piece, positions, panel: panel, into: destination) }
  }

  /// One panel of M for all groups of six positions.
  private func multiply(_ u: Floats, _ v: Floats, depth: Int, groups: Int, into m: Floats, adding: Bool) {
    var block = 0
    while block < depth {
      let blocks = min(TapDataPass.depthStep, depth - block)
      var (from, to) = (v + block * 48, m)
      let isAdding = adding || block > 0
      for _ in 0..<groups {
        WinogradProducts.tiles16(u + block * 128, from, to, blocks: blocks, adding: isAdding)
        from += depth * 48
        to += 96
      }
      block += blocks
    }
  }

  // MARK: Weights

  private func packWeights(_ weights: Floats, panel: Int, into u: Floats) {
    for (number, tap) in shape.taps.enumerated() {
      for block in 0..<depth {
        let to = u + (number * depth + block) * 128
        for half in 0..<2 {
          let output = 2 * panel + half
          let from = weights + ((output * depth + block) * shape.kernelCount + tap.index) * 64
          for lane in 0..<8 { Lanes8.store(output < outputs ? Lanes8.load(from + lane * 8) : .zero, to + lane * 16 + half * 8) }
        }
      }
    }
  }

  /// The kernel turned by half a turn: what tap k reads, its mirror image was written from.
  private func packTransposedWeights(_ weights: Floats, panel: Int, into u: Floats) {
    for (number, tap) in shape.taps.enumerated() {
      let mirrored = shape.kernelCount - 1 - tap.index
      for block in 0..<depth {
        let to = u + (number * depth + block) * 128
        for half in 0..<2 {
          let output = 2 * panel + half
          if output < outputs {
            Lanes8.transpose(
              weights + ((block * outputs + output) * shape.kernelCount + mirrored) * 64, into: to + half * 8, step: 16)
          } else {
            for lane in 0..<8 { Lanes8.store(.zero, to + lane * 16 + half * 8) }
          }
        }
      }
    }
  }

  // MARK: Activations

  /// V of what one tap reads; positions beyond the last are zero.
  private func pack(
    _ source: Floats, _ piece: Chunk, _ positions: RectanglePositions, _ tap: TapConvolution.Tap, _ blocks: Range<Int>, into v: Floats
  ) {
    let stride = shape.height * shape.width * 8
    let count = blocks.count
    positions.forEachRun(first: piece.first, count: piece.count) { begin, image, row, column, length in
      let place = ((row + tap.rowOffset) * shape.width + column + tap.columnOffset) * 8
      for block in 0..<count {
        var from = source + (image * depth + blocks.lowerBound + block) * stride + place
        var (group, rest) = begin.quotientAndRemainder(dividingBy: 6)
        var left = length
        while left > 0 {
          let now = min(6 - rest, left)
          let to = v + (group * count + block) * 48 + rest * 8
          for i in 0..<now { Lanes8.store(Lanes8.load(from + i * 8), to + i * 8) }
          from += now * 8
          left -= now
          group += 1
          rest = 0
        }
      }
    }
    let (group, rest) = piece.count.quotientAndRemainder(dividingBy: 6)
    if rest == 0 { return }
    for block in 0..<count {
      for i in rest..<6 { Lanes8.store(.zero, v + (group * count + block) * 48 + i * 8) }
    }
  }

  /// Up to 16 channels of the destination.
  private func store(_ m: Floats, _ piece: Chunk, _ positions: RectanglePositions, panel: Int, into destination: Floats) {
    let stride = shape.height * shape.width * 8
    positions.forEachRun(first: piece.first, count: piece.count) { begin, image, row, column, length in
      for half in 0..<min(2, outputs - 2 * panel) {
        let to = destination + (image * outputs + 2 * panel + half) * stride + (row * shape.width + column) * 8
        let from = m + begin * 16 + half * 8
        for i in 0..<length { Lanes8.store(Lanes8.load(from + i * 16), to + i * 8) }
      }
    }
  }
}
