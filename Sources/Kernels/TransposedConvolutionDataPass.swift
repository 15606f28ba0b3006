import Threading

/// The forward pass of a transposed convolution of squares of 2x2 and the backward pass by data: M = U V over all positions.
///
/// Forward, the depth are the inputs, and a panel of 16 rows of M are 8 outputs in both columns of one row of the squares.
/// Backward, the depth are the outputs in all four places of a square, and a panel are 16 inputs.
/// V of a chunk lies as [positions / 6][depth / 8][6][8], U as [panels][depth][16], M of a panel as [positions][16].
struct TransposedConvolutionDataPass {
  typealias Floats = UnsafeMutablePointer<Float>

  /// Depth of a product that leaves its panel in the first-level cache, in blocks of 8.
  private static let depthStep = 32

  let backward: Bool
  let layout: SourcePositions
  let positions: Int
  let slots: Int
  /// Blocks of 8 channels.
  let inputs: Int
  let outputs: Int
  /// Logical number of outputs, which the bias has.
  let outputChannels: Int
  let depth: Int
  let panels: Int
  let chunk: Int
  let chunks: Int

  init(_ convolution: NonoverlappingTransposedConvolution, backward: Bool) {
    self.backward = backward
    layout = SourcePositions(convolution)
    positions = convolution.positions
    slots = convolution.slots
    inputs = convolution.inputBlocks
    outputs = convolution.outputBlocks
    outputChannels = convolution.outputChannels
    depth = backward ? 4 * outputs : inputs
    panels = backward ? (inputs + 1) / 2 : 2 * outputs
    // V of a chunk stays in the second-level cache; all threads have the same number of chunks.
    let limit = convolution.forced?.chunk ?? max(48, min(192, 6144 / depth))
    let rounds = max(1, (positions + limit * slots - 1) / (limit * slots))
    chunk = max(6, min(limit, (positions + rounds * slots - 1) / (rounds * slots) + 5) / 6 * 6)
    chunks = (positions + chunk - 1) / chunk
  }

  private var vCount: Int { chunk * depth * 8 }
  private var mCount: Int { chunk * 16 }
  private var uStride: Int { depth * 8 * 16 }
  /// The bias, each number in both columns.
  private var biasCount: Int { outputs * 16 }

  var scratchCount: Int { panels * uStride + biasCount + slots * (vCount + mCount) }

  func run(source: Floats, weights: Floats, bias: Floats?, destination: Floats, scratch: Floats) {
    if positions == 0 { return }
    let u = scratch
    let starts = u + panels * uStride
    let buffers = starts + biasCount
    if let bias { spread(bias, into: starts) }
    ComputePool.forEach(parts: slots) { slot in
      for panel in (panels * slot / slots)..<(panels * (slot + 1) / slots) {
        if backward {
          packTransposedWeights(weights, panel: panel, into: u + panel * uStride)
        } else {
          packWeights(weights, panel: panel, into: u + panel * uStride)
        }
      }
    }
    ComputePool.forEach(parts: slots) { slot in
      let v = buffers + slot * (vCount + mCount)
      let m = v + vCount
      for number in (chunks * slot / slots)..<(chunks * (slot + 1) / slots) {
        let first = number * chunk
        let count = min(chunk, positions - first)
        if backward {
          packSquares(source, first: first, count: count, into: v)
        } else {
          packSource(source, first: first, count: count, into: v)
        }
        for panel in 0..<panels {
          multiply(u + panel * uStride, v, start: bias == nil ? nil : starts + panel / 2 * 16, groups: (count + 5) / 6, into: m)
          if backward {
            storeSource(m, panel: panel, first: first, count: count, into: destination)
          } else {
            storeSquares(m, panel: panel, first: first, count: count, into: destination)
          }
        }
      }
    }
  }

  // MARK: Products

  /// One panel of M for all groups of six positions.
  /// - Parameter start: 16 numbers that each position's sums begin with; nil for zeros.
  private func multiply(_ u: Floats, _ v: Floats, start: Floats?, groups: Int, into m: Floats) {
    var block = 0
    while block < depth {
      let blocks = min(TransposedConvolutionDataPass.depthStep, depth - block)
      var (from, to) = (v + block * 48, m)
      for _ in 0..<groups {
        if block > 0 {
          WinogradProducts.tiles16(u + block * 128, from, to, blocks: blocks, start: to, startStep: 16)
        } else {
          WinogradProducts.tiles16(u, from, to, blocks: blocks, start: start, startStep: 0)
        }
        from += depth * 48
        to += 96
      }
      block += blocks
    }
  }

  // MARK: Weights

