import Threading

/// The backward pass by weights of a transposed convolution of squares of 2x2: S = D V, summed over positions.
///
/// D are the gradients of the squares' rows, as [outputs / 8][2 rows][positions][2 columns][8], V is the source as
/// [inputs / 24][positions][24], of which the last is narrower, S as [outputs / 8][2 rows][inputs][2 columns][8].
/// Six inputs by 16 of D fit the registers, hence 24. The bias' gradient is summed while D is copied.
struct TransposedConvolutionWeightsPass {
  typealias Floats = UnsafeMutablePointer<Float>
  typealias Lanes = SIMD8<Float>

  /// Parts that the sums are split into where each thread takes whole chunks.
  private static let parts = 16

  let layout: SourcePositions
  let positions: Int
  let slots: Int
  /// Blocks of 8 channels.
  let inputs: Int
  let outputs: Int
  /// Logical number of outputs, which the bias has.
  let outputChannels: Int
  let chunk: Int
  let shared: Bool

  init(_ convolution: NonoverlappingTransposedConvolution) {
    layout = SourcePositions(convolution)
    positions = convolution.positions
    slots = convolution.slots
    inputs = convolution.inputBlocks
    outputs = convolution.outputBlocks
    outputChannels = convolution.outputChannels
    let blocking = convolution.forced ?? TransposedConvolutionWeightsPass.blocking(inputs: inputs, outputs: outputs, positions: positions)
    chunk = max(1, min(blocking.chunk, positions))
    shared = blocking.shared
  }

  /// Small layers: V, D and S of a thread lie near its core. Otherwise V and D of many positions lie in the last-level cache.
  /// Must not depend on the number of threads, as sums over positions are cut by it.
  private static func blocking(inputs: Int, outputs: Int, positions: Int) -> NonoverlappingTransposedConvolution.Blocking {
    if inputs * outputs <= 128, positions >= 192 * parts { return .init(chunk: 192, shared: false) }
    return .init(chunk: 384, shared: true)
  }

  private var inputGroups: Int { (inputs + 2) / 3 }
  private var vCount: Int { chunk * inputs * 8 }
  private var dCount: Int { chunk * outputs * 32 }
  private var sCount: Int { inputs * outputs * 256 }
  private var biasCount: Int { outputs * 8 }
  /// Parts that have sums of their own.
  private var used: Int { shared ? 1 : min(TransposedConvolutionWeightsPass.parts, max(1, chunks)) }
  private var chunks: Int { (positions + chunk - 1) / chunk }

  var scratchCount: Int { used * (sCount + biasCount) + (shared ? 1 : slots) * (vCount + dCount) }

  func run(source: Floats, gradient: Floats, weights: Floats, bias: Floats?, scratch: Floats) {
    if positions == 0 {
      weights.update(repeating: 0, count: sCount)
      bias?.update(repeating: 0, count: outputChannels)
      return
    }
    let biasSums = scratch + used * sCount
    biasSums.update(repeating: 0, count: used * biasCount)
    let packed = biasSums + used * biasCount
    if shared {
      runShared(source, gradient, sums: scratch, biasSums: biasSums, v: packed)
    } else {
      runSeparately(source, gradient, sums: scratch, biasSums: biasSums, packed: packed)
    }
    finish(scratch, into: weights)
    if let bias {
      for o in 0..<outputChannels { bias[o] = (0..<used).reduce(0) { $0 + biasSums[$1 * biasCount + o] } }
    }
  }

  /// All threads share a chunk: first each copies some channels, then each takes some of the sums.
  private func runShared(_ source: Floats, _ gradient: Floats, sums: Floats, biasSums: Floats, v: Floats) {
    for number in 0..<chunks {
      let first = number * chunk
      let count = min(chunk, positions - first)
      // An output has four blocks to copy, an input one.
      let copies = 4 * outputs + inputs
      ComputePool.forEach(parts: slots) { slot in
        let (lower, upper) = (copies * slot / slots, copies * (slot + 1) / slots)
        let edge = 4 * outputs
        packSquares(
          gradient, (min(lower, edge) + 3) / 4..<(min(upper, edge) + 3) / 4, first: first, count: count, into: v + vCount,
          biasSums: biasSums)
        packSource(source, max(lower, edge) - edge..<max(upper, edge) - edge, first: first, count: count, into: v)
      }
      let units = 2 * outputs * inputGroups
      ComputePool.forEach(parts: slots) { slot in
        for unit in (units * slot / slots)..<(units * (slot + 1) / slots) {
          let (line, group) = unit.quotientAndRemainder(dividingBy: inputGroups)
          multiply(v, line: line, group: group, count: count, sums: sums, adding: number > 0)
        }
      }
    }
  }

