import Kernels
import Tensors
import TestSupport
import Testing
import Threading

/// All tests of this room. They use the compute threads, and some change their number.
@Suite(.computePool)
enum KernelsTests {}

extension KernelsTests {
  /// Winograd against plain loops in float64.
  struct WinogradConvolutionTests {
    struct Shape: Sendable, CustomStringConvertible {
      var images = 1
      var inputs = 8
      var outputs = 8
      var height = 8
      var width = 8
      var description: String { "\(images)x\(inputs)->\(outputs) \(height)x\(width)" }
    }

    /// What the three passes gave, in layout order.
    struct Results: Equatable {
      var destination: [Float]
      var gradientOfSource: [Float]
      var gradientOfWeights: [Float]
    }

    static let shapes: [Shape] = [
      Shape(),
      Shape(height: 1, width: 1),
      Shape(inputs: 16, outputs: 16, height: 2, width: 3),
      Shape(images: 2, inputs: 16, outputs: 24, height: 5, width: 7),
      Shape(images: 3, inputs: 24, outputs: 16, height: 11, width: 15),
      Shape(images: 5, inputs: 40, outputs: 64, height: 9, width: 4),
      Shape(images: 4, inputs: 64, outputs: 40, height: 12, width: 16),
      Shape(images: 1, inputs: 16, outputs: 12, height: 22, width: 30),
      Shape(images: 2, inputs: 12, outputs: 20, height: 17, width: 13),
      Shape(images: 2, inputs: 32, outputs: 32, height: 33, width: 47),
      Shape(images: 2, inputs: 144, outputs: 136, height: 6, width: 10),
      Shape(images: 1, inputs: 280, outputs: 264, height: 4, width: 5),
    ]

    static let blockings: [WinogradConvolution.Blocking?] = [
      nil, .init(chunk: 6, shared: false), .init(chunk: 6, shared: true), .init(chunk: 24, shared: false), .init(chunk: 12, shared: true),
      .init(chunk: 100_000, shared: true),
    ]

    func run(_ reference: ConvolutionReference, blocking: WinogradConvolution.Blocking? = nil) throws -> Results {
      let r = reference
      let convolution = try #require(
        WinogradConvolution(
          images: r.images, inputChannels: r.inputs, outputChannels: r.outputs, height: r.height, width: r.width, block: 8,
          blocking: blocking))
      let source = try region(r.source, at: r.activationPlaces(channels: r.inputs), count: r.activationCount(channels: r.inputs))
      let gradient = try region(r.gradient, at: r.activationPlaces(channels: r.outputs), count: r.activationCount(channels: r.outputs))
      let weights = try region(r.weights, at: r.weightPlaces(), count: r.weightCount)
      let destination = try spoiled(gradient.count)
      let gradientOfSource = try spoiled(source.count)
      let gradientOfWeights = try spoiled(weights.count)
      convolution.forward(
        source: source, weights: weights, destination: destination, scratch: try spoiled(convolution.scratchFloatCount(.forward)))
      convolution.backwardData(
        gradientOfDestination: gradient, weights: weights, gradientOfSource: gradientOfSource,
        scratch: try spoiled(convolution.scratchFloatCount(.backwardData)))
      convolution.backwardWeights(
        source: source, gradientOfDestination: gradient, gradientOfWeights: gradientOfWeights,
        scratch: try spoiled(convolution.scratchFloatCount(.backwardWeights)))
      return Results(
        destination: destination.floats, gradientOfSource: gradientOfSource.floats, gradientOfWeights: gradientOfWeights.floats)
    }

    func isZeroElsewhere(_ values: [Float], than places: [Int]) -> Bool {
      var rest = values
      for place in places { rest[place] = 0 }
      return rest.allSatisfy { $0 == 0 }
    }

