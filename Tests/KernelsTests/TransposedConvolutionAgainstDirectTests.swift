import Kernels
import Tensors
import Testing

extension KernelsTests {
  /// The transposed convolution of squares against oneDNN's, for layers too large for plain loops.
  struct TransposedConvolutionAgainstDirectTests {
    /// oneDNN's kernels with the weights in the layout that forward wants.
    private struct Direct {
      let source: TensorLayout
      let destination: TensorLayout
      let bias: TensorLayout
      let extents: [Int]
      let geometry = ConvolutionGeometry(kernel: 2, stride: 2)

      init(_ r: TransposedConvolutionReference) throws {
        source = try .blocked([r.images, r.inputs, r.height, r.width], block: 8)
        destination = try .blocked([r.images, r.outputs, 2 * r.height, 2 * r.width], block: 8)
        bias = try .plain([r.outputs])
        extents = [r.outputs, r.inputs, 2, 2]
      }

      func hint() throws -> PrimitiveDescriptor {
        try TransposedConvolutionKernels.forward(
          geometry, training: true, source: source, weights: .any(extents), bias: bias, destination: destination)
      }

      private func memory(_ layout: TensorLayout, _ buffer: HostBuffer) throws -> Memory {
        let memory = try Memory(layout)
        try memory.bind(to: buffer)
        return memory
      }

      private func execute(_ descriptor: PrimitiveDescriptor, _ arguments: [(Primitive.Argument, Memory)]) throws {
        let primitive = try Primitive(descriptor)
        var arguments = arguments
        if let layout = descriptor.scratchpad {
          arguments.append((.scratchpad, try memory(layout, HostBuffer(byteCount: layout.byteCount))))
        }
        primitive.setArguments(arguments)
        try primitive.execute()
      }

      func forward(_ x: FloatRegion, _ w: FloatRegion, _ b: FloatRegion) throws -> [Float] {
        let (descriptor, y) = (try hint(), HostBuffer(byteCount: destination.byteCount))
        try execute(
          descriptor,
          [
            (.source, memory(source, x.buffer)), (.weights, memory(descriptor.weightsLayout(), w.buffer)),
            (.bias, memory(bias, b.buffer)), (.destination, memory(destination, y)),
          ])
        return y.withFloats { Array($0) }
      }

      func backwardData(_ dy: FloatRegion, _ w: FloatRegion) throws -> [Float] {
        let descriptor = try TransposedConvolutionKernels.backwardData(
          geometry, hint: hint(), source: source, weights: .any(extents), destination: destination)
        let (layout, dx) = (try descriptor.weightsLayout(), HostBuffer(byteCount: source.byteCount))
        let weights = HostBuffer(byteCount: layout.byteCount)
        try ReorderKernels.convert(from: w.buffer, byteOffset: 0, hint().weightsLayout(), to: weights, byteOffset: 0, layout)
        try execute(
          descriptor,
          [
            (.gradientOfDestination, memory(destination, dy.buffer)), (.weights, memory(layout, weights)),
            (.gradientOfSource, memory(source, dx)),
          ])
        return dx.withFloats { Array($0) }
      }

      func backwardWeights(_ x: FloatRegion, _ dy: FloatRegion) throws -> (weights: [Float], bias: [Float]) {
        let descriptor = try TransposedConvolutionKernels.backwardWeights(
          geometry, hint: hint(), source: source, weights: .any(extents), bias: bias, destination: destination)
        let (layout, kept) = (try descriptor.gradientOfWeightsLayout(), try hint().weightsLayout())
        let (dw, db) = (HostBuffer(byteCount: layout.byteCount), HostBuffer(byteCount: bias.byteCount))
        try execute(
          descriptor,
          [
            (.source, memory(source, x.buffer)), (.gradientOfDestination, memory(destination, dy.buffer)),
            (.gradientOfWeights, memory(layout, dw)), (.gradientOfBias, memory(bias, db)),
          ])
        let converted = HostBuffer(byteCount: kept.byteCount)
        try ReorderKernels.convert(from: dw, byteOffset: 0, layout, to: converted, byteOffset: 0, kept)
        return (converted.withFloats { Array($0) }, db.withFloats { Array($0) })
      }
    }

    private func error(_ found: FloatRegion, _ expected: [Float]) -> Double {
      relativeError(found.floats, at: Array(expected.indices), expected.map(Double.init))
    }

    /// 64 channels: chunks are a thread's own; 512: shared, several chunks.
    @Test(
      .enabled(if: OneDNN.instructionSet.hasPrefix("avx2"), "the library's layouts differ on other processors"),
      arguments: [(2, 64, 32, 62, 66), (2, 512, 256, 16, 16)])
    func agreesWithDirectKernels(_ shape: (images: Int, inputs: Int, outputs: Int, height: Int, width: Int)) throws {
      let r = TransposedConvolutionReference(
        images: shape.images, inputs: shape.inputs, outputs: shape.outputs, height: shape.height, width: shape.width)
      let direct = try Direct(r)
      #expect(try direct.hint().weightsLayout().isSame(as: .blockedTransposedWeights(direct.extents)))
      let convolution = try #require(
        NonoverlappingTransposedConvolution(
          images: r.images, inputChannels: r.inputs, outputChannels: r.outputs, height: r.height, width: r.width, block: 8))
      let x = try region(r.source, at: r.sourcePlaces, count: r.sourceCount)
      let dy = try region(r.gradient, at: r.destinationPlaces, count: r.destinationCount)
      let w = try region(r.weights, at: r.weightPlaces, count: r.weightCount)
      let b = try region(r.bias, at: r.biasPlaces, count: r.outputs)
      let (y, dx, dw, db) = (try spoiled(dy.count), try spoiled(x.count), try spoiled(w.count), try spoiled(b.count))
      convolution.forward(source: x, weights: w, bias: b, destination: y, scratch: try spoiled(convolution.scratchFloatCount(.forward)))
      convolution.backwardData(
        gradientOfDestination: dy, weights: w, gradientOfSource: dx, scratch: try spoiled(convolution.scratchFloatCount(.backwardData)))
      convolution.backwardWeights(
        source: x, gradientOfDestination: dy, gradientOfWeights: dw, gradientOfBias: db,
        scratch: try spoiled(convolution.scratchFloatCount(.backwardWeights)))
      #expect(error(y, try direct.forward(x, w, b)) < 1e-6)
      #expect(error(dx, try direct.backwardData(dy, w)) < 1e-6)
      let gradients = try direct.backwardWeights(x, dy)
      #expect(error(dw, gradients.weights) < 1e-5)
      #expect(error(db, gradients.bias) < 1e-4)
    }
  }
}
