import Kernels
import Tensors
import Testing
import Threading

extension KernelsTests {
  /// The pass by weights on maps of a few pixels against plain loops in float64.
  struct SmallMapWeightsTests {
    struct Shape: Sendable, CustomStringConvertible {
      var images = 3
      var inputs = 8
      var outputs = 8
      var extents = [2, 2]
      var geometry = ConvolutionGeometry(kernel: 3, padding: 1)
      var description: String {
        "\(images)x\(inputs)->\(outputs) \(extents) kernel \(geometry.kernel) stride \(geometry.strides) padding \(geometry.padding) "
          + "dilation \(geometry.dilation)"
      }
    }

    static let shapes: [Shape] = [
      Shape(),
      Shape(images: 0),
      Shape(images: 1, inputs: 3, outputs: 5, extents: [1, 1]),
      Shape(inputs: 16, outputs: 12, extents: [2, 4]),
      Shape(images: 5, inputs: 24, outputs: 40, extents: [2, 2], geometry: ConvolutionGeometry(kernel: 3, stride: 2, padding: 1)),
      Shape(inputs: 20, outputs: 16, extents: [5, 3], geometry: ConvolutionGeometry(kernel: 3, stride: 2, padding: 1)),
      Shape(inputs: 16, outputs: 8, extents: [3, 7], geometry: ConvolutionGeometry(kernel: 7, stride: 3, padding: 3)),
      Shape(inputs: 8, outputs: 16, extents: [3, 2], geometry: ConvolutionGeometry(kernel: 1, stride: 2)),
      Shape(inputs: 8, outputs: 8, extents: [4, 4], geometry: ConvolutionGeometry(kernel: 3, padding: 6, dilation: 6)),
      Shape(inputs: 8, outputs: 8, extents: [6, 5], geometry: ConvolutionGeometry(kernel: 3, dilation: 2)),
    ]

    /// Numbers between -1 and 1, the same each time.
    static func values(_ count: Int, seed: UInt64) -> [Double] {
      var state = seed
      return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(Float(Int64(bitPattern: state) >> 40) / Float(1 << 23))
      }
    }

    @Test(arguments: shapes, [1, 2, 3])
    func gradientsAreThoseOfPlainLoops(_ shape: Shape, threads: Int) throws {
      let before = ComputePool.threadCount
      ComputePool.configure(threadCount: threads)
      defer { ComputePool.configure(threadCount: before) }
      let pass = try #require(
        SmallMapWeightsPass(
          images: shape.images, inputChannels: shape.inputs, outputChannels: shape.outputs, extents: shape.extents,
          geometry: shape.geometry, block: 8))
      let (h, w, oh, ow) = (shape.extents[0], shape.extents[1], pass.outputExtents[0], pass.outputExtents[1])
      let (kh, kw) = (shape.geometry.kernel[0], shape.geometry.kernel[1])
      let source = SmallMapWeightsTests.values(shape.images * shape.inputs * h * w, seed: 1)
      let gradient = SmallMapWeightsTests.values(shape.images * shape.outputs * oh * ow, seed: 2)

      var expected = [Double](repeating: 0, count: shape.outputs * shape.inputs * kh * kw)
      var expectedBias = [Double](repeating: 0, count: shape.outputs)
      for n in 0..<shape.images {
        for o in 0..<shape.outputs {
          for y in 0..<oh {
            for x in 0..<ow {
              let factor = gradient[((n * shape.outputs + o) * oh + y) * ow + x]
              expectedBias[o] += factor
              for i in 0..<shape.inputs {
                for ky in 0..<kh {
                  for kx in 0..<kw {
                    let row = y * shape.geometry.strides[0] + ky * shape.geometry.dilation[0] - shape.geometry.padding[0]
                    let column = x * shape.geometry.strides[1] + kx * shape.geometry.dilation[1] - shape.geometry.padding[1]
                    guard row >= 0, row < h, column >= 0, column < w else { continue }
                    expected[((o * shape.inputs + i) * kh + ky) * kw + kx] +=
                      factor * source[((n * shape.inputs + i) * h + row) * w + column]
                  }
                }
              }
            }
          }
        }
      }

      func places(_ channels: Int, _ positions: Int) -> [Int] {
        (0..<(shape.images * channels * positions)).map { at in
          let (n, c, s) = (at / (channels * positions), at / positions % channels, at % positions)
          return ((n * ((channels + 7) / 8) + c / 8) * positions + s) * 8 + c % 8
        }
      }
      func count(_ channels: Int, _ positions: Int) -> Int { shape.images * ((channels + 7) / 8) * positions * 8 }
      let weightPlaces = (0..<expected.count).map { at in
        let (o, i, tap) = (at / (shape.inputs * kh * kw), at / (kh * kw) % shape.inputs, at % (kh * kw))
        return ((o / 8 * ((shape.inputs + 7) / 8) + i / 8) * kh * kw + tap) * 64 + i % 8 * 8 + o % 8
      }
      let found = try spoiled((shape.inputs + 7) / 8 * ((shape.outputs + 7) / 8) * kh * kw * 64)
      let bias = try spoiled(shape.outputs)
      pass.run(
        source: try region(source, at: places(shape.inputs, h * w), count: count(shape.inputs, h * w)),
        gradientOfDestination: try region(gradient, at: places(shape.outputs, oh * ow), count: count(shape.outputs, oh * ow)),
        gradientOfWeights: found, gradientOfBias: bias)

      let (weights, biases) = (found.floats, bias.floats)
      let areFinite = weights.allSatisfy { $0.isFinite }
      #expect(areFinite)
      if shape.images == 0 {
        let areZero = (weights + biases).allSatisfy { $0 == 0 }
        #expect(areZero)
        return
      }
      #expect(relativeError(weights, at: weightPlaces, expected) < 1e-6)
      #expect(relativeError(biases, at: Array(0..<shape.outputs), expectedBias) < 1e-6)
      let padding = Set(weights.indices).subtracting(weightPlaces)
      let isPaddingZero = padding.allSatisfy { weights[$0] == 0 }
      #expect(isPaddingZero)
    }

    @Test
    func otherLayoutsAreRefused() {
      func make(_ geometry: ConvolutionGeometry, block: Int, extents: [Int] = [2, 2]) -> SmallMapWeightsPass? {
        SmallMapWeightsPass(images: 1, inputChannels: 8, outputChannels: 8, extents: extents, geometry: geometry, block: block)
      }
      #expect(make(ConvolutionGeometry(kernel: 3, padding: 1), block: 16) == nil)
      #expect(make(ConvolutionGeometry(kernel: 3, padding: 1, groups: 2), block: 8) == nil)
      #expect(make(ConvolutionGeometry(kernel: 3), block: 8) == nil)
      #expect(make(ConvolutionGeometry(kernel: 3), block: 8, extents: [3, 3]) != nil)
    }
  }
}
