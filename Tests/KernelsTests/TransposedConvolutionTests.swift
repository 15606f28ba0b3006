import Kernels
import Tensors
import Testing
import Threading

extension KernelsTests {
  /// The transposed convolution of squares against plain loops in float64.
  struct TransposedConvolutionTests {
    struct Shape: Sendable, CustomStringConvertible {
      var images = 1
      var inputs = 8
      var outputs = 8
      var height = 4
      var width = 4
      var description: String { "\(images)x\(inputs)->\(outputs) \(height)x\(width)" }

      var reference: TransposedConvolutionReference {
        TransposedConvolutionReference(images: images, inputs: inputs, outputs: outputs, height: height, width: width)
      }
    }

    /// What the three passes gave, in layout order.
    struct Results: Equatable {
      var destination: [Float]
      var gradientOfSource: [Float]
      var gradientOfWeights: [Float]
      var gradientOfBias: [Float]
    }

    static let shapes: [Shape] = [
      Shape(),
      Shape(height: 1, width: 1),
      Shape(images: 3, inputs: 5, outputs: 3, height: 1, width: 2),
      Shape(inputs: 16, outputs: 16, height: 2, width: 3),
      Shape(images: 2, inputs: 16, outputs: 24, height: 5, width: 7),
      Shape(images: 3, inputs: 24, outputs: 16, height: 11, width: 15),
      Shape(images: 5, inputs: 40, outputs: 64, height: 9, width: 4),
      Shape(images: 4, inputs: 64, outputs: 40, height: 12, width: 16),
      Shape(images: 1, inputs: 16, outputs: 12, height: 22, width: 30),
      Shape(images: 2, inputs: 12, outputs: 20, height: 17, width: 13),
      Shape(images: 2, inputs: 32, outputs: 17, height: 33, width: 47),
      Shape(images: 2, inputs: 144, outputs: 136, height: 6, width: 10),
      Shape(images: 1, inputs: 520, outputs: 72, height: 4, width: 5),
    ]

    static let blockings: [NonoverlappingTransposedConvolution.Blocking?] = [
      nil, .init(chunk: 6, shared: false), .init(chunk: 6, shared: true), .init(chunk: 24, shared: false), .init(chunk: 12, shared: true),
      .init(chunk: 100_000, shared: true),
    ]

    func run(
      _ r: TransposedConvolutionReference, blocking: NonoverlappingTransposedConvolution.Blocking? = nil, hasBias: Bool = true
    ) throws -> Results {
      let convolution = try #require(
        NonoverlappingTransposedConvolution(
          images: r.images, inputChannels: r.inputs, outputChannels: r.outputs, height: r.height, width: r.width, block: 8,
          blocking: blocking))
      let source = try region(r.source, at: r.sourcePlaces, count: r.sourceCount)
      let gradient = try region(r.gradient, at: r.destinationPlaces, count: r.destinationCount)
      let weights = try region(r.weights, at: r.weightPlaces, count: r.weightCount)
      let bias = try region(r.bias, at: r.biasPlaces, count: r.outputs)
      let destination = try spoiled(gradient.count)
      let gradientOfSource = try spoiled(source.count)
      let gradientOfWeights = try spoiled(weights.count)
      let gradientOfBias = try spoiled(r.outputs)
      convolution.forward(
        source: source, weights: weights, bias: hasBias ? bias : nil, destination: destination,
        scratch: try spoiled(convolution.scratchFloatCount(.forward)))
      convolution.backwardData(
        gradientOfDestination: gradient, weights: weights, gradientOfSource: gradientOfSource,
        scratch: try spoiled(convolution.scratchFloatCount(.backwardData)))
      convolution.backwardWeights(
        source: source, gradientOfDestination: gradient, gradientOfWeights: gradientOfWeights,
        gradientOfBias: hasBias ? gradientOfBias : nil, scratch: try spoiled(convolution.scratchFloatCount(.backwardWeights)))
      return Results(
        destination: destination.floats, gradientOfSource: gradientOfSource.floats, gradientOfWeights: gradientOfWeights.floats,
        gradientOfBias: gradientOfBias.floats)
    }

