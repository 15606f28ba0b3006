import Threading

/// Winograd's backward pass by weights: F(3x3,4x4).
///
/// For each of the 36 products there is a matrix product S = D V of the transformed gradient of the destination (outputs by tiles) and the
/// transformed source (tiles by inputs). V lies as [36][inputs / 24][tiles][24], D as [36][outputs / 16][tiles][16],
/// S as [36][outputs / 16][inputs][16]; the last block of each is narrower. Six inputs fit the registers, hence 24.
struct WinogradWeightsPass {
  typealias Floats = UnsafeMutablePointer<Float>
  typealias Transforms = WinogradTransforms

  /// In the fused way, a thread's sums cover this many blocks of 24 inputs by two of 16 outputs.
  private static let fusedBlocks = 3

  let layout: WinogradTiles
  let tiles: Int
  let slots: Int
  /// Blocks of 8 channels.
  let inputs: Int
  let outputs: Int
  let chunk: Int
  let shared: Bool
  /// What is applied to the source; nil for nothing.
  var scaling: ChannelScaling?

  init(_ convolution: WinogradConvolution) {
    layout = WinogradTiles(convolution)
    tiles = convolution.tiles
    slots = convolution.slots
    inputs = convolution.inputBlocks
    outputs = convolution.outputBlocks
    let blocking = convolution.forced ?? WinogradWeightsPass.blocking(inputs: inputs, outputs: outputs, tiles: tiles)
    chunk = min(blocking.chunk, (tiles + 5) / 6 * 6)
    shared = blocking.shared
  }

  /// Small layers: V, D and S of a thread lie near its core. Otherwise V and D of many tiles lie in the last-level cache.
  /// Must not depend on the number of threads, as sums over tiles are cut by it.
  static func blocking(inputs: Int, outputs: Int, tiles: Int) -> WinogradConvolution.Blocking {
    if inputs * outputs <= 32, tiles >= 48 * WinogradConvolution.weightParts { return .init(chunk: 48, shared: false) }
    return .init(evenly: tiles, atMost: 192, shared: true)
  }

  private var parts: Int { WinogradConvolution.weightParts }
  private var pairs: Int { (outputs + 1) / 2 }
  private var inputGroups: Int { (inputs + 2) / 3 }
  private var vStride: Int { WinogradConvolution.padded(chunk * inputs * 8) }
  private var dStride: Int { WinogradConvolution.padded(chunk * outputs * 8) }
  private var sStride: Int { WinogradConvolution.padded(inputs * outputs * 64) }
  private var fusedStride: Int { WinogradConvolution.padded(WinogradWeightsPass.fusedBlocks * 24 * 32) }
  /// All tiles fit into one chunk and there are channels for all threads, so the sums need not be kept. The result is the same.
  private var isFused: Bool {
    let units = (pairs + 1) / 2 * ((inputGroups + WinogradWeightsPass.fusedBlocks - 1) / WinogradWeightsPass.fusedBlocks)
    return shared && tiles <= chunk && (units >= 4 * slots || units % slots == 0)
  }
  private var transformedCount: Int { 36 * (vStride + dStride) }
  private var slotCount: Int {
    WinogradConvolution.bufferCount + (shared ? (isFused ? 36 * fusedStride : 0) : transformedCount)
  }

  var scratchCount: Int {
    slots * slotCount + (shared ? transformedCount + (isFused ? 0 : 36 * sStride) : parts * 36 * sStride)
  }

  func run(source: Floats, gradient: Floats, weights: Floats, scratch: Floats) {
    if tiles == 0 {
      weights.update(repeating: 0, count: inputs * outputs * 576)
      return
    }
    let common = scratch + slots * slotCount
    if !shared {
      runSeparately(source, gradient, sums: common, scratch: scratch)
      finish(sums: common, into: weights, scratch: scratch)
    } else if isFused {
      transformShared(source, gradient, first: 0, count: tiles, into: common, scratch: scratch)
      multiplyFused(common, into: weights, scratch: scratch)
    } else {
      let sums = common + transformedCount
      var first = 0
      while first < tiles {
        let count = min(chunk, tiles - first)
        transformShared(source, gradient, first: first, count: count, into: common, scratch: scratch)
        ComputePool.forEach(parts: slots) { slot in
          let units = 36 * pairs
          for unit in (units * slot / slots)..<(units * (slot + 1) / slots) {
            let (xi, pair) = unit.quotientAndRemainder(dividingBy: pairs)
            multiply(common, xi: xi, pair: pair, count: count, sums: sums, adding: first > 0)
          }
        }
        first += count
      }
      finish(sums: sums, into: weights, scratch: scratch)
    }
  }

