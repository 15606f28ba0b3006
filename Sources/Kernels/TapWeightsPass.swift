import Threading

/// The backward pass by weights of a convolution by taps: for each tap S = D V, summed over the positions that have something to read there.
///
/// D are gradients of the destination as [outputs / 16][positions][16], V is the source as [inputs / 24][positions][24], of which the last
/// is narrower, S is [outputs / 16][inputs][16]. All threads share a chunk of positions: first each copies some channels, then each takes
/// some of the sums. Six inputs by 16 of D fit the registers, hence 24.
struct TapWeightsPass {
  typealias Floats = UnsafeMutablePointer<Float>

  /// Positions that are summed at a time. Must not depend on the number of threads.
  private static let chunk = 384

  let images: Int
  let height: Int
  let width: Int
  /// Blocks of 8 channels.
  let inputs: Int
  let outputs: Int
  let slots: Int
  let kernelCount: Int
  let taps: [TapConvolution.Tap]

  private var chunk: Int { max(1, min(TapWeightsPass.chunk, images * height * width)) }
  /// Pairs of a chunk and a tap.
  var weightRounds: Int {
    taps.reduce(0) { $0 + (images * $1.rows.count * $1.columns.count + chunk - 1) / chunk }
  }

  private var panels: Int { (outputs + 1) / 2 }
  private var inputGroups: Int { (inputs + 2) / 3 }
  private var vCount: Int { chunk * inputs * 8 }
  private var dCount: Int { chunk * panels * 16 }
  private var sCount: Int { panels * inputs * 128 }

  var scratchCount: Int { sCount + vCount + dCount }

  func run(source: Floats, gradient: Floats, weights: Floats, scratch: Floats) {
    if taps.count < kernelCount || images == 0 { weights.update(repeating: 0, count: inputs * outputs * kernelCount * 64) }
    if images == 0 { return }
    let v = scratch + sCount
    let d = v + vCount
    for tap in taps {
      let positions = RectanglePositions(rows: tap.rows, columns: tap.columns)
      let total = images * tap.rows.count * tap.columns.count
      for first in stride(from: 0, to: total, by: chunk) {
        let count = min(chunk, total - first)
        ComputePool.forEach(parts: panels + inputs) { item in
          if item < panels {
            pack(gradient, positions, panel: item, first: first, count: count, into: d)
          } else {
            pack(source, positions, tap, block: item - panels, first: first, count: count, into: v)
          }
        }
        let units = panels * inputGroups
        ComputePool.forEach(parts: slots) { slot in
          for unit in (units * slot / slots)..<(units * (slot + 1) / slots) {
            let (panel, group) = unit.quotientAndRemainder(dividingBy: inputGroups)
            multiply(d + panel * chunk * 16, v, panel: panel, group: group, count: count, sums: scratch, adding: first > 0)
          }
        }
      }
      ComputePool.forEach(parts: outputs) { output in finish(scratch, tap, output: output, into: weights) }
    }
  }

  /// D of up to two blocks of outputs; zero where there is no second one.
  private func pack(_ gradient: Floats, _ positions: RectanglePositions, panel: Int, first: Int, count: Int, into d: Floats) {
    let target = d + panel * chunk * 16
    let stride = height * width * 8
    positions.forEachRun(first: first, count: count) { begin, image, row, column, length in
      for half in 0..<2 {
        let to = target + begin * 16 + half * 8
        if 2 * panel + half < outputs {
          let from = gradient + (image * outputs + 2 * panel + half) * stride + (row * width + column) * 8
          for i in 0..<length { Lanes8.store(Lanes8.load(from + i * 8), to + i * 16) }
        } else {
          for i in 0..<length { Lanes8.store(.zero, to + i * 16) }
        }
      }
    }
  }

  /// V of one block of inputs.
  private func pack(
    _ source: Floats, _ positions: RectanglePositions, _ tap: TapConvolution.Tap, block: Int, first: Int, count: Int, into v: Floats
  ) {
    let (group, rest) = block.quotientAndRemainder(dividingBy: 3)
    let step = 8 * min(3, inputs - group * 3)
    let target = v + group * chunk * 24 + rest * 8
    positions.forEachRun(first: first, count: count) { begin, image, row, column, length in
      let place = ((row + tap.rowOffset) * width + column + tap.columnOffset) * 8
      let from = source + (image * inputs + block) * height * width * 8 + place
      let to = target + begin * step
      for i in 0..<length { Lanes8.store(Lanes8.load(from + i * 8), to + i * step) }
    }
  }

  /// The sums of 16 outputs with up to 24 inputs.
  private func multiply(_ d: Floats, _ v: Floats, panel: Int, group: Int, count: Int, sums: Floats, adding: Bool) {
    let step = 8 * min(3, inputs - 3 * group)
    let from = v + group * chunk * 24
    let to = sums + (panel * inputs + 3 * group) * 128
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

  /// The gradients of one tap's weights, in their layout.
  private func finish(_ sums: Floats, _ tap: TapConvolution.Tap, output: Int, into weights: Floats) {
    let (panel, half) = output.quotientAndRemainder(dividingBy: 2)
    for input in 0..<inputs {
      let from = sums + (panel * inputs + input) * 128 + half * 8
      let to = weights + ((output * inputs + input) * kernelCount + tap.index) * 64
      for lane in 0..<8 { Lanes8.store(Lanes8.load(from + lane * 16), to + lane * 8) }
    }
  }
}
