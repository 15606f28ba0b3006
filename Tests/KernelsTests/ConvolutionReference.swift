import Kernels
import Tensors

/// A 3x3 convolution of padding 1 in float64 by plain loops, with conversions to the layouts of the fast one.
struct ConvolutionReference {
  let images: Int
  let inputs: Int
  let outputs: Int
  let height: Int
  let width: Int
  /// N,C,H,W and O,I,3,3.
  let source: [Double]
  let gradient: [Double]
  let weights: [Double]

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
    gradient = (0..<(images * outputs * height * width)).map { _ in next() }
    weights = (0..<(outputs * inputs * 9)).map { _ in next() }
  }

  /// Calls `body` with the numbers of destination, source and weight elements that meet.
  private func forEachProduct(_ body: (Int, Int, Int) -> Void) {
    for n in 0..<images {
      for o in 0..<outputs {
        for i in 0..<inputs {
          for ky in 0..<3 {
            for kx in 0..<3 {
              let w = ((o * inputs + i) * 3 + ky) * 3 + kx
              for y in max(0, 1 - ky)..<max(max(0, 1 - ky), min(height, height + 1 - ky)) {
                let to = ((n * outputs + o) * height + y) * width
                let from = ((n * inputs + i) * height + y + ky - 1) * width + kx - 1
                for x in max(0, 1 - kx)..<max(max(0, 1 - kx), min(width, width + 1 - kx)) { body(to + x, from + x, w) }
              }
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

  func destination() -> [Double] {
    sums(gradient.count) { r in forEachProduct { to, from, w in r[to] += source[from] * weights[w] } }
  }

  func gradientOfSource() -> [Double] {
    sums(source.count) { r in forEachProduct { to, from, w in r[from] += gradient[to] * weights[w] } }
  }

  func gradientOfWeights() -> [Double] {
    sums(weights.count) { r in forEachProduct { to, from, w in r[w] += gradient[to] * source[from] } }
  }

  // MARK: Layouts

  /// The place of each N,C,H,W element in channel blocks of 8.
  func activationPlaces(channels: Int) -> [Int] {
    let blocks = (channels + 7) / 8
    let positions = height * width
    return (0..<(images * channels * positions)).map { at in
      let (n, c, s) = (at / (channels * positions), at / positions % channels, at % positions)
      return ((n * blocks + c / 8) * positions + s) * 8 + c % 8
    }
  }

  func activationCount(channels: Int) -> Int { images * ((channels + 7) / 8) * height * width * 8 }

  /// The place of each O,I,3,3 element in [O/8][I/8][3][3][8 i][8 o].
  func weightPlaces() -> [Int] {
    let blocks = (inputs + 7) / 8
    return (0..<(outputs * inputs * 9)).map { at in
      let (o, i, tap) = (at / (inputs * 9), at / 9 % inputs, at % 9)
      return ((o / 8 * blocks + i / 8) * 9 + tap) * 64 + i % 8 * 8 + o % 8
    }
  }

  var weightCount: Int { ((inputs + 7) / 8) * ((outputs + 7) / 8) * 576 }
}

/// A buffer with values at some places and zeros elsewhere.
func region(_ values: [Double], at places: [Int], count: Int) throws -> FloatRegion {
  let buffer = HostBuffer(floatCount: count)
  buffer.withFloats { floats in
    for (value, place) in zip(values, places) { floats[place] = Float(value) }
  }
  return try FloatRegion(buffer, offset: 0, count: count)
}

/// A buffer full of a value that shows where nothing was written.
func spoiled(_ count: Int) throws -> FloatRegion {
  let buffer = HostBuffer(floatCount: count)
  buffer.withFloats { $0.update(repeating: .nan) }
  return try FloatRegion(buffer, offset: 0, count: count)
}

extension FloatRegion {
  var floats: [Float] { buffer.withFloats { Array($0[offset..<(offset + count)]) } }
}

/// The norm of the difference relative to the norm of what is expected.
func relativeError(_ found: [Float], at places: [Int], _ expected: [Double]) -> Double {
  var (difference, norm) = (0.0, 0.0)
  for (value, place) in zip(expected, places) {
    let d = Double(found[place]) - value
    difference += d * d
    norm += value * value
  }
  return (difference / max(norm, .leastNormalMagnitude)).squareRoot()
}