  /// Each thread takes whole parts, each part has sums of its own; they are added up in order.
  private func runSeparately(_ source: Floats, _ gradient: Floats, sums: Floats, scratch: Floats) {
    let chunks = (tiles + chunk - 1) / chunk
    let used = min(parts, chunks)
    ComputePool.forEach(parts: slots) { slot in
      let buffer = scratch + slot * slotCount
      let transformed = buffer + WinogradConvolution.bufferCount
      for part in (used * slot / slots)..<(used * (slot + 1) / slots) {
        let own = sums + part * 36 * sStride
        let range = (chunks * part / used)..<(chunks * (part + 1) / used)
        for number in range {
          let first = number * chunk
          let count = min(chunk, tiles - first)
          transform(source, gradient, first: first, tiles: 0..<count, into: transformed, buffer: buffer)
          for xi in 0..<36 {
            for pair in 0..<pairs {
              multiply(transformed, xi: xi, pair: pair, count: count, sums: own, adding: number > range.lowerBound)
            }
          }
        }
      }
    }
    let lines = 36 * sStride / 16
    ComputePool.forEach(parts: slots) { slot in
      let range = (lines * slot / slots * 16)..<(lines * (slot + 1) / slots * 16)
      for part in 1..<max(1, used) {
        let more = sums + part * 36 * sStride
        for i in range { sums[i] += more[i] }
      }
    }
  }

  private func transformShared(_ source: Floats, _ gradient: Floats, first: Int, count: Int, into transformed: Floats, scratch: Floats) {
    ComputePool.forEach(parts: slots) { slot in
      transform(
        source, gradient, first: first, tiles: (count * slot / slots)..<(count * (slot + 1) / slots), into: transformed,
        buffer: scratch + slot * slotCount)
    }
  }

  // MARK: Steps

  /// V and, behind it, D of some tiles of a chunk.
  private func transform(_ source: Floats, _ gradient: Floats, first: Int, tiles: Range<Int>, into v: Floats, buffer: Floats) {
    let d = v + 36 * vStride
    let (vStride, dStride) = (vStride, dStride)
    var t = tiles.lowerBound
    var position = layout.position(first + t)
    while t < tiles.upperBound {
      let strip = layout.stripCount(position, limit: tiles.upperBound - t)
      let image = source + position.image * inputs * layout.blockStride
      for block in 0..<inputs {
        let (group, rest) = block.quotientAndRemainder(dividingBy: 3)
        let step = 8 * min(3, inputs - group * 3)
        let to = v + group * chunk * 24 + t * step + rest * 8
        layout.sourceColumns(
          image + block * layout.blockStride, position, count: strip, scaling: scaling?.lanes(fromChannel: 8 * block), into: buffer)
        for i in 0..<strip {
          Transforms.sourceRows(buffer + 32 * i, rowStride: (4 * strip + 2) * 8, into: to + i * step, stride: vStride)
        }
      }
      let target = gradient + position.image * outputs * layout.blockStride
      for block in 0..<outputs {
        let step = 8 * min(2, outputs - block / 2 * 2)
        let to = d + block / 2 * chunk * 16 + t * step + block % 2 * 8
        layout.gradientColumns(target + block * layout.blockStride, position, count: strip, into: buffer)
        for i in 0..<strip { Transforms.gradientRows(buffer + 32 * i, rowStride: strip * 32, into: to + i * step, stride: dStride) }
      }
      layout.advance(&position, by: strip)
      t += strip
    }
  }

