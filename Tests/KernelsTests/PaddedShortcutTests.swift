import Kernels
import Tensors
import Testing
import Threading

extension KernelsTests {
  /// Shortcuts of every second position, and groups that are put together, against their definitions.
  struct PaddedShortcutTests {
    static func view(_ images: Int, _ channels: Int, _ height: Int, _ width: Int, block: Int) -> ChannelBlocks {
      let (blocks, positions) = ((channels + block - 1) / block, height * width)
      return ChannelBlocks(
        images: images, channels: channels, height: height, width: width, block: block, blockStride: positions * block,
        imageStride: blocks * positions * block)
    }

    static func place(_ v: ChannelBlocks, _ n: Int, _ c: Int, _ s: Int) -> Int {
      n * v.imageStride + c / v.block * v.blockStride + s * v.block + c % v.block
    }

    @Test(arguments: [(16, 32, 8), (8, 16, 8), (5, 9, 8), (16, 32, 16), (3, 7, 1), (24, 48, 8)], [(4, 4), (5, 7), (1, 1)])
    func everySecondPositionAndZeros(channels: (from: Int, to: Int, block: Int), size: (height: Int, width: Int)) throws {
      ComputePool.configure(threadCount: 2)
      let from = Self.view(3, channels.from, size.height, size.width, block: channels.block)
      let to = Self.view(3, channels.to, (size.height + 1) / 2, (size.width + 1) / 2, block: channels.block)
      let loops = try #require(ZeroPaddedSubsampling(from: from, to: to, stride: 2))
      let source = try spoiled(from.floatCount)
      let gradient = try spoiled(to.floatCount)
      source.buffer.withFloats { floats in for i in floats.indices { floats[i] = Float(i + 1) } }
      gradient.buffer.withFloats { floats in for i in floats.indices { floats[i] = Float(i + 1) } }
      let (destination, back) = (try spoiled(to.floatCount), try spoiled(from.floatCount))
      loops.forward(source, into: destination)
      loops.backward(gradient: gradient, into: back)
      let side = (channels.to - channels.from) / 2
      var (forward, backward) = ([Float](repeating: 0, count: to.floatCount), [Float](repeating: 0, count: from.floatCount))
      for n in 0..<3 {
        for c in 0..<channels.from {
          for y in 0..<to.height {
            for x in 0..<to.width {
              let (a, b) = (
                Self.place(from, n, c, 2 * y * from.width + 2 * x), Self.place(to, n, c + side, y * to.width + x)
              )
              forward[b] = Float(a + 1)
              backward[a] = Float(b + 1)
            }
          }
        }
      }
      #expect(destination.floats == forward)
      #expect(back.floats == backward)
    }

    @Test func whatDoesNotFitIsRefused() {
      let from = Self.view(1, 8, 4, 4, block: 8)
      #expect(ZeroPaddedSubsampling(from: from, to: Self.view(1, 15, 2, 2, block: 8), stride: 2) == nil)
      #expect(ZeroPaddedSubsampling(from: from, to: Self.view(1, 16, 4, 4, block: 8), stride: 2) == nil)
      #expect(ZeroPaddedSubsampling(from: from, to: Self.view(1, 16, 2, 2, block: 16), stride: 2) == nil)
    }

    @Test func groupsFillBlocks() throws {
      func packed(_ groups: Int, _ inputs: Int, _ outputs: Int, block: Int = 8) -> PackedGroups? {
        PackedGroups(
          ConvolutionGeometry(kernel: 3, padding: 1, groups: groups), inputChannels: inputs, outputChannels: outputs, block: block)
      }
      #expect(packed(32, 128, 128)?.packed == 2 && packed(32, 128, 128, block: 16)?.packed == 4)
      #expect(packed(8, 16, 32)?.packed == 4 && packed(8, 16, 32)?.extents == [2, 16, 8, 3, 3])
      #expect(packed(32, 256, 256) == nil, "they fill blocks already")
      #expect(packed(32, 32, 32) == nil && packed(1, 4, 4) == nil && packed(2, 6, 6) == nil && packed(32, 128, 128, block: 1) == nil)

      let groups = try #require(packed(4, 16, 8))
      let count = 8 * 4 * 9
      let weights = try region((0..<count).map { Double($0 + 1) }, at: Array(0..<count), count: count)
      let whole = try spoiled(groups.extents.reduce(1, *))
      groups.expand(weights, into: whole)
      let rows = groups.extents[2]
      for output in 0..<8 {
        for input in 0..<rows {
          for tap in 0..<9 {
            let group = output / 2 % groups.packed
            let expected = input / 4 == group ? Float((output * 4 + input % 4) * 9 + tap + 1) : 0
            #expect(whole.floats[(output * rows + input) * 9 + tap] == expected)
          }
        }
      }
      let back = try spoiled(count)
      groups.compact(whole, into: back)
      #expect(back.floats == weights.floats)
    }
  }
}
