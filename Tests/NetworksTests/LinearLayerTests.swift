import Kernels
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// Layers that cover all positions of their input, against plain loops in float64: the three passes as products of matrices, with outputs that
/// fill their channel blocks and outputs that do not.
@Suite(.computePool) struct LinearLayerTests {
  struct Shape: Sendable, CustomStringConvertible {
    var inputs: Int
    var outputs: Int
    var size: Int
    var hasBias = true
    var images = 5
    var description: String { "\(inputs)x\(size)x\(size)->\(outputs)\(hasBias ? ", bias" : "")" }
  }

  static let shapes = [
    Shape(inputs: 32, outputs: 48, size: 7), Shape(inputs: 16, outputs: 20, size: 5), Shape(inputs: 64, outputs: 91, size: 1),
    Shape(inputs: 64, outputs: 5, size: 1, hasBias: false, images: 33), Shape(inputs: 16, outputs: 16, size: 7, images: 1),
    // Channels that fill no block of 16.
    Shape(inputs: 24, outputs: 20, size: 5),
  ]

  @Test(arguments: shapes) func passesAreThoseOfPlainLoops(shape: Shape) throws {
    ComputePool.configure(threadCount: 2)
    var graph = Graph(inputChannels: shape.inputs, strideMultiple: 1)
    graph.inputOrder = .channelBlocks
    var layer = Convolution(filters: shape.outputs, kernel: shape.size, bias: shape.hasBias)
    layer.isLinear = true
    graph.add(layer, named: "linear", to: graph.input)
    let (images, size) = (shape.images, shape.size)
    let network = try Network(graph: graph, images: images, height: size, width: size, seed: 3)
    let terms = shape.inputs * size * size
    #expect(network.parameterNames[0].shape == [shape.outputs, terms])
    let plan = try network.trainingPlan(images: images, height: size, width: size, inputGradient: true)
    let kernels = plan.report.kernels.map(\.implementation)
    #expect(!kernels.contains { $0.hasPrefix("ref") }, "\(kernels)")
    // The library has products for rows without gaps alone; others are computed as convolutions.
    if shape.inputs % 16 == 0, shape.outputs % 16 == 0 { #expect(kernels.count { $0.contains("gemm") } == 3, "\(kernels)") }

    let one = network.inputRows(HostBuffer(floatCount: 0), images: images, height: size, width: size)
    let memory = HostBuffer(floatCount: images * one.imageStride)
    let input = network.inputRows(memory, images: images, height: size, width: size)
    func x(_ n: Int, _ place: Int) -> Double { Double(Float(ResidualNetworkTests.uniform(1, n * terms + place))) }
    memory.withFloats { floats in
      for n in 0..<images {
        for c in 0..<shape.inputs {
          for s in 0..<size * size { floats[input.index(image: n, row: s, class: c)] = Float(x(n, c * size * size + s)) }
        }
      }
    }
    try plan.forward(network.parameterSet, images: BatchImages(memory))
    let parameters = try network.canonicalTensors(of: network.parameters)
    let (w, bias) = (parameters[0].values, shape.hasBias ? parameters[1].values : Array(repeating: 0, count: shape.outputs))
    func g(_ n: Int, _ o: Int) -> Double { Double(Float(ResidualNetworkTests.uniform(2, n * shape.outputs + o))) }
    var y = [Double](repeating: 0, count: images * shape.outputs)
    var dx = [Double](repeating: 0, count: images * terms)
    var (dw, db) = ([Double](repeating: 0, count: w.count), [Double](repeating: 0, count: shape.outputs))
    for n in 0..<images {
      for o in 0..<shape.outputs {
        let slope = g(n, o)
        y[n * shape.outputs + o] = Double(bias[o])
        db[o] += slope
        for place in 0..<terms {
          y[n * shape.outputs + o] += Double(w[o * terms + place]) * x(n, place)
          dw[o * terms + place] += slope * x(n, place)
          dx[n * terms + place] += slope * Double(w[o * terms + place])
        }
      }
    }
    func error(_ found: [Float], _ expected: [Double]) -> Double {
      guard found.count == expected.count else { return .infinity }
      let difference = zip(found, expected).reduce(0.0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
      return (difference / expected.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
    #expect(error(NetworkOracleTests.logitValues(try plan.logits()), y) < 1e-6)
    let gradient = try plan.logitsGradient()
    gradient.buffer.withFloats { floats in
      for n in 0..<images { for o in 0..<shape.outputs { floats[gradient.index(image: n, row: 0, class: o)] = Float(g(n, o)) } }
    }
    try plan.backward(into: network.gradients)
    let gradients = try network.canonicalTensors(of: network.gradients)
    #expect(error(gradients[0].values, dw) < 1e-6)
    if shape.hasBias { #expect(error(gradients[1].values, db) < 1e-6) }
    #expect(error(NetworkOracleTests.logitValues(try network.inputGradientRows(plan)), dx) < 1e-6)
    let inference = try network.inferencePlan(images: images, height: size, width: size)
    try inference.forward(network.parameterSet, images: BatchImages(memory))
    #expect(error(NetworkOracleTests.logitValues(try inference.logits()), y) < 1e-6)
  }
}