  /// One product's sums of up to 16 outputs and all inputs.
  private func multiply(_ v: Floats, xi: Int, pair: Int, count: Int, sums: Floats, adding: Bool) {
    let width = 8 * min(2, outputs - 2 * pair)
    let d = v + 36 * vStride + xi * dStride + pair * chunk * 16
    let to = sums + xi * sStride + pair * 16 * inputs * 8
    for group in 0..<inputGroups {
      multiply(d, v + xi * vStride + group * chunk * 24, to + group * 24 * width, width: width, group: group, count: count, adding: adding)
    }
  }

  /// The same for one block of 24 inputs.
  private func multiply(_ d: Floats, _ v: Floats, _ s: Floats, width: Int, group: Int, count: Int, adding: Bool) {
    let step = 8 * min(3, inputs - 3 * group)
    var i = 0
    if width == 8 {
      while i < step {
        WinogradProducts.weights8x8(d, v + i, s + i * 8, count: count, step: step, adding: adding)
        i += 8
      }
      return
    }
    // 24 = 6 + 6 + 6 + 6, 16 = 6 + 6 + 4, 8 = 4 + 4.
    while step - i >= 6, step - i != 8 {
      WinogradProducts.weights16x6(d, v + i, s + i * 16, count: count, step: step, adding: adding)
      i += 6
    }
    while i < step {
      WinogradProducts.weights16x4(d, v + i, s + i * 16, count: count, step: step, adding: adding)
      i += 4
    }
  }

  /// Products and gradients of weights in one go, for as many channels as fit near a core.
  private func multiplyFused(_ v: Floats, into weights: Floats, scratch: Floats) {
    let across = WinogradWeightsPass.fusedBlocks
    let columns = (inputGroups + across - 1) / across
    let rows = (pairs + 1) / 2
    let units = rows * columns
    ComputePool.forEach(parts: slots) { slot in
      let buffer = scratch + slot * slotCount
      let s = buffer + WinogradConvolution.bufferCount
      for unit in (units * slot / slots)..<(units * (slot + 1) / slots) {
        let (row, column) = unit.quotientAndRemainder(dividingBy: columns)
        let groups = (column * across)..<min(inputGroups, (column + 1) * across)
        let pairRange = (2 * row)..<min(pairs, 2 * row + 2)
        for xi in 0..<36 {
          for pair in pairRange {
            let d = v + 36 * vStride + xi * dStride + pair * chunk * 16
            let width = 8 * min(2, outputs - 2 * pair)
            for group in groups {
              let to = s + xi * fusedStride + (pair - pairRange.lowerBound) * 16 * across * 24
              multiply(
                d, v + xi * vStride + group * chunk * 24, to + (group - groups.lowerBound) * 24 * width, width: width, group: group,
                count: tiles, adding: false)
            }
          }
        }
        for pair in pairRange {
          let from = s + (pair - pairRange.lowerBound) * 16 * across * 24
          transformWeights(
            from, stride: fusedStride, pair: pair, blocks: (groups.lowerBound * 3)..<min(inputs, groups.upperBound * 3), into: weights,
            buffer: buffer)
        }
      }
    }
  }

  /// The gradients of weights from the sums of all products.
  private func finish(sums: Floats, into weights: Floats, scratch: Floats) {
    let units = pairs * inputs
    ComputePool.forEach(parts: slots) { slot in
      for unit in (units * slot / slots)..<(units * (slot + 1) / slots) {
        let (pair, block) = unit.quotientAndRemainder(dividingBy: inputs)
        let width = 8 * min(2, outputs - 2 * pair)
        transformWeights(
          sums + pair * 16 * inputs * 8 + block * 8 * width, stride: sStride, pair: pair, blocks: block..<(block + 1), into: weights,
          buffer: scratch + slot * slotCount)
      }
    }
  }

  /// - Parameter s: the sums of the first input in `blocks`.
  private func transformWeights(_ s: Floats, stride: Int, pair: Int, blocks: Range<Int>, into weights: Floats, buffer: Floats) {
    let width = 8 * min(2, outputs - 2 * pair)
    for block in blocks {
      for half in 0..<(width / 8) {
        let to = weights + ((2 * pair + half) * inputs + block) * 576
        for lane in 0..<8 {
          let from = s + ((block - blocks.lowerBound) * 8 + lane) * width + half * 8
          Transforms.weightsGradient(products: from, stride: stride, buffer: buffer, into: to + lane * 8, tapStride: 64)
        }
      }
    }
  }
}
