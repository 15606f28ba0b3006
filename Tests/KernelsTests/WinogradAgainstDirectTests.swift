import Kernels
import Tensors
import Testing

extension KernelsTests {
  /// Winograd against oneDNN's direct kernels, for layers too large for plain loops.
  struct WinogradAgainstDirectTests {
    /// Direct kernels as flat buffers in, plain arrays out.
    private struct Direct {
      let reference: ConvolutionReference
      let source: TensorLayout
      let destination: TensorLayout
      let plainWeights: TensorLayout
      let geometry = ConvolutionGeometry(kernel: 3, stride: 1, padding: 1)

      init(_ r: ConvolutionReference) throws {
        reference = r
        source = try .blocked([r.images, r.inputs, r.height, r.width], block: 8)
        destination = try .blocked([r.images, r.outputs, r.height, r.width], block: 8)
        plainWeights = try .plain([r.outputs, r.inputs, 3, 3])
      }

      var anyWeights: TensorLayout { get throws { try .any([reference.outputs, reference.inputs, 3, 3]) } }

      func hint() throws -> PrimitiveDescriptor {
        try ConvolutionKernels.forward(
          geometry, algorithm: .direct, training: true, source: source, weights: anyWeights, bias: nil, destination: destination)
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

      private func weights(as layout: TensorLayout) throws -> HostBuffer {
        let plain = try region(reference.weights, at: Array(reference.weights.indices), count: reference.weights.count).buffer
        let converted = HostBuffer(byteCount: layout.byteCount)
        try ReorderKernels.convert(from: plain, byteOffset: 0, plainWeights, to: converted, byteOffset: 0, layout)
        return converted
      }

      func forward(_ x: FloatRegion) throws -> [Float] {
        let descriptor = try hint()
        let (layout, y) = (try descriptor.weightsLayout(), HostBuffer(byteCount: destination.byteCount))
        try execute(
          descriptor,
          [(.source, memory(source, x.buffer)), (.weights, memory(layout, weights(as: layout))), (.destination, memory(destination, y))])
        return y.withFloats { Array($0) }
      }

      func backwardData(_ dy: FloatRegion) throws -> [Float] {
        let descriptor = try ConvolutionKernels.backwardData(
          geometry, algorithm: .direct, hint: hint(), source: source, weights: anyWeights, destination: destination)
        let (layout, dx) = (try descriptor.weightsLayout(), HostBuffer(byteCount: source.byteCount))
        try execute(
          descriptor,
          [
            (.gradientOfDestination, memory(destination, dy.buffer)), (.weights, memory(layout, weights(as: layout))),
            (.gradientOfSource, memory(source, dx)),
          ])
        return dx.withFloats { Array($0) }
      }

      /// In plain order.
      func backwardWeights(_ x: FloatRegion, _ dy: FloatRegion) throws -> [Float] {
        let descriptor = try ConvolutionKernels.backwardWeights(
          geometry, algorithm: .direct, hint: hint(), source: source, weights: anyWeights, bias: nil, destination: destination)
        let layout = try descriptor.gradientOfWeightsLayout()
        let (dw, plain) = (HostBuffer(byteCount: layout.byteCount), HostBuffer(byteCount: plainWeights.byteCount))
        try execute(
          descriptor,
          [
            (.source, memory(source, x.buffer)), (.gradientOfDestination, memory(destination, dy.buffer)),
            (.gradientOfWeights, memory(layout, dw)),
          ])
        try ReorderKernels.convert(from: dw, byteOffset: 0, layout, to: plain, byteOffset: 0, plainWeights)
        return plain.withFloats { Array($0) }
      }
    }

    /// 32 channels: chunks are a thread's own; 256: shared, several chunks.
    @Test(arguments: [(2, 32, 32, 96, 130), (1, 256, 128, 62, 60)])
    func agreesWithDirectKernels(_ shape: (images: Int, inputs: Int, outputs: Int, height: Int, width: Int)) throws {
      let r = ConvolutionReference(
        images: shape.images, inputs: shape.inputs, outputs: shape.outputs, height: shape.height, width: shape.width)
      let direct = try Direct(r)
      let convolution = try #require(
        WinogradConvolution(
          images: r.images, inputChannels: r.inputs, outputChannels: r.outputs, height: r.height, width: r.width, block: 8))
      let x = try region(r.source, at: r.activationPlaces(channels: r.inputs), count: r.activationCount(channels: r.inputs))
      let dy = try region(r.gradient, at: r.activationPlaces(channels: r.outputs), count: r.activationCount(channels: r.outputs))
      let w = try region(r.weights, at: r.weightPlaces(), count: r.weightCount)
      let (y, dx, dw) = (try spoiled(dy.count), try spoiled(x.count), try spoiled(w.count))
      convolution.forward(source: x, weights: w, destination: y, scratch: try spoiled(convolution.scratchFloatCount(.forward)))
      convolution.backwardData(
        gradientOfDestination: dy, weights: w, gradientOfSource: dx, scratch: try spoiled(convolution.scratchFloatCount(.backwardData)))
      convolution.backwardWeights(
        source: x, gradientOfDestination: dy, gradientOfWeights: dw,
        scratch: try spoiled(convolution.scratchFloatCount(.backwardWeights)))
      let everywhere = { (values: [Float]) in Array(values.indices) }
      #expect(relativeError(y.floats, at: everywhere(y.floats), try direct.forward(x).map(Double.init)) < 4e-6)
      #expect(relativeError(dx.floats, at: everywhere(dx.floats), try direct.backwardData(dy).map(Double.init)) < 4e-6)
      #expect(relativeError(dw.floats, at: r.weightPlaces(), try direct.backwardWeights(x, dy).map(Double.init)) < 2e-5)
    }
  }
}
