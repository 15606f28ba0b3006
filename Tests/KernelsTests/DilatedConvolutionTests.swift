import Kernels
import Tensors
import TestSupport
import Testing
import Threading

/// Convolutions by taps, and dilated ones in phases, against plain loops in float64.
@Suite(.computePool) struct DilatedConvolutionTests {
  /// A convolution of stride 1 that keeps the extents, in float64.
  struct Reference {
    let images: Int
    let inputs: Int
    let outputs: Int
    let height: Int
    let width: Int
    let kernel: Int
    let dilation: Int
    var source: [Double]
    var gradient: [Double]
    var weights: [Double]

    init(images: Int, inputs: Int, outputs: Int, height: Int, width: Int, kernel: Int, dilation: Int) {
      (self.images, self.inputs, self.outputs) = (images, inputs, outputs)
      (self.height, self.width, self.kernel, self.dilation) = (height, width, kernel, dilation)
      let random = CounterRandom(seed: 11, purpose: .testing)
      func numbers(_ count: Int, _ start: Int) -> [Double] {
        (0..<count).map { Double(Float(random.uniform(start + $0, in: -1...1))) }
      }
      source = numbers(images * inputs * height * width, 0)
      gradient = numbers(images * outputs * height * width, 1 << 24)
      weights = numbers(outputs * inputs * kernel * kernel, 1 << 25)
    }

    private func forEachProduct(_ body: (_ to: Int, _ from: Int, _ w: Int) -> Void) {
      for n in 0..<images {
        for o in 0..<outputs {
          for i in 0..<inputs {
            for tap in 0..<(kernel * kernel) {
              let (dy, dx) = ((tap / kernel - kernel / 2) * dilation, (tap % kernel - kernel / 2) * dilation)
              for y in 0..<height where (0..<height).contains(y + dy) {
                for x in 0..<width where (0..<width).contains(x + dx) {
                  body(
                    ((n * outputs + o) * height + y) * width + x, ((n * inputs + i) * height + y + dy) * width + x + dx,
                    (o * inputs + i) * kernel * kernel + tap)
                }
              }
            }
          }
        }
      }
    }

    func destination() -> [Double] {
      var r = [Double](repeating: 0, count: gradient.count)
      forEachProduct { to, from, w in r[to] += source[from] * weights[w] }
      return r
    }
    func gradientOfSource() -> [Double] {
      var r = [Double](repeating: 0, count: source.count)
      forEachProduct { to, from, w in r[from] += gradient[to] * weights[w] }
      return r
    }
    func gradientOfWeights() -> [Double] {
      var r = [Double](repeating: 0, count: weights.count)
      forEachProduct { to, from, w in r[w] += gradient[to] * source[from] }
      return r
    }

    func activationPlaces(_ channels: Int) -> [Int] {
      let (blocks, positions) = ((channels + 7) / 8, height * width)
      return (0..<(images * channels * positions)).map { at in
        let (n, c, s) = (at / (channels * positions), at / positions % channels, at % positions)
        return ((n * blocks + c / 8) * positions + s) * 8 + c % 8
      }
    }
    func activationCount(_ channels: Int) -> Int { images * ((channels + 7) / 8) * height * width * 8 }
    func weightPlaces() -> [Int] {
      let (blocks, taps) = ((inputs + 7) / 8, kernel * kernel)
      return (0..<(outputs * inputs * taps)).map { at in
        let (o, i, tap) = (at / (inputs * taps), at / taps % inputs, at % taps)
        return ((o / 8 * blocks + i / 8) * taps + tap) * 64 + i % 8 * 8 + o % 8
      }
    }
    var weightCount: Int { ((inputs + 7) / 8) * ((outputs + 7) / 8) * kernel * kernel * 64 }
  }

  struct Found: Equatable {
    var destination: [Float]
    var gradientOfSource: [Float]
    var gradientOfWeights: [Float]
  }

  typealias Pass = (FloatRegion, FloatRegion, FloatRegion, FloatRegion) -> Void

