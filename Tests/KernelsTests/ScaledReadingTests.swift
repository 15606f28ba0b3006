import Kernels
import Tensors
import Testing
import Threading

extension KernelsTests {
  /// Loops that scale what they read, or add to what they write, against the same in two passes: equal bit by bit.
  struct ScaledReadingTests {
    static let shapes: [WinogradConvolutionTests.Shape] = [
      .init(), .init(images: 3, inputs: 24, outputs: 16, height: 11, width: 15),
      .init(images: 2, inputs: 12, outputs: 20, height: 17, width: 13),
      .init(images: 16, inputs: 16, outputs: 16, height: 32, width: 32), .init(images: 2, inputs: 144, outputs: 136, height: 6, width: 10),
    ]

    /// A convolution by tiles, with the views of what it reads, what it writes, and its weights.
    static func tiles(
      _ shape: WinogradConvolutionTests.Shape
    ) throws -> (convolution: WinogradConvolution, from: ChannelBlocks, to: ChannelBlocks, kernel: ChannelBlocks) {
      let convolution = try #require(
        WinogradConvolution(
          images: shape.images, inputChannels: shape.inputs, outputChannels: shape.outputs, height: shape.height, width: shape.width,
          block: 8))
      let from = PaddedShortcutTests.view(shape.images, shape.inputs, shape.height, shape.width, block: 8)
      let to = PaddedShortcutTests.view(shape.images, shape.outputs, shape.height, shape.width, block: 8)
      let kernel = PaddedShortcutTests.view((shape.outputs + 7) / 8 * ((shape.inputs + 7) / 8), 64, 3, 3, block: 8)
      return (convolution, from, to, kernel)
    }

    static func filled(_ view: ChannelBlocks, _ seed: Int) throws -> FloatRegion {
      let region = try spoiled(view.floatCount)
      region.buffer.withFloats { floats in
        for i in floats.indices {
          // Padded channels hold zeros.
          let channel = i % view.imageStride / view.blockStride * view.block + i % view.block
          floats[i] = channel < view.channels ? Float((i * 7919 + seed * 104_729) % 2003 - 1001) / 500 : 0
        }
      }
      return region
    }

    static func scaling(_ channels: Int, rectified: Bool) -> ChannelScaling {
      let scaling = ChannelScaling(channels: channels, rectified: rectified)
      for c in 0..<channels { (scaling.factor[c], scaling.offset[c]) = (0.5 + Float(c % 5) / 4, Float(c % 7) / 8 - 0.4) }
      return scaling
    }

    static func scaled(_ x: FloatRegion, _ view: ChannelBlocks, _ scaling: ChannelScaling) throws -> FloatRegion {
      let y = try spoiled(x.count)
      BatchNormalizationLoops.normalize(
        x, try .init(view), factor: UnsafeBufferPointer(scaling.factor), offset: UnsafeBufferPointer(scaling.offset),
        rectified: scaling.rectified, into: y)
      return y
    }

    @Test(arguments: shapes, [true, false])
    func tilesScaleTheirSource(_ shape: WinogradConvolutionTests.Shape, rectified: Bool) throws {
      ComputePool.configure(threadCount: 2)
      let (convolution, from, to, kernel) = try Self.tiles(shape)
      let (x, dy, weights) = (try Self.filled(from, 1), try Self.filled(to, 2), try Self.filled(kernel, 3))
      let scaling = Self.scaling(shape.inputs, rectified: rectified)
      let y = try Self.scaled(x, from, scaling)
      let (scratch, gradientScratch) = (
        try spoiled(convolution.scratchFloatCount(.forward)), try spoiled(convolution.scratchFloatCount(.backwardWeights))
      )
      let (a, b) = (try spoiled(to.floatCount), try spoiled(to.floatCount))
      convolution.forward(source: y, weights: weights, destination: a, scratch: scratch)
      convolution.forward(source: x, weights: weights, destination: b, scratch: scratch, scaling: scaling)
      #expect(a.floats == b.floats, "forward")
      let (c, d) = (try spoiled(weights.count), try spoiled(weights.count))
      convolution.backwardWeights(source: y, gradientOfDestination: dy, gradientOfWeights: c, scratch: gradientScratch)
      convolution.backwardWeights(
        source: x, gradientOfDestination: dy, gradientOfWeights: d, scratch: gradientScratch, scaling: scaling)
      #expect(c.floats == d.floats)
      #expect(c.floats.allSatisfy { $0.isFinite })
    }

