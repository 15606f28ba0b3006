import Kernels
import Tensors

/// A transposed convolution of kernel 2x2 and stride 2 in float64 by plain loops, with conversions to the layouts of the fast one.
struct TransposedConvolutionReference {
  let images: Int
  let inputs: Int
  let outputs: Int
  let height: Int
  let width: Int
  /// N,C,H,W and O,I,2,2.
  let source: [Double]
  let gradient: [Double]
  let weights: [Double]
  let bias: [Double]

  init(images: Int, inputs: Int, outputs: Int, height: Int, width: Int) {
    self.images = images
    self.inputs = inputs
    self.outputs = outputs
    self.height = height
    self.width = width
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(Float(Int64(bitPattern: state) >> 40) / Float(1 << 23))
    }
    source = (0..<(images * inputs * height * width)).map { _ in max(0, next() + 0.2) }
    gradient = (0..<(images * outputs * height * width * 4)).map { _ in next() }
    weights = (0..<(outputs * inputs * 4)).map { _ in next() }
    bias = (0..<outputs).map { _ in 3 * next() }
  }

  /// Calls `body` with the numbers of destination, source and weight elements that meet.
  private func forEachProduct(_ body: (Int, Int, Int) -> Void) {
    for n in 0..<images {
      for o in 0..<outputs {
        for i in 0..<inputs {
          for tap in 0..<4 {
            let w = (o * inputs + i) * 4 + tap
            for y in 0..<height {
              let to = ((n * outputs + o) * height * 2 + 2 * y + tap / 2) * width * 2 + tap % 2
              let from = ((n * inputs + i) * height + y) * width
              for x in 0..<width { body(to + 2 * x, from + x, w) }
            }
          }
        }
      }
    }
  }

  private func sums(_ count: Int, _ add: (UnsafeMutableBufferPointer<Double>) -> Void) -> [Double] {
    var result = [Double](repeating: 0, count: count)
    result.withUnsafeMutableBufferPointer { add($0) }
    return result
  }

  private func outputChannel(_ at: Int) -> Int { at / (height * width * 4) % outputs }

  func destination(hasBias: Bool = true) -> [Double] {
    sums(gradient.count) { r in
      if hasBias { for at in r.indices { r[at] = bias[outputChannel(at)] } }
      forEachProduct { to, from, w in r[to] += source[from] * weights[w] }
    }
  }

  func gradientOfSource() -> [Double] {
    sums(source.count) { r in forEachProduct { to, from, w in r[from] += gradient[to] * weights[w] } }
  }

  func gradientOfWeights() -> [Double] {
    sums(weights.count) { r in forEachProduct { to, from, w in r[w] += gradient[to] * source[from] } }
  }

  func gradientOfBias() -> [Double] {
    sums(outputs) { r in for (at, value) in gradient.enumerated() { r[outputChannel(at)] += value } }
  }

  // MARK: Layouts

  /// The place of each N,C,H,W element in channel blocks of 8.
  private func places(channels: Int, positions: Int) -> [Int] {
    let blocks = (channels + 7) / 8
    return (0..<(images * channels * positions)).map { at in
      let (n, c, s) = (at / (channels * positions), at / positions % channels, at % positions)
      return ((n * blocks + c / 8) * positions + s) * 8 + c % 8
    }
  }

  var sourcePlaces: [Int] { places(channels: inputs, positions: height * width) }
  var destinationPlaces: [Int] { places(channels: outputs, positions: height * width * 4) }

  var sourceCount: Int { images * ((inputs + 7) / 8) * height * width * 8 }
  var destinationCount: Int { images * ((outputs + 7) / 8) * height * width * 32 }

  /// The place of each O,I,2,2 element in [I/8][O/8][2][2][8 i][8 o].
  var weightPlaces: [Int] {
    let blocks = (outputs + 7) / 8
    return (0..<(outputs * inputs * 4)).map { at in
      let (o, i, tap) = (at / (inputs * 4), at / 4 % inputs, at % 4)
      return ((i / 8 * blocks + o / 8) * 4 + tap) * 64 + i % 8 * 8 + o % 8
    }
  }

  var weightCount: Int { ((inputs + 7) / 8) * ((outputs + 7) / 8) * 256 }
  var biasPlaces: [Int] { Array(0..<outputs) }
}