  static func run(
    _ r: Reference, scratch: (ConvolutionPass) -> Int, forward: Pass, backwardData: Pass, backwardWeights: Pass
  ) throws -> Found {
    let source = try region(r.source, at: r.activationPlaces(r.inputs), count: r.activationCount(r.inputs))
    let gradient = try region(r.gradient, at: r.activationPlaces(r.outputs), count: r.activationCount(r.outputs))
    let weights = try region(r.weights, at: r.weightPlaces(), count: r.weightCount)
    let destination = try spoiled(r.activationCount(r.outputs))
    let gradientOfSource = try spoiled(r.activationCount(r.inputs))
    let gradientOfWeights = try spoiled(r.weightCount)
    forward(source, weights, destination, try spoiled(max(1, scratch(.forward))))
    backwardData(gradient, weights, gradientOfSource, try spoiled(max(1, scratch(.backwardData))))
    backwardWeights(source, gradient, gradientOfWeights, try spoiled(max(1, scratch(.backwardWeights))))
    return Found(
      destination: destination.floats, gradientOfSource: gradientOfSource.floats, gradientOfWeights: gradientOfWeights.floats)
  }

  static func check(_ found: Found, _ r: Reference, tolerance: Double, _ text: String) {
    let (to, from) = (r.activationPlaces(r.outputs), r.activationPlaces(r.inputs))
    #expect(relativeError(found.destination, at: to, r.destination()) < tolerance, "\(text) forward")
    #expect(relativeError(found.gradientOfSource, at: from, r.gradientOfSource()) < tolerance, "\(text) backward by data")
    #expect(relativeError(found.gradientOfWeights, at: r.weightPlaces(), r.gradientOfWeights()) < tolerance, "\(text) backward by weights")
    // Padded lanes are zero, and everything was written.
    for (values, places) in [
      (found.destination, to), (found.gradientOfSource, from), (found.gradientOfWeights, r.weightPlaces()),
    ] {
      let used = Set(places)
      #expect(values.indices.allSatisfy { used.contains($0) || values[$0] == 0 }, "\(text) padding")
    }
  }

