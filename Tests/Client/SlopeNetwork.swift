import Longtail

/// x where it is positive, elsewhere a_c x with a learned slope for each channel: PReLU.
struct ChannelSlopes: RowwiseLayer, ONNXLayer {
  var kind: String { "channelSlopes" }
  func parameters(_ inputs: [Int]) -> [ParameterSpecification] { [.init("slopes", shape: [inputs[0], 1, 1], .constant(0.25))] }
  func forward(_ x: UnsafeBufferPointer<Float>, _ parameters: LayerParameters, into y: UnsafeMutableBufferPointer<Float>) {
    let slopes = parameters["slopes"]
    for k in x.indices { y[k] = x[k] > 0 ? x[k] : slopes[k] * x[k] }
  }

  func backward(
    _ x: UnsafeBufferPointer<Float>, _ parameters: LayerParameters, gradient dy: UnsafeBufferPointer<Float>,
    into dx: UnsafeMutableBufferPointer<Float>, _ sums: LayerGradients
  ) {
    let (slopes, gradient) = (parameters["slopes"], sums["slopes"])
    for k in x.indices {
      dx[k] = x[k] > 0 ? dy[k] : slopes[k] * dy[k]
      if x[k] <= 0 { gradient[k] += Double(x[k] * dy[k]) }
    }
  }
  func write(_ node: Graph.Node, to onnx: inout ONNXGraph) throws {
    let inputs = [try onnx.input(0, of: node)] + (try onnx.parameters(of: node))
    onnx.define(node, as: onnx.add("PRelu", inputs, output: onnx.outputName(node)))
  }
}

/// Two convolutions with slopes between them.
let slopeNetwork = ModelRegistry.Entry("slopes", summary: "two convolutions with PReLU", about: "`model.width` channels.") { _, input in
  var graph = Graph(inputChannels: 3, strideMultiple: 1)
  let x = graph.add(Convolution(filters: try input.checkedWidth(), kernel: 3, padding: 1), named: "one", to: graph.input)
  let features = graph.add(ChannelSlopes(), named: "slopes", to: x)
  graph.addPort(.features, features)
  graph.add(Convolution(filters: input.classes, kernel: 1), named: "head", to: features)
  return graph
}