  private func spread(_ bias: Floats, into starts: Floats) {
    for o in 0..<(outputs * 8) {
      let value = o < outputChannels ? bias[o] : 0
      let to = starts + o / 8 * 16 + o % 8
      to[0] = value
      to[8] = value
    }
  }

  /// U of 8 outputs in one row of the squares: for each input both columns.
  private func packWeights(_ weights: Floats, panel: Int, into u: Floats) {
    let (output, row) = panel.quotientAndRemainder(dividingBy: 2)
    for block in 0..<inputs {
      let taps = weights + ((block * outputs + output) * 4 + row * 2) * 64
      for lane in 0..<8 {
        let to = u + (block * 8 + lane) * 16
        Lanes8.store(Lanes8.load(taps + lane * 8), to)
        Lanes8.store(Lanes8.load(taps + 64 + lane * 8), to + 8)
      }
    }
  }

  /// U of 16 inputs, zeros where there is no second block.
  private func packTransposedWeights(_ weights: Floats, panel: Int, into u: Floats) {
    for half in 0..<2 {
      let input = 2 * panel + half
      for block in 0..<depth {
        let to = u + block * 128 + half * 8
        if input < inputs {
          Lanes8.transpose(weights + (input * depth + block) * 64, into: to, step: 16)
        } else {
          for lane in 0..<8 { Lanes8.store(.zero, to + lane * 16) }
        }
      }
    }
  }

  // MARK: Activations

  /// V from the source; positions beyond the last are zero.
  private func packSource(_ source: Floats, first: Int, count: Int, into v: Floats) {
    layout.forEachRunOfImage(first: first, count: count) { begin, image, place, length in
      for block in 0..<depth {
        var from = source + (image * inputs + block) * layout.blockStride + place * 8
        var (group, rest) = begin.quotientAndRemainder(dividingBy: 6)
        var left = length
        while left > 0 {
          let now = min(6 - rest, left)
          let to = v + (group * depth + block) * 48 + rest * 8
          for i in 0..<now { Lanes8.store(Lanes8.load(from + i * 8), to + i * 8) }
          from += now * 8
          left -= now
          group += 1
          rest = 0
        }
      }
    }
    clearTail(v, count: count)
  }

  /// V from the squares of the gradient of the destination; block ((output * 2) + row) * 2 + column.
  private func packSquares(_ gradient: Floats, first: Int, count: Int, into v: Floats) {
    layout.forEachRunOfRow(first: first, count: count) { begin, image, place, length in
      for line in 0..<(2 * outputs) {
        let (output, row) = line.quotientAndRemainder(dividingBy: 2)
        var from = gradient + (image * outputs + output) * 4 * layout.blockStride + place + row * layout.width * 16
        var (group, rest) = begin.quotientAndRemainder(dividingBy: 6)
        var left = length
        while left > 0 {
          let now = min(6 - rest, left)
          let to = v + (group * depth + line * 2) * 48 + rest * 8
          for i in 0..<now {
            Lanes8.store(Lanes8.load(from + i * 16), to + i * 8)
            Lanes8.store(Lanes8.load(from + i * 16 + 8), to + i * 8 + 48)
          }
          from += now * 16
          left -= now
          group += 1
          rest = 0
        }
      }
    }
    clearTail(v, count: count)
  }

  private func clearTail(_ v: Floats, count: Int) {
    let (group, rest) = count.quotientAndRemainder(dividingBy: 6)
    if rest == 0 { return }
    for block in 0..<depth {
      for i in rest..<6 { Lanes8.store(.zero, v + (group * depth + block) * 48 + i * 8) }
    }
  }

  /// One row of the squares of 8 outputs.
  private func storeSquares(_ m: Floats, panel: Int, first: Int, count: Int, into destination: Floats) {
    let (output, row) = panel.quotientAndRemainder(dividingBy: 2)
    layout.forEachRunOfRow(first: first, count: count) { begin, image, place, length in
      let to = destination + (image * outputs + output) * 4 * layout.blockStride + place + row * layout.width * 16
      let from = m + begin * 16
      for i in 0..<(2 * length) { Lanes8.store(Lanes8.load(from + i * 8), to + i * 8) }
    }
  }

  /// The gradient of up to 16 inputs.
  private func storeSource(_ m: Floats, panel: Int, first: Int, count: Int, into gradient: Floats) {
    layout.forEachRunOfImage(first: first, count: count) { begin, image, place, length in
      for half in 0..<min(2, inputs - 2 * panel) {
        let to = gradient + (image * inputs + 2 * panel + half) * layout.blockStride + place * 8
        let from = m + begin * 16 + half * 8
        for i in 0..<length { Lanes8.store(Lanes8.load(from + i * 16), to + i * 8) }
      }
    }
  }
}
