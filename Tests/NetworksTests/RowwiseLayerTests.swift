import Kernels
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// Layers of one's own: against a layer of the house that computes the same, and by finite differences.
@Suite(.computePool) struct RowwiseLayerTests {
  /// max(0, x), as `Rectifier`.
  private struct Cut: RowwiseLayer {
    var kind: String { "cut" }
    func forward(_ x: UnsafeBufferPointer<Float>, _ parameters: LayerParameters, into y: UnsafeMutableBufferPointer<Float>) {
      for k in x.indices { y[k] = max(0, x[k]) }
    }
    func backward(
      _ x: UnsafeBufferPointer<Float>, _ parameters: LayerParameters, gradient: UnsafeBufferPointer<Float>,
      into dx: UnsafeMutableBufferPointer<Float>, _ sums: LayerGradients
    ) {
      for k in x.indices { dx[k] = x[k] > 0 ? gradient[k] : 0 }
    }
  }

  /// Sums of neighbouring channels times learned factors, bent: fewer channels than it reads, two parameters.
  private struct Pairs: RowwiseLayer {
    var kind: String { "pairs" }
    func outputChannels(_ inputs: [Int]) -> Int { inputs[0] / 2 }
    func parameters(_ inputs: [Int]) -> [ParameterSpecification] {
      [
        ParameterSpecification("factors", shape: [inputs[0] / 2, 2], .normal(0.5)),
        ParameterSpecification("offset", shape: [inputs[0] / 2], .constant(0.1)),
      ]
    }
    private func sum(_ x: UnsafeBufferPointer<Float>, _ parameters: LayerParameters, _ k: Int) -> Float {
      let factors = parameters["factors"]
      return factors[2 * k] * x[2 * k] + factors[2 * k + 1] * x[2 * k + 1] + parameters["offset"][k]
    }
    func forward(_ x: UnsafeBufferPointer<Float>, _ parameters: LayerParameters, into y: UnsafeMutableBufferPointer<Float>) {
      for k in y.indices {
        let sum = sum(x, parameters, k)
        y[k] = sum + 0.5 * sum * sum
      }
    }
    func backward(
      _ x: UnsafeBufferPointer<Float>, _ parameters: LayerParameters, gradient: UnsafeBufferPointer<Float>,
      into dx: UnsafeMutableBufferPointer<Float>, _ sums: LayerGradients
    ) {
      let (factors, factorSums, offsetSums) = (parameters["factors"], sums["factors"], sums["offset"])
      for k in gradient.indices {
        let slope = gradient[k] * (1 + sum(x, parameters, k))
        for place in 2 * k...2 * k + 1 {
          dx[place] = slope * factors[place]
          factorSums[place] += Double(slope * x[place])
        }
        offsetSums[k] += Double(slope)
      }
    }
  }

  private func graph(_ layer: some Layer, filters: Int) -> Graph {
    var graph = Graph(inputChannels: 3, strideMultiple: 1)
    var x = graph.add(Convolution(filters: filters, kernel: 3, padding: 1), named: "one", to: graph.input)
    x = graph.add(layer, named: "own", to: x)
    graph.add(Convolution(filters: 4, kernel: 3, padding: 1), named: "head", to: x)
    return graph
  }

  /// One forward and backward pass, with a loss of sums and squares.
  private func pass(_ graph: Graph, threads: Int, change: (Network) throws -> Void = { _ in }) throws -> (loss: Double, [NamedTensor]) {
    ComputePool.configure(threadCount: threads)
    let network = try Network(graph: graph, images: 3, height: 6, width: 5, seed: 3, options: PlanOptions(algorithms: .fixed(.direct)))
    try change(network)
    let pass = try network.trainingPass(images: 3, height: 6, width: 5)
    ResidualNetworkTests.fill(pass, seed: 9)
    try pass.forward()
    let (rows, gradient) = (try pass.logits, try pass.logitsGradient)
    var loss = 0.0
    rows.buffer.withFloats { values in
      gradient.buffer.withFloats { gradients in
        for image in 0..<rows.images {
          for row in 0..<rows.rowsPerImage {
            for k in 0..<rows.classes {
              let value = Double(values[rows.index(image: image, row: row, class: k)])
              loss += value * Double(k) + 0.05 * value * value
              gradients[gradient.index(image: image, row: row, class: k)] = Float(Double(k) + 0.1 * value)
            }
          }
        }
      }
    }
    try pass.backward()
    return (loss, try network.canonicalTensors(of: network.gradients))
  }

  @Test func computesWhatALayerOfTheHouseDoes() throws {
    let (own, house) = (try pass(graph(Cut(), filters: 12), threads: 2), try pass(graph(Rectifier(), filters: 12), threads: 2))
    #expect(own.loss == house.loss)
    for (one, other) in zip(own.1, house.1) { #expect(one.values == other.values, "\(one.name)") }
  }

  /// Channels that leave padded lanes in blocks of 8, in what it reads and in what it makes.
  @Test(arguments: [16, 20]) func gradientsAreSlopes(filters: Int) throws {
    let graph = graph(Pairs(), filters: filters)
    let whole = try pass(graph, threads: 2)
    #expect(whole.1.map(\.name).contains("own.factors") && whole.1.map(\.name).contains("own.offset"))
    for gradient in whole.1 {
      let norm = gradient.values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      func moved(by step: Double) throws -> Double {
        try pass(graph, threads: 2) { network in
          var parameters = try network.canonicalTensors(of: network.parameters)
          let place = try #require(parameters.firstIndex { $0.name == gradient.name })
          parameters[place].values = zip(parameters[place].values, gradient.values).map { Float(Double($0) + step * Double($1) / norm) }
          try network.load(parameters, into: network.parameters)
        }.loss
      }
      let slope = (try moved(by: 2e-3) - moved(by: -2e-3)) / 4e-3
      #expect(norm > 1e-3 && abs(slope - norm) < 5e-3 * norm, "\(gradient.name): slope \(slope), the gradient says \(norm)")
    }
  }

  @Test func gradientsAreTheSameOnAnyNumberOfThreads() throws {
    let graph = graph(Pairs(), filters: 16)
    let (one, three) = (try pass(graph, threads: 1), try pass(graph, threads: 3))
    for (a, b) in zip(one.1, three.1) where a.name.hasPrefix("own.") { #expect(a.values == b.values, "\(a.name)") }
  }
}