    @Test(arguments: shapes) func tilesAddToTheirDestination(_ shape: WinogradConvolutionTests.Shape) throws {
      ComputePool.configure(threadCount: 2)
      let (convolution, from, to, kernel) = try Self.tiles(shape)
      let (dy, weights, sum) = (try Self.filled(to, 2), try Self.filled(kernel, 3), try Self.filled(from, 4))
      let scratch = try spoiled(convolution.scratchFloatCount(.backwardData))
      let alone = try spoiled(from.floatCount)
      convolution.backwardData(gradientOfDestination: dy, weights: weights, gradientOfSource: alone, scratch: scratch)
      let expected = zip(sum.floats, alone.floats).map { $0 + $1 }
      convolution.backwardData(gradientOfDestination: dy, weights: weights, gradientOfSource: sum, scratch: scratch, adding: true)
      #expect(sum.floats == expected)
    }

    @Test(arguments: [(16, 8), (20, 8), (24, 16)], [true, false])
    func sumsScaleTheirInputs(channels: (count: Int, block: Int), rectified: Bool) throws {
      ComputePool.configure(threadCount: 2)
      let view = PaddedShortcutTests.view(3, channels.count, 5, 7, block: channels.block)
      let (x, z) = (try Self.filled(view, 5), try Self.filled(view, 6))
      let (s, t) = (Self.scaling(channels.count, rectified: false), Self.scaling(channels.count, rectified: true))
      for (first, second) in [(s, nil), (nil, t), (s, t)] as [(ChannelScaling?, ChannelScaling?)] {
        let (a, b) = (try spoiled(view.floatCount), try spoiled(view.floatCount))
        AdditionLoops.add(
          try first.map { try Self.scaled(x, view, $0) } ?? x, try second.map { try Self.scaled(z, view, $0) } ?? z, rectified: rectified,
          into: a)
        AdditionLoops.add(x, first, z, second, view, rectified: rectified, into: b)
        #expect(a.floats == b.floats)
        #expect(a.floats.contains { $0 != 0 })
      }
    }

    @Test(arguments: [5, 4096, 20_011]) func masksSelectWhatIsPositive(count: Int) throws {
      ComputePool.configure(threadCount: 2)
      func numbers(_ value: (Int) -> Float) throws -> FloatRegion {
        let region = try spoiled(count)
        region.buffer.withFloats { floats in for i in floats.indices { floats[i] = value(i) } }
        return region
      }
      let output = try numbers { [0, 2, -0.0, 0.5][$0 % 4] }
      let gradient = try numbers { Float($0 + 1) }
      let expected = (0..<count).map { $0 % 2 == 1 ? Float($0 + 1) : 0 }
      let (a, b, c) = (try spoiled(count), try spoiled(count), try spoiled(count))
      AdditionLoops.gradient(output: output, gradient: gradient, into: (a, b))
      ActivationLoops.rectifyBackward(output: output, gradient: gradient, into: c)
      #expect(a.floats == expected && b.floats == expected && c.floats == expected)
      AdditionLoops.gradient(output: output, gradient: gradient, into: (nil, b))
      AdditionLoops.gradient(output: nil, gradient: gradient, into: (gradient, a))
      #expect(b.floats == expected && a.floats == gradient.floats)
      AdditionLoops.gradient(output: output, gradient: gradient, into: (gradient, nil))
      #expect(gradient.floats == expected)
    }
  }
}