  /// Each thread takes whole parts, each part has sums of its own; they are added up in order.
  private func runSeparately(_ source: Floats, _ gradient: Floats, sums: Floats, biasSums: Floats, packed: Floats) {
    ComputePool.forEach(parts: slots) { slot in
      let v = packed + slot * (vCount + dCount)
      for part in (used * slot / slots)..<(used * (slot + 1) / slots) {
        let range = (chunks * part / used)..<(chunks * (part + 1) / used)
        for number in range {
          let first = number * chunk
          let count = min(chunk, positions - first)
          packSource(source, 0..<inputs, first: first, count: count, into: v)
          packSquares(gradient, 0..<outputs, first: first, count: count, into: v + vCount, biasSums: biasSums + part * biasCount)
          for line in 0..<(2 * outputs) {
            for group in 0..<inputGroups {
              multiply(v, line: line, group: group, count: count, sums: sums + part * sCount, adding: number > range.lowerBound)
            }
          }
        }
      }
    }
  }

  // MARK: Steps

  /// V of some blocks of inputs.
  private func packSource(_ source: Floats, _ blocks: Range<Int>, first: Int, count: Int, into v: Floats) {
    for block in blocks {
      let (group, rest) = block.quotientAndRemainder(dividingBy: 3)
      let step = 8 * min(3, inputs - group * 3)
      let target = v + group * chunk * 24 + rest * 8
      layout.forEachRunOfImage(first: first, count: count) { begin, image, place, length in
        let from = source + (image * inputs + block) * layout.blockStride + place * 8
        let to = target + begin * step
        for i in 0..<length { Lanes8.store(Lanes8.load(from + i * 8), to + i * step) }
      }
    }
  }

  /// D of some blocks of outputs, and their sums.
  private func packSquares(_ gradient: Floats, _ blocks: Range<Int>, first: Int, count: Int, into d: Floats, biasSums: Floats) {
    for block in blocks {
      var (a, b) = (Lanes.zero, Lanes.zero)
      for row in 0..<2 {
        let target = d + (block * 2 + row) * chunk * 16
        layout.forEachRunOfRow(first: first, count: count) { begin, image, place, length in
          let from = gradient + (image * outputs + block) * 4 * layout.blockStride + place + row * layout.width * 16
          let to = target + begin * 16
          for i in 0..<length {
            let (left, right) = (Lanes8.load(from + i * 16), Lanes8.load(from + i * 16 + 8))
            Lanes8.store(left, to + i * 16)
            Lanes8.store(right, to + i * 16 + 8)
            a += left
            b += right
          }
        }
      }
      let sum = biasSums + block * 8
      Lanes8.store(Lanes8.load(sum) + (a + b), sum)
    }
  }

  /// The sums of one row of squares of 8 outputs with up to 24 inputs.
  private func multiply(_ v: Floats, line: Int, group: Int, count: Int, sums: Floats, adding: Bool) {
    let step = 8 * min(3, inputs - 3 * group)
    let d = v + vCount + line * chunk * 16
    let from = v + group * chunk * 24
    let to = sums + (line * inputs + 3 * group) * 128
    // 24 = 6 + 6 + 6 + 6, 16 = 6 + 6 + 4, 8 = 4 + 4.
    var i = 0
    while step - i >= 6, step - i != 8 {
      WinogradProducts.weights16x6(d, from + i, to + i * 16, count: count, step: step, adding: adding)
      i += 6
    }
    while i < step {
      WinogradProducts.weights16x4(d, from + i, to + i * 16, count: count, step: step, adding: adding)
      i += 4
    }
  }

  /// The gradients of weights, in their layout, from the sums of all parts.
  private func finish(_ sums: Floats, into weights: Floats) {
    let units = inputs * outputs
    ComputePool.forEach(parts: slots) { slot in
      for unit in (units * slot / slots)..<(units * (slot + 1) / slots) {
        let (input, output) = unit.quotientAndRemainder(dividingBy: outputs)
        for row in 0..<2 {
          let from = sums + ((output * 2 + row) * inputs + input) * 128
          let to = weights + (unit * 4 + row * 2) * 64
          for lane in 0..<8 {
            var (a, b) = (Lanes8.load(from + lane * 16), Lanes8.load(from + lane * 16 + 8))
            for part in 1..<max(1, used) {
              a += Lanes8.load(from + part * sCount + lane * 16)
              b += Lanes8.load(from + part * sCount + lane * 16 + 8)
            }
            Lanes8.store(a, to + lane * 8)
            Lanes8.store(b, to + 64 + lane * 8)
          }
        }
      }
    }
  }
}
