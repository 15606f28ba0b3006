import Threading

/// Winograd's forward pass and, with rotated and exchanged weights, the backward pass by data.
///
/// For each of the 36 products there is a matrix product M = U V of the transformed weights (outputs by depth) and the
/// transformed source (depth by tiles). V lies as [36][tiles / 6][depth / 8][6][8], U as [outputs / 16][36][depth][16],
/// M of 16 outputs as [36][tiles][16].
struct WinogradDataPass {
  typealias Floats = UnsafeMutablePointer<Float>
  typealias Transforms = WinogradTransforms

  /// Depth of a product of matrices that leaves its weights in the first-level cache, in blocks of 8.
  private static let depthStep = 32

  let backward: Bool
  let layout: WinogradTiles
  let tiles: Int
  let slots: Int
  /// Blocks of 8 channels that are summed over, and that come out.
  let depth: Int
  let outputs: Int
  /// Tiles in a chunk.
  let chunk: Int
  let shared: Bool
  /// What is applied to the source; nil for nothing.
  var scaling: ChannelScaling?
  /// Whether the result is added to what lies at the destination.
  var adding = false

  init(_ convolution: WinogradConvolution, backward: Bool) {
    self.backward = backward
    layout = WinogradTiles(convolution)
    tiles = convolution.tiles
    slots = convolution.slots
    depth = backward ? convolution.outputBlocks : convolution.inputBlocks
    outputs = backward ? convolution.inputBlocks : convolution.outputBlocks
    let blocking = convolution.forced ?? WinogradDataPass.blocking(depth: depth, outputs: outputs, tiles: tiles, slots: slots)
    chunk = min(blocking.chunk, (tiles + 5) / 6 * 6)
    shared = blocking.shared
  }

  /// Small layers with tiles for everyone: a chunk's V and M and half of U fit into half a megabyte. Otherwise V of many tiles lies in
  /// the last-level cache, and U and M of 16 outputs near each core. Measured from 16 to 512 channels, the two are within 5 % of each
  /// other in the middle.
  static func blocking(depth: Int, outputs: Int, tiles: Int, slots: Int) -> WinogradConvolution.Blocking {
    if depth * outputs <= 256, tiles >= 96 * slots { return .init(chunk: 48, shared: false) }
    // At most 10 MB.
    return .init(evenly: tiles, atMost: max(96, min(192, 8192 / depth)), shared: true)
  }

  /// Ranges of tiles that the outputs of a shared chunk are cut into, so that all threads have the same to do.
  private func splits(groups: Int) -> Int {
    if pairs >= 4 * slots { return 1 }
    var (a, b) = (pairs, slots)
    while b != 0 { (a, b) = (b, a % b) }
    return min(groups, slots / a)
  }

  private var vStride: Int { WinogradConvolution.padded(chunk * depth * 8) }
  private var mStride: Int { WinogradConvolution.padded(chunk * 16) }
  private var uStride: Int { WinogradConvolution.padded(depth * 8 * 16) }
  private var pairs: Int { (outputs + 1) / 2 }
  private var vCount: Int { 36 * vStride }
  private var mCount: Int { 36 * mStride }
  private var uCount: Int { 36 * uStride }
  private var slotCount: Int { WinogradConvolution.bufferCount + mCount + (shared ? uCount : vCount) }

  var scratchCount: Int { slots * slotCount + (shared ? vCount : pairs * uCount) }

  func run(source: Floats, weights: Floats, destination: Floats, scratch: Floats) {
    if tiles == 0 { return }
    let common = scratch + slots * slotCount
    if shared {
      var first = 0
      while first < tiles {
        let count = min(chunk, tiles - first)
        runShared(first, count, source, weights, destination, v: common, scratch: scratch)
        first += count
      }
    } else {
      runSeparately(source, weights, destination, u: common, scratch: scratch)
    }
  }

  /// Each thread takes whole chunks.
  private func runSeparately(_ source: Floats, _ weights: Floats, _ destination: Floats, u: Floats, scratch: Floats) {
    let units = pairs * depth
    ComputePool.forEach(parts: slots) { slot in
      let buffer = scratch + slot * slotCount
      for unit in (units * slot / slots)..<(units * (slot + 1) / slots) {
        let (pair, block) = unit.quotientAndRemainder(dividingBy: depth)
        transformWeights(weights, pair: pair, block: block, into: u + pair * uCount, buffer: buffer)
      }
    }
    let chunks = (tiles + chunk - 1) / chunk
    ComputePool.forEach(parts: slots) { slot in
      let buffer = scratch + slot * slotCount
      let m = buffer + WinogradConvolution.bufferCount
      let v = m + mCount
      for number in (chunks * slot / slots)..<(chunks * (slot + 1) / slots) {
        let first = number * chunk
        let count = min(chunk, tiles - first)
        transformSource(source, first: first, count: count, groups: 0..<((count + 5) / 6), into: v, buffer: buffer)
        for pair in 0..<pairs {
          multiply(pair: pair, groups: (count + 5) / 6, u: u + pair * uCount, v: v, m: m)
          transformDestination(m, pair: pair, first: first, count: count, into: destination, buffer: buffer)
        }
      }
    }
  }