  static func taps(_ r: Reference) throws -> Found {
    let c = try #require(
      TapConvolution(
        images: r.images, inputChannels: r.inputs, outputChannels: r.outputs, height: r.height, width: r.width, kernel: r.kernel,
        dilation: r.dilation, block: 8))
    return try run(
      r, scratch: c.scratchFloatCount, forward: { c.forward(source: $0, weights: $1, destination: $2, scratch: $3) },
      backwardData: { c.backwardData(gradientOfDestination: $0, weights: $1, gradientOfSource: $2, scratch: $3) },
      backwardWeights: { c.backwardWeights(source: $0, gradientOfDestination: $1, gradientOfWeights: $2, scratch: $3) })
  }

  static func phases(_ r: Reference) throws -> Found {
    let c = try #require(
      PhasedWinogradConvolution(
        images: r.images, inputChannels: r.inputs, outputChannels: r.outputs, height: r.height, width: r.width, dilation: r.dilation,
        block: 8))
    return try run(
      r, scratch: c.scratchFloatCount, forward: { c.forward(source: $0, weights: $1, destination: $2, scratch: $3) },
      backwardData: { c.backwardData(gradientOfDestination: $0, weights: $1, gradientOfSource: $2, scratch: $3) },
      backwardWeights: { c.backwardWeights(source: $0, gradientOfDestination: $1, gradientOfWeights: $2, scratch: $3) })
  }

  static let shapes = [
    // Kernel, dilation, images, inputs, outputs, height, width.
    [1, 1, 2, 16, 24, 5, 7], [1, 1, 3, 40, 8, 1, 1], [1, 1, 1, 5, 12, 9, 11], [3, 1, 2, 8, 16, 6, 9], [3, 2, 2, 24, 20, 9, 13],
    [3, 4, 1, 16, 40, 16, 18], [3, 12, 2, 16, 16, 14, 17], [3, 24, 1, 8, 8, 26, 20], [3, 36, 2, 24, 16, 13, 14],
    [3, 3, 1, 600, 32, 5, 6],
  ]

  @Test(arguments: shapes) func tapsMatch(s: [Int]) throws {
    let r = Reference(images: s[2], inputs: s[3], outputs: s[4], height: s[5], width: s[6], kernel: s[0], dilation: s[1])
    ComputePool.configure(threadCount: 1)
    let alone = try Self.taps(r)
    Self.check(alone, r, tolerance: 1e-6, "\(s)")
    ComputePool.configure(threadCount: 3)
    let together = try Self.taps(r)
    #expect(together == alone, "\(s) on three threads")
  }

  @Test(arguments: [[3, 2, 2, 24, 20, 9, 13], [3, 4, 1, 16, 40, 16, 18], [3, 3, 2, 8, 8, 12, 11]]) func phasesMatch(s: [Int]) throws {
    let r = Reference(images: s[2], inputs: s[3], outputs: s[4], height: s[5], width: s[6], kernel: s[0], dilation: s[1])
    ComputePool.configure(threadCount: 1)
    let alone = try Self.phases(r)
    Self.check(alone, r, tolerance: 5e-6, "\(s)")
    ComputePool.configure(threadCount: 2)
    let together = try Self.phases(r)
    #expect(together == alone, "\(s) on two threads")
  }

  /// What the pyramid of DeepLab saves on a map of 32x32.
  // Each of two dimensions: the middle tap reads 32 times, the outer ones 32 less the dilation.
  @Test(arguments: [[1, 94], [12, 72], [24, 48], [36, 32]]) func onlyTapsInsideCost(sizes: [Int]) throws {
    let (dilation, count) = (sizes[0], sizes[1] * sizes[1])
    let c = try #require(
      TapConvolution(images: 1, inputChannels: 8, outputChannels: 8, height: 32, width: 32, kernel: 3, dilation: dilation, block: 8))
    #expect(c.tapPositions == count)
  }

  @Test(arguments: [[3, 4, 24, 32], [13, 14, 104, 112], [1, 1, 5, 7], [10, 9, 4, 3], [6, 6, 6, 6]]) func bilinearMatches(s: [Int]) throws {
    let channels = 12
    func view(_ height: Int, _ width: Int, _ block: Int) throws -> ChannelBlocks {
      let extents = [2, channels, height, width]
      return try (block == 1 ? TensorLayout.plain(extents) : TensorLayout.blocked(extents, block: block)).channelBlocks()
    }
    for block in [8, 1] {
      let (small, large) = (try view(s[0], s[1], block), try view(s[2], s[3], block))
      let loops = try #require(BilinearLoops(from: small, to: large))
      let random = CounterRandom(seed: 5, purpose: .testing)
      func filled(_ v: ChannelBlocks, _ start: Int) throws -> FloatRegion {
        let buffer = HostBuffer(floatCount: v.floatCount)
        buffer.withFloats { for i in $0.indices { $0[i] = Float(random.uniform(start + i, in: -1...1)) } }
        return try FloatRegion(buffer, offset: 0, count: v.floatCount)
      }
      func at(_ v: ChannelBlocks, _ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
        n * v.imageStride + c / block * v.blockStride + (y * v.width + x) * block + c % block
      }
      let (x, dy) = (try filled(small, 0), try filled(large, 1 << 20))
      let (y, dx) = (try spoiled(large.floatCount), try spoiled(small.floatCount))
      loops.forward(x, into: y)
      loops.backward(gradient: dy, into: dx)
      let (xs, ys, dys) = (x.floats, y.floats, dy.floats)
      var back = [Double](repeating: 0, count: small.floatCount)
      var worst = 0.0
      for n in 0..<2 {
        for c in 0..<channels {
          for row in 0..<s[2] {
            for column in 0..<s[3] {
              let v = max(0, (Double(row) + 0.5) * Double(s[0]) / Double(s[2]) - 0.5)
              let h = max(0, (Double(column) + 0.5) * Double(s[1]) / Double(s[3]) - 0.5)
              let (top, left) = (min(s[0] - 1, Int(v)), min(s[1] - 1, Int(h)))
              let (a, b) = (top == s[0] - 1 ? 0 : v - Double(top), left == s[1] - 1 ? 0 : h - Double(left))
              var sum = 0.0
              for (i, wi) in [(top, 1 - a), (min(s[0] - 1, top + 1), a)] {
                for (j, wj) in [(left, 1 - b), (min(s[1] - 1, left + 1), b)] {
                  sum += wi * wj * Double(xs[at(small, n, c, i, j)])
                  back[at(small, n, c, i, j)] += wi * wj * Double(dys[at(large, n, c, row, column)])
                }
              }
              worst = max(worst, abs(sum - Double(ys[at(large, n, c, row, column)])))
            }
          }
        }
      }
      #expect(worst < 1e-6, "\(s) block \(block): \(worst)")
      let found = dx.floats
      for n in 0..<2 {
        for c in 0..<channels {
          for i in 0..<(s[0] * s[1]) {
            let place = at(small, n, c, 0, 0) + i * block
            #expect(abs(Double(found[place]) - back[place]) < 1e-5 * max(1, abs(back[place])), "\(s) block \(block)")
          }
        }
      }
    }
  }
}