    func isZeroElsewhere(_ values: [Float], than places: [Int]) -> Bool {
      var rest = values
      for place in places { rest[place] = 0 }
      return rest.allSatisfy { $0 == 0 }
    }

    @Test(arguments: shapes)
    func matchesPlainLoopsHoweverTheWorkIsCut(_ shape: Shape) throws {
      let r = shape.reference
      let expected = (r.destination(), r.gradientOfSource(), r.gradientOfWeights(), r.gradientOfBias())
      for blocking in Self.blockings {
        let found = try run(r, blocking: blocking)
        #expect(relativeError(found.destination, at: r.destinationPlaces, expected.0) < 1e-6)
        #expect(relativeError(found.gradientOfSource, at: r.sourcePlaces, expected.1) < 1e-6)
        #expect(relativeError(found.gradientOfWeights, at: r.weightPlaces, expected.2) < 1e-6)
        #expect(relativeError(found.gradientOfBias, at: r.biasPlaces, expected.3) < 2e-6)
        #expect(isZeroElsewhere(found.destination, than: r.destinationPlaces))
        #expect(isZeroElsewhere(found.gradientOfSource, than: r.sourcePlaces))
        #expect(isZeroElsewhere(found.gradientOfWeights, than: r.weightPlaces))
      }
    }

    @Test func worksWithoutBias() throws {
      let r = Shape(images: 2, inputs: 20, outputs: 12, height: 3, width: 5).reference
      let found = try run(r, hasBias: false)
      #expect(relativeError(found.destination, at: r.destinationPlaces, r.destination(hasBias: false)) < 1e-6)
      #expect(relativeError(found.gradientOfWeights, at: r.weightPlaces, r.gradientOfWeights()) < 1e-6)
      #expect(found.gradientOfBias.allSatisfy { $0.isNaN })
    }

    @Test(arguments: [
      Shape(images: 3, inputs: 32, outputs: 24, height: 40, width: 36), Shape(images: 2, inputs: 136, outputs: 144, height: 24, width: 20),
      Shape(images: 1, inputs: 16, outputs: 48, height: 13, width: 18), Shape(images: 3, inputs: 16, outputs: 16, height: 65, width: 66),
    ])
    func isTheSameAtAnyNumberOfThreads(_ shape: Shape) throws {
      let r = shape.reference
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
      let r = Shape(inputs: 16, outputs: 16, height: 20, width: 20).reference
      let convolution = try #require(
        NonoverlappingTransposedConvolution(images: 1, inputChannels: 16, outputChannels: 16, height: 20, width: 20, block: 8))
      let source = try region(r.source, at: r.sourcePlaces, count: r.sourceCount)
      let weights = try region(r.weights, at: r.weightPlaces, count: r.weightCount)
      let destination = try spoiled(r.destinationCount)
      let scratch = try spoiled(convolution.scratchFloatCount(.forward))
      ComputePool.configure(threadCount: 1)
      convolution.forward(source: source, weights: weights, bias: nil, destination: destination, scratch: scratch)
      #expect(relativeError(destination.floats, at: r.destinationPlaces, r.destination(hasBias: false)) < 1e-6)
    }

    @Test func withoutImagesTheGradientsAreZero() throws {
      let r = Shape(images: 0, inputs: 16, outputs: 12).reference
      let found = try run(r)
      #expect(found.destination.isEmpty)
      #expect(found.gradientOfSource.isEmpty)
      #expect(found.gradientOfWeights == Array(repeating: 0, count: r.weightCount))
      #expect(found.gradientOfBias == Array(repeating: 0, count: 12))
    }

    @Test func refusesWhatItCannotDo() {
      func make(images: Int = 1, inputs: Int = 16, outputs: Int = 16, height: Int = 8, block: Int = 8)
        -> NonoverlappingTransposedConvolution?
      {
        NonoverlappingTransposedConvolution(
          images: images, inputChannels: inputs, outputChannels: outputs, height: height, width: 8, block: block)
      }
      #expect(make() != nil)
      #expect(make(block: 16) == nil)
      #expect(make(images: -1) == nil)
      #expect(make(inputs: 0) == nil)
      #expect(make(outputs: 0) == nil)
      #expect(make(height: 0) == nil)
    }
  }
}