  /// All threads share the transformed source of a chunk; each takes some of the outputs.
  private func runShared(
    _ first: Int, _ count: Int, _ source: Floats, _ weights: Floats, _ destination: Floats, v: Floats, scratch: Floats
  ) {
    let groups = (count + 5) / 6
    ComputePool.forEach(parts: slots) { slot in
      transformSource(
        source, first: first, count: count, groups: (groups * slot / slots)..<(groups * (slot + 1) / slots), into: v,
        buffer: scratch + slot * slotCount)
    }
    let splits = splits(groups: groups)
    let units = pairs * splits
    ComputePool.forEach(parts: slots) { slot in
      let buffer = scratch + slot * slotCount
      let m = buffer + WinogradConvolution.bufferCount
      let u = m + mCount
      var transformed = -1
      for unit in (units * slot / slots)..<(units * (slot + 1) / slots) {
        let (pair, split) = unit.quotientAndRemainder(dividingBy: splits)
        if pair != transformed {
          for block in 0..<depth { transformWeights(weights, pair: pair, block: block, into: u, buffer: buffer) }
          transformed = pair
        }
        let range = (groups * split / splits)..<(groups * (split + 1) / splits)
        let begin = range.lowerBound * 6
        multiply(pair: pair, groups: range.count, u: u, v: v + begin * depth * 8, m: m)
        transformDestination(
          m, pair: pair, first: first + begin, count: min(count, range.upperBound * 6) - begin, into: destination, buffer: buffer)
      }
    }
  }

  // MARK: Steps

  /// V of some groups of six tiles of a chunk; tiles beyond the last are zero.
  private func transformSource(_ source: Floats, first: Int, count: Int, groups: Range<Int>, into v: Floats, buffer: Floats) {
    let imageStride = depth * layout.blockStride
    let (vStride, groupStride) = (vStride, depth * 48)
    let end = min(count, groups.upperBound * 6)
    var t = groups.lowerBound * 6
    var position = layout.position(first + t)
    while t < end {
      let strip = layout.stripCount(position, limit: end - t)
      let image = source + position.image * imageStride
      for block in 0..<depth {
        layout.sourceColumns(
          image + block * layout.blockStride, position, count: strip, scaling: scaling?.lanes(fromChannel: 8 * block), into: buffer)
        for i in 0..<strip {
          let (group, rest) = (t + i).quotientAndRemainder(dividingBy: 6)
          Transforms.sourceRows(
            buffer + 32 * i, rowStride: (4 * strip + 2) * 8, into: v + group * groupStride + block * 48 + rest * 8, stride: vStride)
        }
      }
      layout.advance(&position, by: strip)
      t += strip
    }
    for t in end..<max(end, groups.upperBound * 6) {
      let to = v + t / 6 * groupStride + t % 6 * 8
      for xi in 0..<36 {
        for block in 0..<depth { Transforms.store(.zero, to + xi * vStride + block * 48) }
      }
    }
  }

  /// U of up to 16 outputs and 8 channels of depth.
  private func transformWeights(_ weights: Floats, pair: Int, block: Int, into u: Floats, buffer: Floats) {
    let width = 2 * pair + 1 < outputs ? 16 : 8
    for half in 0..<(width / 8) {
      let output = 2 * pair + half
      let to = u + block * 8 * width + half * 8
      if backward {
        let rotated = buffer + 2 * Transforms.tapCount
        Transforms.rotate(taps: weights + (block * outputs + output) * Transforms.tapCount, into: rotated)
        Transforms.weights(taps: rotated, buffer: buffer, into: to, step: width, stride: uStride)
      } else {
        let taps = weights + (output * depth + block) * Transforms.tapCount
        Transforms.weights(taps: taps, buffer: buffer, into: to, step: width, stride: uStride)
      }
    }
  }

  /// M = U V for 16 outputs and all groups of a chunk.
  private func multiply(pair: Int, groups: Int, u: Floats, v: Floats, m: Floats) {
    let whole = 2 * pair + 1 < outputs
    for xi in 0..<36 {
      var block = 0
      while block < depth {
        let blocks = min(WinogradDataPass.depthStep, depth - block)
        let weights = u + xi * uStride + block * (whole ? 128 : 64)
        var from = v + xi * vStride + block * 48
        var to = m + xi * mStride
        for _ in 0..<groups {
          if whole {
            WinogradProducts.tiles16(weights, from, to, blocks: blocks, adding: block > 0)
          } else {
            WinogradProducts.tiles8(weights, from, to, blocks: blocks, adding: block > 0)
          }
          from += depth * 48
          to += 96
        }
        block += blocks
      }
    }
  }

  /// The destination's tiles of a chunk from the products of 16 outputs.
  private func transformDestination(_ m: Floats, pair: Int, first: Int, count: Int, into destination: Floats, buffer: Floats) {
    let imageStride = outputs * layout.blockStride
    let clipped = buffer + Transforms.stripCount
    for half in 0..<min(2, outputs - 2 * pair) {
      var position = layout.position(first)
      let block = destination + (2 * pair + half) * layout.blockStride
      for t in 0..<count {
        let from = m + t * 16 + half * 8
        let image = block + position.image * imageStride
        if layout.isWhole(position) {
          let tile = image + (4 * position.row * layout.width + 4 * position.column) * 8
          if adding {
            Transforms.destination(
              products: from, stride: mStride, buffer: buffer, into: tile, rowStride: layout.width * 8, adding: true)
          } else {
            Transforms.destination(products: from, stride: mStride, buffer: buffer, into: tile, rowStride: layout.width * 8)
          }
        } else {
          Transforms.destination(products: from, stride: mStride, buffer: buffer, into: clipped, rowStride: 32)
          layout.clip(clipped, position, into: image, adding: adding)
        }
        layout.advance(&position)
      }
    }
  }
}
