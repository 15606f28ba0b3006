import Kernels
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// Grouped convolutions against plain loops in float64: the three passes, groups that fill blocks and groups that are put together.
@Suite(.computePool) struct GroupedConvolutionTests {
  struct Shape: Sendable, CustomStringConvertible {
    var inputs: Int
    var outputs: Int
    var groups: Int
    var stride = 1
    var hasBias = false
    var size = 7
    var description: String { "\(inputs)->\(outputs) in \(groups), stride \(stride)\(hasBias ? ", bias" : "")" }
  }

  static let shapes = [
    Shape(inputs: 128, outputs: 128, groups: 32), Shape(inputs: 128, outputs: 128, groups: 32, stride: 2),
    Shape(inputs: 64, outputs: 64, groups: 8, stride: 2), Shape(inputs: 32, outputs: 64, groups: 4, hasBias: true),
    Shape(inputs: 32, outputs: 64, groups: 8), Shape(inputs: 64, outputs: 32, groups: 4, stride: 2),
    Shape(inputs: 16, outputs: 48, groups: 8, hasBias: true, size: 12),
  ]

  @Test(arguments: shapes) func passesAreThoseOfPlainLoops(shape: Shape) throws {
    ComputePool.configure(threadCount: 2)
    var graph = Graph(inputChannels: shape.inputs, strideMultiple: 1)
    graph.inputOrder = .channelBlocks
    graph.add(
      Convolution(filters: shape.outputs, kernel: 3, stride: shape.stride, padding: 1, groups: shape.groups, bias: shape.hasBias),
      named: "grouped", to: graph.input)
    let (images, size) = (2, shape.size)
    let network = try Network(
      graph: graph, images: images, height: size, width: size, seed: 3, options: PlanOptions(algorithms: .fixed(.direct)))
    let ofGroup = (inputs: shape.inputs / shape.groups, outputs: shape.outputs / shape.groups)
    #expect(network.parameterNames[0].shape == [shape.outputs, ofGroup.inputs, 3, 3])
    let plan = try network.trainingPlan(images: images, height: size, width: size, inputGradient: true)
    #expect(!plan.report.kernels.contains { $0.implementation.hasPrefix("ref") }, "\(plan.report.kernels.map(\.implementation))")

    let memory = HostBuffer(floatCount: images * (shape.inputs + 7) / 8 * 8 * size * size)
    let input = network.inputRows(memory, images: images, height: size, width: size)
    func x(_ n: Int, _ c: Int, _ s: Int) -> Double {
      Double(Float(ResidualNetworkTests.uniform(1, (n * shape.inputs + c) * size * size + s)))
    }
    memory.withFloats { floats in
      for n in 0..<images {
        for c in 0..<shape.inputs { for s in 0..<size * size { floats[input.index(image: n, row: s, class: c)] = Float(x(n, c, s)) } }
      }
    }
    try plan.forward(network.parameterSet, images: BatchImages(memory))
    let parameters = try network.canonicalTensors(of: network.parameters)
    let (w, bias) = (parameters[0].values, shape.hasBias ? parameters[1].values : Array(repeating: 0, count: shape.outputs))
    let out = (size - 1) / shape.stride + 1
    func g(_ n: Int, _ o: Int, _ s: Int) -> Double {
      Double(Float(ResidualNetworkTests.uniform(2, (n * shape.outputs + o) * out * out + s)))
    }
    var y = [Double](repeating: 0, count: images * shape.outputs * out * out)
    var dx = [Double](repeating: 0, count: images * shape.inputs * size * size)
    var (dw, db) = ([Double](repeating: 0, count: w.count), [Double](repeating: 0, count: shape.outputs))
    for n in 0..<images {
      for o in 0..<shape.outputs {
        for row in 0..<out {
          for column in 0..<out {
            let at = (n * shape.outputs + o) * out * out + row * out + column
            let slope = g(n, o, row * out + column)
            y[at] += Double(bias[o])
            db[o] += slope
            for i in 0..<ofGroup.inputs {
              let c = o / ofGroup.outputs * ofGroup.inputs + i
              for ky in 0..<3 {
                for kx in 0..<3 {
                  let (r, q) = (row * shape.stride + ky - 1, column * shape.stride + kx - 1)
                  guard r >= 0, q >= 0, r < size, q < size else { continue }
                  let weight = (o * ofGroup.inputs + i) * 9 + ky * 3 + kx
                  let value = x(n, c, r * size + q)
                  y[at] += Double(w[weight]) * value
                  dw[weight] += slope * value
                  dx[(n * shape.inputs + c) * size * size + r * size + q] += slope * Double(w[weight])
                }
              }
            }
          }
        }
      }
    }
    func error(_ found: [Float], _ expected: [Double]) -> Double {
      let difference = zip(found, expected).reduce(0.0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
      return (difference / expected.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
    #expect(error(NetworkOracleTests.logitValues(try plan.logits()), y) < 1e-6)
    let gradient = try plan.logitsGradient()
    gradient.buffer.withFloats { floats in
      for n in 0..<images {
        for o in 0..<shape.outputs { for s in 0..<out * out { floats[gradient.index(image: n, row: s, class: o)] = Float(g(n, o, s)) } }
      }
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