    @Test(arguments: shapes)
    func matchesPlainLoopsHoweverTheWorkIsCut(_ shape: Shape) throws {
      let r = ConvolutionReference(
        images: shape.images, inputs: shape.inputs, outputs: shape.outputs, height: shape.height, width: shape.width)
      let expected = (r.destination(), r.gradientOfSource(), r.gradientOfWeights())
      let (inputPlaces, outputPlaces) = (r.activationPlaces(channels: r.inputs), r.activationPlaces(channels: r.outputs))
      let weightPlaces = r.weightPlaces()
      for blocking in Self.blockings {
        let found = try run(r, blocking: blocking)
        #expect(relativeError(found.destination, at: outputPlaces, expected.0) < 4e-6)
        #expect(relativeError(found.gradientOfSource, at: inputPlaces, expected.1) < 4e-6)
        #expect(relativeError(found.gradientOfWeights, at: weightPlaces, expected.2) < 4e-6)
        #expect(isZeroElsewhere(found.destination, than: outputPlaces))
        #expect(isZeroElsewhere(found.gradientOfSource, than: inputPlaces))
        #expect(isZeroElsewhere(found.gradientOfWeights, than: weightPlaces))
      }
    }

    @Test(arguments: [
      Shape(images: 3, inputs: 32, outputs: 24, height: 40, width: 36), Shape(images: 2, inputs: 136, outputs: 144, height: 24, width: 20),
      Shape(images: 1, inputs: 16, outputs: 48, height: 13, width: 18), Shape(images: 3, inputs: 16, outputs: 16, height: 65, width: 66),
    ])
    func isTheSameAtAnyNumberOfThreads(_ shape: Shape) throws {
      let r = ConvolutionReference(
        images: shape.images, inputs: shape.inputs, outputs: shape.outputs, height: shape.height, width: shape.width)
      let before = ComputePool.threadCount
      defer { ComputePool.configure(threadCount: before) }
      ComputePool.configure(threadCount: 1)
      let one = try run(r)
      #expect(try run(r) == one)
      for threads in [2, 3, 5] {
        ComputePool.configure(threadCount: threads)
        #expect(try run(r) == one)
      }
    }

    @Test func mayRunWithAnotherNumberOfThreadsThanPlanned() throws {
      let before = ComputePool.threadCount
      defer { ComputePool.configure(threadCount: before) }
      ComputePool.configure(threadCount: 3)
      let convolution = try #require(
        WinogradConvolution(images: 1, inputChannels: 16, outputChannels: 16, height: 20, width: 20, block: 8))
      let r = ConvolutionReference(images: 1, inputs: 16, outputs: 16, height: 20, width: 20)
      let places = r.activationPlaces(channels: 16)
      let source = try region(r.source, at: places, count: r.activationCount(channels: 16))
      let weights = try region(r.weights, at: r.weightPlaces(), count: r.weightCount)
      let destination = try spoiled(source.count)
      let scratch = try spoiled(convolution.scratchFloatCount(.forward))
      ComputePool.configure(threadCount: 1)
      convolution.forward(source: source, weights: weights, destination: destination, scratch: scratch)
      #expect(relativeError(destination.floats, at: places, r.destination()) < 4e-6)
    }

    @Test func withoutImagesTheGradientIsZero() throws {
      let convolution = try #require(
        WinogradConvolution(images: 0, inputChannels: 16, outputChannels: 8, height: 8, width: 8, block: 8))
      let empty = try spoiled(0)
      let gradient = try spoiled(16 * 8 * 9)
      convolution.backwardWeights(
        source: empty, gradientOfDestination: empty, gradientOfWeights: gradient,
        scratch: try spoiled(convolution.scratchFloatCount(.backwardWeights)))
      #expect(gradient.floats.allSatisfy { $0 == 0 })
    }

    @Test func refusesWhatItCannotDo() {
      func make(inputs: Int = 16, outputs: Int = 16, height: Int = 8, block: Int = 8) -> WinogradConvolution? {
        WinogradConvolution(images: 1, inputChannels: inputs, outputChannels: outputs, height: height, width: 8, block: block)
      }
      #expect(make() != nil)
      #expect(make(block: 16) == nil)
      #expect(make(inputs: 3) == nil)
      #expect(make(outputs: 0) == nil)
      #expect(make(height: 0) == nil)
    }
  }
}
